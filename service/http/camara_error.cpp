#include "service/http/camara_error.h"

#include <algorithm>

#include "service/http/problem.h"

namespace roamguard::http {
namespace {

std::string code_of(int status) {
    switch (status) {
        case 401:
            return "UNAUTHENTICATED";
        case 403:
            return "PERMISSION_DENIED";
        case 404:
            return "NOT_FOUND";
        case 409:
            return "ALREADY_EXISTS";
        case 413:
            return "INVALID_ARGUMENT";
        case 415:
            return "UNSUPPORTED_MEDIA_TYPE";
        case 429:
            return "TOO_MANY_REQUESTS";
        case 503:
            return "UNAVAILABLE";
        default:
            return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
    }
}

/// `^[a-zA-Z0-9-_:;.\/<>{}]{0,256}$` (CAMARA Commonalities).
bool is_correlator(const std::string& text) {
    return text.size() <= 256 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view("-_:;./<>{}").find(c) != std::string_view::npos;
           });
}

}  // namespace

Response camara_error(int status, const std::string& code, const std::string& message) {
    return json_response({{"status", status}, {"code", code}, {"message", message}}, status);
}

Response camara_error(const intake::Refusal& refusal) {
    if (refusal.code == "unknown_subscription" || refusal.code == "no_subscriber")
        return camara_error(422, "MISSING_IDENTIFIER", refusal.detail);
    if (refusal.code == "too_old" || refusal.code == "in_the_future")
        return camara_error(400, "OUT_OF_RANGE", refusal.detail);
    const int status = refusal.status == 422 ? 400 : refusal.status;
    return camara_error(status, code_of(status), refusal.detail);
}

Response as_camara_error(const Response& refusal) {
    const nlohmann::json body = nlohmann::json::parse(refusal.body, nullptr, false);
    const std::string detail = body.is_object() ? body.value("detail", std::string()) : std::string();
    Response response = camara_error(refusal.status, code_of(refusal.status), detail);
    response.headers = refusal.headers;
    return response;
}

bool speaks_camara(const Route& route) {
    return route.pattern.rfind("/camara/", 0) == 0 || route.pattern.rfind("/device-roaming-status/", 0) == 0;
}

Response correlated(const Request& request, Response response) {
    if (const auto correlator = request.header("x-correlator"); correlator && is_correlator(*correlator))
        response.headers.emplace_back("x-correlator", *correlator);
    return response;
}

}  // namespace roamguard::http
