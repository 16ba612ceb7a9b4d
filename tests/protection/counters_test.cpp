#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, sections 5 and 6: which counter a record belongs to, and what a changed profile makes of the counters.
namespace roamguard::protection::testing {
namespace {

constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};
const Step reached{"use 10 MB", over, asked, "data held"};

std::string cap(const std::string& id, const std::string& more) {
    return R"({"id":")" + id + R"(","services":["data"],"thresholds":[80],)" + more + "}";
}
std::string repeating(const std::string& id, const std::string& more) {
    return R"({"id":")" + id + R"(","services":["data"],)" + more + "}";
}
std::string caps(const std::string& list) { return R"({"caps":[)" + list + "]}"; }
std::string tenner(const std::string& id, const std::string& more = "") {
    return cap(id, R"("amount":"10.00","currency":"GBP")" + more);
}
Traveller with(const std::string& profile, const std::string& fx = "") { return {profile, "", fx, "", false}; }

}  // namespace

TEST_CASE("late usage of a trip before this one counts there, and neither sends nor holds") {
    const std::string trip = caps(tenner("trip", R"(,"period":"trip","extension":"5.00")"));
    tell_all({
        {"while the next trip runs",
         with(trip),
         {arrival,
          {"1h: attach home", "returned_home", "", ""},
          {"8h: use 10 MB on 440-10", "cap_reached, confirmation_requested, welcome_suppressed, counted",
           "confirm_cap trip/1/100", "trip 2, used 10.00"},
          {"40m, heard 9h: use 9 MB on 440-10", "counted", "", "used 9.00, overrun 0.00"},
          {"30m, heard 9h: use 30 MB on 440-10", "counted", "", "used 10.00, overrun 29.00, holds cap:trip"},
          {"20m, heard 9h: use 1 MB on 440-10", "counted_over_cap, counted", "", "used 10.00, question pending"},
          {"answer extend", "", "receipt trip/1", "stage 2, data allowed"}}},
        {"after it has ended",
         with(trip),
         {arrival,
          {"1h: attach home", "returned_home", "", ""},
          {"8h: clock", "", "", "trip 1 ended"},
          {"30m, heard 8h: use 30 MB on 440-10", "counted", "", "holds none, trip 1 ended"}}},
    });
}

TEST_CASE("a trip that began earlier than was known takes its counter along") {
    tell_all({
        {"what is held and asked for it follows, other holds stay as they are",
         with(caps(tenner("trip", R"(,"period":"trip")") + "," +
                   cap("monthly", R"("amount":"20.00","currency":"GBP","extension":"5.00")"))),
         {{"1h: attach 901-14", "confirmation_requested", "confirm_destination", ""},
          {"2h: use 25 MB on 901-14", over, "confirm_cap trip/1/100, confirm_cap monthly/1/100", "trip.used 10.00"},
          {"0h, heard 3h: use 1 MB on 901-14", "counted_over_cap, counted", "",
           "trip.used 10.00, trip.overrun 16.00, monthly.overrun 6.00, holds destination:901-14 cap:trip cap:monthly"},
          {"answer extend", "", "receipt monthly/1", "monthly.stage 2"}}},
    });
}

TEST_CASE("a new period rule starts with the next period, and no counter overlaps another") {
    const std::string monthly = R"(profile )" + caps(tenner("monthly", R"(,"period":"month","extension":"5.00")"));
    tell_all({
        {"from a billing day in the middle of the running month",
         with(caps(tenner("monthly", R"(,"period":"month","extension":"5.00")"))),
         {arrival,
          {"use 4 MB", "counted", "", "used 4.00"},
          {"profile " + caps(tenner("monthly", R"(,"period":"billing-day:20","extension":"5.00")")), "", "",
           "used 4.00"},
          {"11d: use 4 MB on 440-10", "threshold_reached, counted", "threshold monthly/1/80", "used 8.00"},
          {"23d: use 4 MB on 440-10", "counted", "", "used 4.00"},
          {"45d: use 1 MB on 440-10", "counted", "", "used 1.00"}}},
        {"late usage before the day that ran then",
         with(caps(tenner("monthly", R"(,"period":"day","extension":"5.00")"))),
         {arrival,
          {"24h: use 4 MB on 440-10", "counted", "", "used 4.00"},
          {monthly, "", "", "used 4.00"},
          {"1h, heard 25h: use 5 MB on 440-10", "counted", "", "used 5.00"},
          {"49h: use 6 MB on 440-10", "counted", "", "used 6.00"}}},
        {"a cap made repeating with another period counts on by its old rule",
         with(caps(tenner("monthly", R"(,"period":"day")"))),
         {arrival,
          {"use 4 MB", "counted", "", "used 4.00"},
          {"profile " + caps(repeating("monthly", R"("every":"3.00","currency":"GBP","period":"month")")), "", "",
           "used 4.00, stage 1, limit 10.00"},
          {"use 4 MB", "threshold_reached, counted", "threshold monthly/1/80", ""},
          {"24h: use 4 MB on 440-10", "cap_reached, counted", "cap_reached monthly/1/100", "used 4.00, stage 2"}}},
    });
}

TEST_CASE("a cap under a new id goes on from what the dropped one counted") {
    const Step used{"use 4 MB", "counted", "", "monthly.used 4.00"};
    const auto renamed = [&](std::string title, const std::string& fields, const char* what, const char* then) {
        return Tale{std::move(title),
                    with("{}", "GBP,EUR,1.2\n"),
                    {arrival, used, {"profile " + caps(cap("fresh", fields)), what, "", then}}};
    };
    tell_all({
        renamed("where it counts the same", R"("amount":"10.00","currency":"GBP")", "", "fresh.used 4.00"),
        renamed("not in another currency", R"("amount":"10.00","currency":"EUR")", "", "fresh.used 0.00"),
        renamed("not on another tax basis", R"("amount":"10.00","currency":"GBP","tax":"excl")", "", "fresh.used 0.00"),
        renamed("not over another period", R"("amount":"10.00","currency":"GBP","period":"day")", "",
                "fresh.used 0.00"),
        renamed("not of other places", R"("amount":"10.00","currency":"GBP","destinations":["JP"])", "",
                "fresh.used 0.00"),
        {"nor of other services",
         {},
         {arrival,
          used,
          {R"(profile {"caps":[{"id":"fresh","services":["sms_mo"],"amount":"10.00","currency":"GBP"}]})", "", "",
           "fresh.used 0.00"}}},
        {"a cap beside one that stays begins with nothing",
         {},
         {arrival,
          used,
          {"profile " + caps(tenner("monthly") + "," + tenner("fresh")), "", "",
           "monthly.used 4.00, fresh.used 0.00"}}},
        {"its stage begins anew, a question about the old one ends with its hold",
         {},
         {arrival,
          reached,
          {"profile " + caps(tenner("fresh", R"(,"extension":"5.00")")), "cap_reached, confirmation_requested",
           "confirm_cap fresh/1/100, released monthly/1",
           "fresh.used 10.00, holds cap:fresh, questions 2, question pending"}}},
        {"a trip that ends in silence abroad ends its cap's hold, which is told",
         with(caps(tenner("trip", R"(,"period":"trip")"))),
         {arrival,
          {"use 10 MB", over, "confirm_cap trip/1/100", "data held"},
          {"31d: clock", "", "released trip/1, trip_summary 10.00 GBP", "data allowed, holds none"}}},
        {"also where the old question was answered",
         {},
         {arrival,
          reached,
          {"answer decline", "", "declined monthly/1", "data blocked"},
          {"profile " + caps(""), "", "released monthly/1", "holds none, data allowed, question declined"}}},
        {"periods that are over keep what they were told",
         with(caps(tenner("monthly", R"(,"period":"day")"))),
         {arrival,
          {"use 10 MB", over, asked, ""},
          {"24h: use 4 MB on 440-10", "counted", "released monthly/1", ""},
          {"profile " + caps(tenner("fresh", R"(,"period":"day")") + "," + tenner("sum", R"(,"period":"trip")")), "",
           "", "fresh.used 4.00, sum.used 0.00"},
          {"1h, heard 25h: use 1 MB on 440-10", "counted_over_cap, counted", "", "fresh.used 10.00"}}},
        {"a cap that comes back finds its counter",
         {},
         {arrival,
          used,
          {"profile " + caps(""), "", "", "data allowed"},
          {"profile " + caps(tenner("monthly")), "", "", "used 4.00"}}},
    });
}

TEST_CASE("a clock that leapt past the period's end and was put right leaves no full cap open") {
    tell_all({
        {"whoever goes on is held and asked again",
         with(caps(tenner("monthly", R"(,"period":"day")"))),
         {arrival,
          {"use 10 MB", over, asked, "data held"},
          {"25h: clock", "", "released monthly/1", "data allowed"},
          {"2h: clock right", "", "", "data allowed"},
          {"3h: use 1 MB on 440-10", "cap_reached, counted_over_cap, confirmation_requested, counted", asked,
           "data held, used 10.00, overrun 1.00, question pending"}}},
    });
}

TEST_CASE("a limit that changes") {
    const std::string staged = R"({"caps":[{"id":"monthly","services":["data"],"stages":["5.00","10.00"],
        "currency":"GBP","amount":"5.00","thresholds":[80])";
    tell_all({
        {"a repeating cap tells nothing because of it",
         with(caps(repeating("monthly", R"("every":"5.00","currency":"GBP")"))),
         {arrival,
          {"use 4 MB", "counted", "", "stage 1"},
          {"profile " + caps(repeating("monthly", R"("every":"3.00","currency":"GBP")")), "", "", "stage 1"}}},
        {"once the last stage is open nothing limits any more, whatever the rule at the limit",
         with(caps(cap("monthly", R"("amount":"5.00","currency":"GBP","stages":["5.00","10.00"])"))),
         {arrival,
          {"use 5 MB", over, asked, ""},
          {"answer extend", "", "receipt monthly/1", "stage 2"},
          {"use 5 MB", over, "confirm_cap monthly/2/100", ""},
          {"answer extend", "", "receipt monthly/2", "stage 3, limit none"},
          {"ask data in session a", "", "", "said allow no_cap"},
          {"profile " + caps(cap("monthly", R"("amount":"5.00","currency":"GBP","stages":["5.00","10.00"],
               "atLimit":"notify")")),
           "", "", "stage 3"},
          {"use 50 MB", "counted", "", "used 60.00, data allowed"},
          {"24h: attach 208-01", "welcomed", "welcome", ""}}},
        {"raised after a decline it releases",
         {},
         {arrival,
          reached,
          {"answer decline", "", "declined monthly/1", "data blocked"},
          {"profile " + caps(tenner("monthly", R"(,"atLimit":"hold")")), "", "", "data blocked"},
          {"profile " + caps(cap("monthly", R"("amount":"20.00","currency":"GBP")")), "", "released monthly/1",
           "data allowed"}}},
        {"lowered after a decline it stays blocked, and nothing is asked",
         {},
         {arrival,
          reached,
          {"answer decline", "", "declined monthly/1", ""},
          {"profile " + caps(cap("monthly", R"("amount":"9.00","currency":"GBP")")), "", "", "data blocked"}}},
        {"a line that is held no more is told so, once",
         {},
         {arrival, reached, {R"(profile {"hold":false})", "", "released monthly/1", "data allowed, holds none"}}},
        {"what is reached early by grants is reached at the lowered limit too",
         {},
         {arrival,
          {"ask data 10 MB in session a", "", "", "granted 10 MB"},
          {"ask data 1 MB in session b", "cap_reached, confirmation_requested", asked, "said hold cap_reached"},
          {"profile " + caps(cap("monthly", R"("amount":"8.00","currency":"GBP","extension":"5.00")")),
           "confirmation_requested", asked, "data held"},
          {"use 8 MB in session a", "counted", "", "used 8.00"},
          {"profile " + caps(cap("monthly", R"("amount":"7.00","currency":"GBP","extension":"5.00")")),
           "confirmation_requested", asked, "data held"}}},
        {"a repeating cap counts its multiples as stages from the beginning of the period",
         {},
         {arrival,
          {"use 7 MB", "threshold_reached, counted", "threshold monthly/1/50", ""},
          {"profile " + caps(repeating("monthly", R"("every":"3.00","currency":"GBP")")), "", "", "stage 3"},
          {"use 2 MB", "cap_reached, counted", "cap_reached monthly/3/100", "stage 4"},
          {"profile " + caps(tenner("monthly")), "threshold_reached", "threshold monthly/1/80", "stage 1"}}},
        {"and before anything was used from one",
         {},
         {arrival,
          {"use 0", "counted", "", ""},
          {"profile " + caps(repeating("monthly", R"("every":"3.00","currency":"GBP")")), "", "", "stage 1"}}},
    });
}

TEST_CASE("what is ahead of the clock counts where it belongs") {
    tell_all({
        {"a record of tomorrow changes nothing of today",
         with(caps(tenner("monthly", R"(,"period":"day")"))),
         {arrival,
          {"16h5m, heard 15h58m: use 4 MB on 440-10", "counted", "", "used 4.00"},
          {"15h59m, heard 15h59m: profile " + caps(cap("monthly", R"("amount":"4.00","currency":"GBP",
              "period":"day")")),
           "", "", "used 0.00, data allowed"}}},
    });
}

TEST_CASE("silence at a cap is no consent") {
    tell_all({
        {"the hold outlives its question, and no stage opens",
         {},
         {arrival,
          {"1h: use 10 MB on 440-10", over, asked, "data held"},
          {"25h: clock", "", "", "question expired, data held, holds cap:monthly, stage 1, limit 10.00"},
          {"26h: use 1 MB on 440-10", "counted_over_cap, counted", "", "used 10.00, overrun 1.00, data held"}}},
    });
}

}  // namespace roamguard::protection::testing
