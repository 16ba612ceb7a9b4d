#include "geoip/ip_country.h"
#include "geoip/plmn.h"
#include "notifications/msisdn.h"
#include "notifications/templates.h"
#include "notifications/webhook_signature.h"
#include "tariffs/instant.h"
#include "tariffs/money.h"
#include "tariffs/units.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard;
using namespace roamguard::tariffs;

namespace {

void check_plmn(std::string_view text) {
    const auto plmn = geoip::Plmn::parse(text);
    if (!plmn) return;
    HOLDS(plmn->text() == text && geoip::Plmn::parse(plmn->mcc(), plmn->mnc()) == plmn);
}

void check_number(std::string_view text) {
    const auto number = notifications::Msisdn::parse(text);
    if (!number) return;
    HOLDS(number->e164() == text && number->masked().size() == text.size() && number->masked() != text);
}

void check_money(std::string_view text) {
    const auto currency = *Currency::parse("KWD");
    for (const Sign sign : {Sign::refused, Sign::allowed}) {
        const DecimalResult result = parse_decimal(text, sign);
        if (result.fault != DecimalFault::none) {
            HOLDS(!sentence(result.fault).empty());
            continue;
        }
        HOLDS(sign == Sign::allowed || result.micros >= 0);
        const Money money{result.micros, currency};
        const DecimalResult again = parse_decimal(to_decimal(money), Sign::allowed);
        HOLDS(again.fault == DecimalFault::none && again.micros == result.micros);
        const std::int64_t up = round_to_minor(money, Rounding::up).micros;
        const std::int64_t down = round_to_minor(money, Rounding::down).micros;
        HOLDS(std::abs(down) <= std::abs(money.micros) && std::abs(money.micros) <= std::abs(up));
        HOLDS(std::abs(up - down) <= 1000 && up % 1000 == 0 && down % 1000 == 0);
    }
}

void check_time(std::string_view text) {
    const auto time = parse_rfc3339(text);
    if (!time) return;
    const auto utc = parse_rfc3339(to_rfc3339(time->at));
    const auto local = parse_rfc3339(to_rfc3339(time->at, time->offset_minutes));
    HOLDS(!utc || utc->at == time->at);  // 1970 and 9998 end elsewhere in another zone
    HOLDS(local && local->at == time->at && local->offset_minutes == time->offset_minutes);
    if (text.size() == 20 && text.substr(17) != "60Z" && text[10] == 'T' && text[19] == 'Z')
        HOLDS(to_rfc3339(time->at) == text);
}

void check_lengths(std::string_view text) {
    if (const auto span = parse_span(text)) HOLDS(span->ms >= 0 && parse_span(to_text(*span)) == span);
    if (const auto quantity = parse_quantity(text)) {
        HOLDS(quantity->amount > 0 && parse_quantity(to_text(*quantity, Style::per)) == quantity);
        HOLDS(parse_quantity(to_text(*quantity, Style::counted)) == quantity);
    }
}

void check_signatures(std::string_view text) {
    using notifications::Signature;
    const auto secret = notifications::WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    const Instant at{1'700'000'000'000};
    const std::string good = notifications::sign_webhook(*secret, "msg_1", 1'700'000'000, text);
    const auto verify = [&](std::string_view id, std::string_view time, std::string_view signature) {
        return notifications::verify_webhook({&*secret, 1}, id, time, signature, text, at);
    };
    HOLDS(verify("msg_1", "1700000000", good) == Signature::good);
    HOLDS(verify("msg_1", "1700000000", text) != Signature::good || good == text);
    HOLDS(verify("msg_1", text, good) != Signature::good || text == "1700000000");
    HOLDS(verify(text, "1700000000", good) != Signature::good || text == "msg_1");
    if (const auto own = notifications::WebhookSecret::parse(text)) HOLDS(!own->bytes().empty());
    (void)notifications::parse_webhook_secrets(text);
}

}  // namespace

/// The small values that all requests and files are made of: what is read is written the same again.
FUZZ(input) {
    check_plmn(input);
    check_number(input);
    check_money(input);
    check_time(input);
    check_lengths(input);
    check_signatures(input);
    if (geoip::is_ip_address(input)) HOLDS(input.size() >= 2 && input.size() <= 45);
    if (notifications::valid_language(input)) HOLDS(input.size() >= 2 && input.size() <= 35);
    if (const auto currency = Currency::parse(input)) HOLDS(currency->code() == input);
}
