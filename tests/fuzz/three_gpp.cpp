#include "service/intake/three_gpp.h"
#include "service/intake/authorization.h"
#include "tests/fuzz/fuzz.h"
#include "tests/intake/promises.h"

using namespace roamguard;
using namespace roamguard::intake;
using namespace roamguard::intake::testing;

namespace {

void check(const tl::expected<std::vector<RoamingEvent>, Refusal>& reports) {
    if (!reports) {
        HOLDS(broken_promise(reports.error()) == "");
        HOLDS(reports.error().status == 400 || reports.error().status == 413);
        return;
    }
    HOLDS(reports->size() <= Limits{}.max_batch);
    for (const RoamingEvent& event : *reports)
        HOLDS(broken_promise(event) == "");
}

void check(const tl::expected<AuthorizationRequest, Refusal>& request) {
    if (!request) {
        HOLDS(broken_promise(request.error()) == "");
        HOLDS(request.error().status == 400 || request.error().status == 422);
        return;
    }
    HOLDS(!request->requested || *request->requested >= 1);
    HOLDS(!request->used || *request->used >= 0);
    HOLDS(!request->about.charged);
}

}  // namespace

/// What core networks send: three bodies without a type of their own.
FUZZ(input) {
    check(read_monitoring_events(input, now(), {}));
    check(read_ee_notifications(input, now(), {}));
    check(read_authorization(input, now(), {}));
}
