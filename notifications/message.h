#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "geoip/place.h"
#include "tariffs/instant.h"
#include "tariffs/money.h"
#include "tariffs/units.h"

namespace roamguard::notifications {

/// What a message says. The word of each is the JSON string, the template's file name and the metric label.
enum class Kind {
    welcome,
    confirm_destination,
    threshold,
    confirm_cap,
    cap_reached,
    receipt,
    declined,
    released,
    inadvertent,
    no_guarantee,
    pass_threshold,
    pass_ended,
    trip_summary,
    help,
    usage
};
inline constexpr int kind_count = 15;
[[nodiscard]] std::string_view word(Kind kind);
[[nodiscard]] std::optional<Kind> parse_kind(std::string_view word);

/// A price as the traveller reads it.
struct PriceLine {
    tariffs::Service service = tariffs::Service::data;
    tariffs::Money price;
    tariffs::Quantity unit;
    tariffs::Tax tax = tariffs::Tax::incl;
    tariffs::Called called = tariffs::Called::unknown;  ///< of voice_mo, where prices differ by it
};

/// A cap's limit or use: money, or a volume in bytes.
struct Amount {
    std::optional<tariffs::Money> money;
    std::int64_t bytes = 0;
};

/// One numbered choice of a question, as printed.
struct Choice {
    enum class Does { extend, pass, proceed, decline } does = Does::decline;
    std::string pass_name;                ///< of a pass
    std::optional<tariffs::Money> price;  ///< of a pass
    tariffs::Tax tax = tariffs::Tax::incl;
    std::optional<std::int64_t> allowance;  ///< of a pass, in base units of `allowance_kind`; none: unlimited
    tariffs::UnitKind allowance_kind = tariffs::UnitKind::bytes;
    tariffs::Span validity;      ///< of a pass
    bool calendar_days = false;  ///< it counts calendar days rather than hours
    Amount new_limit;            ///< of extend; neither money nor bytes: no further limit
    bool own_cap = false;        ///< extend and decline: of a higher cap of one's own
};

/// One cap in the answer to USAGE.
struct CapLine {
    std::vector<tariffs::Service> services;
    Amount limit;  ///< neither money nor bytes: no further limit
    Amount used;
    tariffs::Tax tax = tariffs::Tax::incl;
    std::optional<tariffs::Instant> period_end;
    bool per_trip = false;
};

/// What else the text of some kinds is about.
/// `help`: none (it was asked for, and one question is open), not_understood, nothing_open, several_open (the code is
/// needed), already_decided (`chosen` says what). `receipt`: none (an answer to a question, `chosen`), stopped and
/// started (by STOP and START), own_cap (the customer's own cap is set to `limit`). `confirm_cap`: own_cap (the
/// customer asked for a higher cap of their own; nothing is held because of it); of `declined`, that they left it as it
/// is.
enum class Note { none, not_understood, nothing_open, several_open, already_decided, stopped, started, own_cap };
[[nodiscard]] std::string_view word(Note note);

/// How far the operator allows links in messages.
enum class Links { none, on, zero_rated };

/// Everything a template may show. The decision fills what its kind needs (`docs/reference/templates.md` has the
/// table); the rest stays empty, and the texts leave it out.
struct Facts {
    Kind kind = Kind::welcome;

    // place
    geoip::NetworkClass klass = geoip::NetworkClass::unknown;
    geoip::Country country;
    std::vector<geoip::Country> candidates;  ///< of an ambiguous network: every country it may be in
    bool ambiguous = false;                  ///< the network serves several countries; the prices are the dearest
    std::vector<PriceLine> prices;           ///< empty: no price is known
    bool no_guarantee = false;               ///< records of this network come late

    // cap
    std::string cap_id;
    int stage = 0;
    int threshold_percent = 0;
    Amount limit, used;
    tariffs::Tax cap_tax = tariffs::Tax::incl;
    bool early = false;                      ///< a forecast: not reached yet
    std::vector<tariffs::Service> services;  ///< what the cap counts, or what is held
    std::optional<tariffs::Instant> period_end;
    bool per_trip = false;  ///< the cap's period is the trip

    // question
    std::vector<Choice> choices;  ///< numbered from 1 as listed
    std::string code;             ///< four digits
    std::optional<tariffs::Instant> expires_at;
    std::string link;  ///< empty: no link in this message
    Links links = Links::none;

    // money spent on a trip, by currency
    std::vector<tariffs::Money> spent;

    // what was answered, and by whom
    std::optional<Choice> chosen;  ///< of receipt, declined and help; without it the only entry of `choices`, if one
    bool still_held = false;       ///< data is off: of receipt and released by another cause, of declined by any
    bool payer_decides = false;    ///< this text goes to the user of a line whose payer is asked, or has answered
    std::string line;              ///< this text goes to a payer: the masked number of the line it is about

    std::string pass_name;      ///< of pass_threshold and pass_ended; `limit` and `used` are then the pass's volume
    std::vector<CapLine> caps;  ///< of usage
    bool notify_only = false;   ///< the cap holds nothing at its limit
    Note note = Note::none;

    // rendering
    std::string language = "en";    ///< BCP 47
    std::string time_zone = "UTC";  ///< IANA, for dates
};

}  // namespace roamguard::notifications
