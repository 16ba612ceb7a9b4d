#include "service/http/router.h"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

namespace roamguard::http {
namespace {

constexpr char literal = 'a';
constexpr char part = 'b';

std::vector<std::string> split(std::string_view pattern) {
    std::vector<std::string> segments;
    while (!pattern.empty()) {
        pattern.remove_prefix(1);  // the slash
        const std::size_t end = std::min(pattern.find('/'), pattern.size());
        segments.emplace_back(pattern.substr(0, end));
        pattern.remove_prefix(end);
    }
    return segments;
}

bool is_part(const std::string& segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool fits(const std::vector<std::string>& pattern, const std::string& rank, const std::vector<std::string>& path) {
    if (pattern.size() != path.size()) return false;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (rank[i] == part ? path[i].empty() : pattern[i] != path[i]) return false;
    }
    return true;
}

std::string joined(const std::set<std::string>& methods) {
    std::string out;
    for (const std::string& method : methods)
        out += (out.empty() ? "" : ", ") + method;
    return out;
}

}  // namespace

Router::Found Router::find(std::string_view method, const std::vector<std::string>& segments) const {
    const std::string_view wanted = method == "HEAD" ? std::string_view{"GET"} : method;
    std::set<std::string> allowed;
    for (const Entry& entry : entries_) {
        if (!fits(entry.segments, entry.rank, segments)) continue;
        if (entry.route.method != wanted) {
            allowed.insert(entry.route.method);
            if (entry.route.method == "GET") allowed.insert("HEAD");
            continue;
        }
        Found found;
        found.route = &entry.route;
        for (std::size_t i = 0; i < segments.size(); ++i) {
            if (entry.rank[i] == part) found.captures.push_back(segments[i]);
        }
        return found;
    }
    Found none;
    none.allowed = joined(allowed);
    return none;
}

Router::Router(std::vector<Route> routes) {
    std::set<std::pair<std::string, std::string>> seen;
    for (Route& route : routes) {
        if (route.pattern.empty() || route.pattern.front() != '/' || !route.handle)
            throw std::logic_error{"the route '" + route.method + ' ' + route.pattern +
                                   "' needs a slash and a handler"};
        Entry entry;
        entry.segments = split(route.pattern);
        std::string shape;
        for (const std::string& segment : entry.segments) {
            entry.rank += is_part(segment) ? part : literal;
            shape += '/' + (is_part(segment) ? "{}" : segment);
        }
        if (!seen.emplace(route.method, shape).second)
            throw std::logic_error{"the route '" + route.method + ' ' + route.pattern + "' is listed twice"};
        entry.route = std::move(route);
        entries_.push_back(std::move(entry));
    }
    std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.rank < b.rank; });
}

}  // namespace roamguard::http
