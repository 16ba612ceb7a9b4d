#include "notifications/sms_text.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard::notifications;

namespace {

void check(const Measure& measured) {
    const bool gsm7 = measured.encoding == Encoding::gsm7;
    const int single = gsm7 ? 160 : 70, part = gsm7 ? 153 : 67;
    if (measured.units <= single) {
        HOLDS(measured.segments == (measured.units == 0 ? 0 : 1));
        return;
    }
    HOLDS(measured.segments >= 2 && measured.units <= measured.segments * part);
    HOLDS(measured.units > (measured.segments - 1) * (part - 1));  // a pair may leave one unit of a part empty
}

}  // namespace

FUZZ(input) {
    const Measure measured = measure(input);
    check(measured);
    const std::string normalised = normalise_for_sms(input);
    const Measure after = measure(normalised);
    check(after);
    HOLDS(normalise_for_sms(normalised) == normalised);
    HOLDS(after.segments <= measured.segments);
    HOLDS(after.encoding == Encoding::gsm7 || measured.encoding == Encoding::ucs2);
    const std::string twice = std::string(input) + std::string(input);
    HOLDS(measure(twice).segments >= measured.segments);
}
