#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "service/protection/decide.h"

// Stories of one traveller: each step says what happens, in words, and what must follow, in words.
//
//     "0h: attach 440-10"                                 at the story's hour 0 the device attaches in Japan
//     "2h, heard 5h: use 3 MB on 440-10 in session a"     happened in hour 2, received in hour 5
//     "use 8 MB"                                          a minute after the step before; names no network
//
// What may happen:
//     attach PLMN [vowifi] [late records]      attach home            attach nowhere
//     attach device GB                         (only the device's own address is known, and it lies in GB)
//     attach device private                    (an address that no database knows)
//     detach PLMN          roaming-on (CAMARA: abroad, and nobody says where)          subscription
//     use N KB|MB|GB ...   call N s ...        take N s ...           text N ...
//         ... [written +09:00] [on PLMN] [in session S] [to home|local|premium|FR] [charged 1.50 GBP [incl|excl]]
//         [until 1h5m] [allowance|free]
//     credit 2.00 GBP [on PLMN]
//     answer extend|pass:ID|continue|decline   (to the last question)
//     bundle ID FROM UNTIL QUANTITY|unlimited PLACE ...        end ID            (bought elsewhere)
//     reply TEXT ...                           (an SMS; CODE is the last question's code, CODE1 the first one's, ...,
//                                              NOCODE a code that no question has)
//     payer TEXT ...                           (an SMS of the line's payer about it)
//     ask data|call|take|text|receive [N MB ...] ...     (may so much be used? without a quantity: how much may be)
//         ... [on PLMN] [in session S] [to premium] [used N MB] [final] [emergency]
//     clock                                    nothing happens but the time
//     clock right                              a clock that was ahead is set back to the step's hour
//     profile {JSON merge patch}               sim                    (the SIM was changed)
//     reload {JSON merge patch}                (other terms by a reload: nothing is decided because of it)
//     publish ROW ...                          a new tariff version takes effect
//
// What may be claimed afterwards, joined by `, `:
//     data held          place JP           trip 2             ambiguous|unambiguous
//     used 8.00          overrun 2.00       percent 80         stage 2         limit 15.00   (of the first cap)
//     CAP.used 8.00 ...  (of another)       added 0.30         (what the record added)
//     listed unpriced|mismatch|nothing      question pending   price data 3.00 (in the last message)
//     holds cap:monthly/asleep destination:JP                  holds none
//     replied helped     note several_open  offers 2           (what became of the SMS, and what the last message
//     choices extend pass:jp decline           (of the last question)
//     pass ID used 3.00 MB|until 24h|ended|open           lifted data|nothing   (of all holds)
//     bought 1           opened stage|destination|pass|nothing
//     bundle recorded|changed|ended|unknown|not_a_bundle       (what became of it)
//     said hold cap_reached    granted 5 MB    kept 5.00   (what became of a request; what the first cap keeps free)
//     chosen decline     texts off                             says: its note, choices, the answer it repeats)
//     shows stage 2      shows limit 15.00 ...                 (what the last message shows: story_facts.cpp)
//     wakes 24h          wakes never                           (when something is due by the clock)
namespace roamguard::protection::testing {

/// One step: what happens; the outcomes, the messages owed (`kind`, for caps `kind cap/stage/threshold`, with `to
/// payer` where it is one to the payer, a forecast's with `early`) and the holds that follow, each joined by `, `.
struct Step {
    std::string what, outcomes, owed, then;
};

/// Who travels, and what it costs.
struct Traveller {
    std::string profile = "{}";  ///< merge patch over the usual profile
    std::string rows;            ///< lines of tariffs.csv under the usual header; empty: the usual prices
    std::string fx;              ///< lines of fx.csv
    std::string zones;           ///< lines of zones.csv
    bool inbound = false;        ///< another operator's customer
    std::set<notifications::Kind> may_opt_out{notifications::Kind::welcome};
    std::string passes{};  ///< lines of passes.csv, all columns
    tariffs::Span warn_lead_time = tariffs::minutes(10);
    bool published = true;  ///< false: no tariff version yet, `publish` brings the first
    bool vowifi_roams = false;
};

/// A story as one row of a test's table.
struct Tale {
    std::string title;
    Traveller who;
    std::vector<Step> steps;
};

/// The header of passes.csv that stories leave out.
inline constexpr const char* pass_header =
    "pass,plan,destination,services,price,currency,tax,tax_rate,allowance,validity,day,name\n";

/// The tariff table's header that stories leave out.
inline constexpr const char* tariff_header =
    "plan,destination,service,price,currency,unit,minimum,increment,tax,tax_rate,high_cost\n";

[[nodiscard]] const geoip::Networks& networks();
[[nodiscard]] std::shared_ptr<const tariffs::Table> table_of(const Traveller& who);
[[nodiscard]] tariffs::Instant hour(std::string_view text);  ///< `1d2h30m` after the story's beginning
/// What a message shows, one thing in words.
[[nodiscard]] std::string shown_in(const notifications::Facts& facts, std::string_view what);

/// One traveller's life. The state goes through the store's codec after every step, as it does in the service.
class Story {
public:
    explicit Story(const Traveller& who);

    /// Does the step; says what followed in the words of `expected`, whose claims it looks up.
    [[nodiscard]] std::string tell(const Step& expected);

private:
    struct Words;
    [[nodiscard]] Decision act(Words& words);
    [[nodiscard]] Decision happen(intake::RoamingEvent event, const geoip::Place& place);
    [[nodiscard]] Decision attach(Words& words);
    [[nodiscard]] Decision use(Words& words, std::string_view verb);
    [[nodiscard]] Decision answer(Words& words);
    [[nodiscard]] Decision reply(Words& words, Writer writer);
    [[nodiscard]] Decision bundle(Words& words);
    [[nodiscard]] Decision ask(Words& words);
    [[nodiscard]] std::string claim_of_reply(std::string_view what) const;
    [[nodiscard]] std::string claim_of_pass(Words& words) const;
    [[nodiscard]] Decision change_profile(std::string_view patch, Sim sim);
    [[nodiscard]] Decision reload(std::string_view patch);
    [[nodiscard]] Decision publish(std::string_view rows);
    [[nodiscard]] std::string claim(std::string_view claim, const Decision& decision) const;
    [[nodiscard]] std::string claim_of_request(std::string_view what) const;
    [[nodiscard]] std::string claim_of_cap(std::string_view cap, std::string_view what) const;
    [[nodiscard]] std::string message(const Owed& owed) const;
    [[nodiscard]] geoip::Place place_of(std::string_view plmn) const;
    [[nodiscard]] Terms terms() const;
    [[nodiscard]] World world() const { return {&book_, &networks(), &rules_}; }
    void forget_what_is_not_stored();

    Traveller who_;
    std::string profile_;
    Rules rules_;
    std::vector<tariffs::Version> versions_;
    tariffs::Book book_;
    CustomerState state_;
    std::map<std::string, Session> sessions_;
    tariffs::Instant at_, now_;
    int steps_ = 0;
    std::vector<notifications::PriceLine> last_prices_;
    bool last_ambiguous_ = false;
    notifications::Facts last_facts_;
    ReplyDecision last_reply_;
    AuthorizationDecision last_answer_;
    tariffs::UnitKind last_asked_ = tariffs::UnitKind::bytes;
};

/// Tells every tale in a section of its own, checking each step.
void tell_all(const std::vector<Tale>& tales);

}  // namespace roamguard::protection::testing
