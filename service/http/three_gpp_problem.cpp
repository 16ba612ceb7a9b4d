#include "service/http/three_gpp_problem.h"

#include "service/http/problem.h"

namespace roamguard::http {
namespace {

std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

}  // namespace

Response three_gpp_problem(int status, const std::string& cause, const std::string& detail,
                           const std::vector<InvalidParam>& invalid) {
    nlohmann::json extra = {{"cause", cause}};
    for (const InvalidParam& one : invalid)
        extra["invalidParams"].push_back({{"param", one.param}, {"reason", one.reason}});
    return problem(status, lower(cause), detail, {}, extra);
}

}  // namespace roamguard::http
