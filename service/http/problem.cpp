#include "service/http/problem.h"

#include "service/http/framing.h"

namespace roamguard::http {
namespace {

/// Texts may quote what a caller sent; a byte that is no UTF-8 must not turn a refusal into a crash.
std::string dumped(const nlohmann::json& body) {
    return body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Response problem(int status, const std::string& code, const std::string& detail,
                 const std::vector<FieldProblem>& errors, const nlohmann::json& extra) {
    nlohmann::json body = problem_json(status, code, detail, errors);
    body.update(extra);
    Response response;
    response.status = status;
    response.content_type = "application/problem+json";
    response.body = dumped(body);
    return response;
}

nlohmann::json problem_json(int status, const std::string& code, const std::string& detail,
                            const std::vector<FieldProblem>& errors) {
    nlohmann::json body{{"type", "urn:roamguard:problem:" + code},
                        {"title", std::string{reason_phrase(status)}},
                        {"status", status},
                        {"code", code},
                        {"detail", detail}};
    for (const FieldProblem& error : errors) {
        body["errors"].push_back({{"pointer", error.pointer}, {"code", error.code}, {"detail", error.detail}});
    }
    return body;
}

Response json_response(const nlohmann::json& body, int status) {
    Response response;
    response.status = status;
    response.body = dumped(body);
    return response;
}

}  // namespace roamguard::http
