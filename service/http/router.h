#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "service/http/server.h"

namespace roamguard::http {

/// Finds the route of a path and method. Where two patterns fit, the one with the earlier literal segment wins, so
/// `/v1/events/rejected` comes before `/v1/events/{id}` in whatever order they were listed. HEAD finds GET's route.
/// Immutable after construction.
class Router {
public:
    /// Throws std::logic_error for a pattern that does not begin with a slash, a route without a handler, or two
    /// routes that nothing tells apart.
    explicit Router(std::vector<Route> routes);

    struct Found {
        const Route* route = nullptr;  ///< nothing: 404, or 405 when `allowed` names methods
        std::vector<std::string> captures;
        std::string allowed;  ///< `GET, HEAD, POST`, only set when the path is known and the method is not
    };
    /// `segments` as decoded by read_head(). A {part} matches one segment that is not empty.
    [[nodiscard]] Found find(std::string_view method, const std::vector<std::string>& segments) const;

private:
    struct Entry {
        Route route;
        std::vector<std::string> segments;  ///< empty text stands for a {part}
        std::string rank;                   ///< one letter a segment, literals before parts
    };
    std::vector<Entry> entries_;
};

}  // namespace roamguard::http
