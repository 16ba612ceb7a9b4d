#pragma once

#include <string>

#include "service/http/server.h"
#include "service/intake/read_events.h"

namespace roamguard::http {

/// CAMARA's error shape: `{status, code, message}` as application/json.
[[nodiscard]] Response camara_error(int status, const std::string& code, const std::string& message);
/// A refused event in CAMARA's words: a broken field is 400 INVALID_ARGUMENT, a time out of reach OUT_OF_RANGE.
[[nodiscard]] Response camara_error(const intake::Refusal& refusal);
/// Another refusal of ours (credentials, overload) in CAMARA's words; its headers stay.
[[nodiscard]] Response as_camara_error(const Response& refusal);
/// Routes that speak CAMARA.
[[nodiscard]] bool speaks_camara(const Route& route);
/// Echoes `x-correlator` where the request has a well-formed one.
[[nodiscard]] Response correlated(const Request& request, Response response);

}  // namespace roamguard::http
