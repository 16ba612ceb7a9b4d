#pragma once

#include <string>
#include <vector>

#include "service/http/server.h"

namespace roamguard::http {

/// InvalidParam of 3GPP TS 29.571.
struct InvalidParam {
    std::string param;   ///< JSON pointer to the attribute
    std::string reason;  ///< quotes nothing of what was sent
};

/// ProblemDetails of 3GPP TS 29.571: problem details as everywhere, with the standard's `cause` (TS 29.500, table
/// 5.2.7.2-1, or the API's own) and `invalidParams`.
[[nodiscard]] Response three_gpp_problem(int status, const std::string& cause, const std::string& detail,
                                         const std::vector<InvalidParam>& invalid = {});

}  // namespace roamguard::http
