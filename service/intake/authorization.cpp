#include "service/intake/authorization.h"

#include "service/intake/data_reader.h"
#include "service/json/reader.h"

namespace roamguard::intake {

tl::expected<AuthorizationRequest, Refusal> read_authorization(std::string_view body, tariffs::Instant now,
                                                               const Limits& limits) {
    const auto json = json::read_json(body, limits.max_depth);
    if (!json) {
        Refusal refusal;
        refusal.code = json.error().code;
        refusal.detail = "the body is not JSON: " + json.error().detail;
        return tl::unexpected(std::move(refusal));
    }
    Faults faults;
    AuthorizationRequest out;
    if (json->is_object())
        DataReader(out.about, "", now, limits, faults).authorization(*json, out);
    else
        faults.add("", "wrong_type", "the body must be an object, and this is " + std::string(json::kind_word(*json)));
    if (!faults.none()) return tl::unexpected(faults.refusal(422));
    return out;
}

}  // namespace roamguard::intake
