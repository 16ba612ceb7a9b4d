#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/http/server.h"

namespace roamguard::http {

/// One field at fault in problem details.
struct FieldProblem {
    std::string pointer, code, detail;
};

/// RFC 9457 `application/problem+json`: `type` is `urn:roamguard:problem:<code>`, `title`, `status`, `code`, `detail`
/// and, where fields are at fault, `errors`. Invalid UTF-8 in texts is replaced. `extra` members are merged in.
[[nodiscard]] Response problem(int status, const std::string& code, const std::string& detail,
                               const std::vector<FieldProblem>& errors = {},
                               const nlohmann::json& extra = nlohmann::json::object());
[[nodiscard]] nlohmann::json problem_json(int status, const std::string& code, const std::string& detail,
                                          const std::vector<FieldProblem>& errors = {});
/// 200 (or another) with a JSON body.
[[nodiscard]] Response json_response(const nlohmann::json& body, int status = 200);

}  // namespace roamguard::http
