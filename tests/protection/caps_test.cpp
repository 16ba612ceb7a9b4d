#include <catch2/catch.hpp>

#include "tests/protection/story.h"

// Contract, section 6: usage is added to every cap it counts for, and crosses each threshold once.
namespace roamguard::protection::testing {
namespace {

constexpr const char* over = "cap_reached, confirmation_requested, counted";
constexpr const char* asked = "confirm_cap monthly/1/100";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};

std::string one_cap(const std::string& fields) {
    return R"({"caps":[{"id":"monthly","services":["data"],)" + fields + "}]}";
}
std::string tenner(const std::string& more) { return one_cap(R"("amount":"10.00","currency":"GBP")" + more); }

}  // namespace

TEST_CASE("thresholds") {
    tell_all({
        {"reaching one exactly counts, and each is told once",
         {},
         {arrival,
          {"use 4 MB", "counted", "", "percent 40"},
          {"use 1 MB", "threshold_reached, counted", "threshold monthly/1/50", "percent 50, used 5.00"},
          {"use 2 MB", "counted", "", "percent 70"},
          {"use 1 MB", "threshold_reached, counted", "threshold monthly/1/80", "percent 80"},
          {"use 1 MB", "counted", "", "percent 90"},
          {"use 1 MB", over, asked, "percent 100, data held"}}},
        {"one byte short is not reached", {}, {arrival, {"use 5242879 B", "counted", "", "percent 49, used 4.999999"}}},
        {"one record over several sends only the highest and records the others",
         {},
         {arrival,
          {"use 9 MB", "threshold_reached, counted", "threshold monthly/1/80", ""},
          {"use 1 B", "counted", "", ""}}},
        {"one record over all sends only the question", {}, {arrival, {"use 10 MB", over, asked, ""}}},
        {"without thresholds there is only the limit",
         {tenner(R"(,"thresholds":[])"), "", "", "", false},
         {arrival, {"use 9 MB", "counted", "", ""}, {"use 1 MB", over, asked, ""}}},
        {"late and out of order they are still told once",
         {},
         {{"0h: attach 440-10", "welcomed", "welcome", ""},
          {"5h: use 5 MB on 440-10", "threshold_reached, counted", "threshold monthly/1/50", ""},
          {"1h, heard 6h: use 1 MB on 440-10", "counted", "", "used 6.00"},
          {"2h, heard 6h: use 2 MB on 440-10", "threshold_reached, counted", "threshold monthly/1/80", "used 8.00"}}},
        {"a customer who switched threshold messages off gets none",
         {R"({"optOut":["threshold"]})", "", "", "", false},
         {arrival, {"use 5 MB", "threshold_reached, counted", "", ""}, {"use 5 MB", over, asked, "data held"}}},
        {"several caps cross each for itself, in their order",
         {R"({"caps":[{"id":"daily","services":["data"],"amount":"6.00","currency":"GBP","period":"day","thresholds":[50]},
                      {"id":"monthly","services":["data","sms_mo"],"amount":"12.00","currency":"GBP","thresholds":[50]}]})",
          "", "", "", false},
         {arrival,
          {"text 8", "counted", "", "daily.used 0.00, monthly.used 2.00"},
          {"use 4 MB", "threshold_reached, counted", "threshold daily/1/50, threshold monthly/1/50",
           "daily.used 4.00, monthly.used 6.00"},
          {"use 2 MB", over, "confirm_cap daily/1/100", "data held, holds cap:daily, monthly.percent 66"}}},
    });
}

TEST_CASE("at the limit") {
    tell_all({
        {"the crossing record's excess is overrun, and so is what still arrives",
         {},
         {arrival,
          {"use 9 MB", "threshold_reached, counted", "threshold monthly/1/80", ""},
          {"use 5 MB", over, asked, "used 10.00, overrun 4.00, percent 100, data held"},
          {"use 2 MB", "counted_over_cap, counted", "", "used 10.00, overrun 6.00, data held"}}},
        {"consent opens the next stage at limit and extension, and overrun counts towards no later stage",
         {},
         {arrival,
          {"use 12 MB", over, asked, "overrun 2.00"},
          {"answer extend", "", "receipt monthly/1",
           "data allowed, stage 2, limit 15.00, used 10.00, overrun 2.00, percent 66"},
          {"use 1 MB", "counted", "", "used 11.00"},
          {"use 1 MB", "threshold_reached, counted", "threshold monthly/2/80", "used 12.00, percent 80"},
          {"use 3 MB", over, "confirm_cap monthly/2/100", "used 15.00, overrun 2.00, data held"},
          {"answer extend", "", "receipt monthly/2", "stage 3, limit 20.00"}}},
        {"without an extension the limit is added again",
         {tenner(""), "", "", "", false},
         {arrival, {"use 10 MB", over, asked, ""}, {"answer extend", "", "receipt monthly/1", "limit 20.00"}}},
        {"listed stages open one by one, and after the last nothing limits",
         {tenner(R"(,"stages":["10.00","25.00"],"thresholds":[50,100])"), "", "", "", false},
         {arrival,
          {"use 10 MB", over, asked, ""},
          {"answer extend", "", "receipt monthly/1", "stage 2, limit 25.00, percent 40"},
          {"use 2560 KB", "threshold_reached, counted", "threshold monthly/2/50", "used 12.50"},
          {"use 20 MB", over, "confirm_cap monthly/2/100", "used 25.00, overrun 7.50"},
          {"answer extend", "", "receipt monthly/2", "limit none, data allowed"},
          {"use 500 MB", "counted", "", "used 525.00, overrun 7.50"}}},
        {"decline blocks, and using on asks nothing",
         {},
         {arrival,
          {"use 10 MB", over, asked, ""},
          {"answer decline", "", "declined monthly/1", "data blocked"},
          {"use 1 MB", "counted_over_cap, counted", "", "data blocked, overrun 1.00, stage 1"}}},
        {"only the cap's services are held",
         {R"({"caps":[{"id":"texts","services":["sms_mo"],"amount":"1.00","currency":"GBP","thresholds":[]}]})", "", "",
          "", false},
         {arrival,
          {"text 4", over, "confirm_cap texts/1/100", "data allowed, holds cap:texts"},
          {"use 50 MB", "counted", "", "used 1.00"}}},
        {"a cap that only notifies holds nothing and counts on",
         {tenner(R"(,"atLimit":"notify","thresholds":[80])"), "", "", "", false},
         {arrival,
          {"use 8 MB", "threshold_reached, counted", "threshold monthly/1/80", ""},
          {"use 4 MB", "cap_reached, counted", "cap_reached monthly/1/100",
           "used 12.00, overrun 0.00, percent 120, data allowed, holds none"},
          {"use 50 MB", "counted", "", "used 62.00"}}},
        {"a repeating cap tells each multiple, several at once only the highest",
         {one_cap(R"("every":"10.00","currency":"GBP")"), "", "", "", false},
         {arrival,
          {"use 9 MB", "counted", "", ""},
          {"use 1 MB", "cap_reached, counted", "cap_reached monthly/1/100", "used 10.00, data allowed"},
          {"use 25 MB", "cap_reached, counted", "cap_reached monthly/3/100", "used 35.00"},
          {"use 4 MB", "counted", "", ""},
          {"use 1 MB", "cap_reached, counted", "cap_reached monthly/4/100", ""}}},
    });
}

TEST_CASE("what a cap counts") {
    tell_all({
        {"a volume cap counts bytes, whatever they cost",
         {one_cap(R"("volume":"1 GB","thresholds":[50,100])"), "", "", "", false},
         {arrival,
          {"use 512 MB charged 0.00 GBP free", "threshold_reached, counted", "threshold monthly/1/50", "used 512 MB"},
          {"use 600 MB", over, asked, "used 1 GB, overrun 88 MB, data held"},
          {"answer extend", "", "receipt monthly/1", "limit 2 GB"}}},
        {"only its services",
         {R"({"caps":[{"id":"calls","services":["voice_mo","voice_mt"],"amount":"10.00","currency":"GBP"}]})", "", "",
          "", false},
         {arrival,
          {"use 5 MB", "counted", "", "used 0.00"},
          {"call 60 s", "counted", "", "used 0.60"},
          {"take 60 s", "counted", "", "used 0.90"}}},
        {"only its destinations: countries, zones, classes",
         {R"({"caps":[{"id":"here","services":["data"],"amount":"50.00","currency":"GBP","destinations":["JP"]},
                      {"id":"zone","services":["data"],"amount":"50.00","currency":"GBP","destinations":["zone:asia"]},
                      {"id":"air","services":["data"],"amount":"50.00","currency":"GBP","destinations":["inflight"]}]})",
          "", "", "asia,JP\nasia,KR\n", false},
         {arrival,
          {"use 1 MB on 440-10", "counted", "", "here.used 1.00, zone.used 1.00, air.used 0.00"},
          {"use 2 MB on 450-05", "welcomed, counted", "welcome", "here.used 1.00, zone.used 3.00, air.used 0.00"},
          {"use 4 MB on 901-14", "confirmation_requested, counted", "confirm_destination",
           "here.used 1.00, zone.used 3.00, air.used 4.00"}}},
        {"a cap without tax counts a price with tax without it",
         {tenner(R"(,"tax":"excl")"), "*,*,data,1.20,GBP,MB,,,incl,20,\n", "", "", false},
         {arrival, {"use 4 MB", "counted", "", "used 4.00, added 4.80 GBP"}}},
        {"a cap with tax counts a price without tax with it",
         {tenner(R"(,"tax":"incl")"), "*,*,data,1.00,GBP,MB,,,excl,20,\n", "", "", false},
         {arrival, {"use 4 MB", "counted", "", "used 4.80, added 4.00 GBP"}}},
        {"without a tax rate it cannot be counted, and is listed",
         {tenner(R"(,"tax":"excl")"), "*,*,data,1.20,GBP,MB,,,incl,,\n", "", "", false},
         {arrival,
          {"use 4 MB", "confirmation_requested, counted", "confirm_destination",
           "used 0.00, listed unpriced, data held"}}},
        {"another currency by its rate",
         {"{}", "*,*,data,4.00,USD,MB,,,,,\n", "USD,GBP,0.75\n", "", false},
         {arrival, {"use 2 MB", "threshold_reached, counted", "threshold monthly/1/50", "used 6.00, added 8.00 USD"}}},
        {"another currency by the inverse rate",
         {"{}", "*,*,data,4.00,USD,MB,,,,,\n", "GBP,USD,1.25\n", "", false},
         {arrival, {"use 1 MB", "counted", "", "used 3.20"}}},
        {"without a rate it adds nothing and is listed",
         {"{}", "*,*,data,4.00,USD,MB,,,,,\n", "", "", false},
         {arrival,
          {"use 9 MB", "confirmation_requested, counted", "confirm_destination",
           "used 0.00, listed unpriced, data held"}}},
    });
}

TEST_CASE("periods in the customer's billing time zone") {
    tell_all({
        {"a month",
         {},
         {{"0h: use 6 MB on 440-10", "threshold_reached, welcomed, counted", "welcome, threshold monthly/1/50",
           "used 6.00"},
          {"21d14h59m: use 1 MB on 440-10", "counted", "", "used 7.00"},
          {"21d15h: use 1 MB on 440-10", "counted", "", "used 1.00"}}},  // British summer time has begun by then
        {"a day",
         {tenner(R"(,"period":"day")"), "", "", "", false},
         {{"0h: use 4 MB on 440-10", "welcomed, counted", "welcome", "used 4.00"},
          {"15h59m: use 0 on 440-10", "counted", "", "used 4.00"},
          {"16h: use 1 MB on 440-10", "counted", "", "used 1.00"}}},
        {"a billing day",
         {tenner(R"(,"period":"billing-day:15")"), "", "", "", false},
         {{"0h: use 4 MB on 440-10", "welcomed, counted", "welcome", "used 4.00"},
          {"4d15h59m: use 0 on 440-10", "counted", "", "used 4.00"},
          {"4d16h: use 1 MB on 440-10", "counted", "", "used 1.00"}}},
        {"a day elsewhere",
         {R"({"timeZone":"Asia/Tokyo","caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"day"}]})",
          "", "", "", false},
         {{"0h: use 4 MB on 440-10", "welcomed, counted", "welcome", "used 4.00"},
          {"7h: use 1 MB on 440-10", "counted", "", "used 1.00"}}},
        {"usage of a closed period counts there, and neither sends nor holds",
         {tenner(R"(,"period":"day")"), "", "", "", false},
         {{"0h: use 4 MB on 440-10", "welcomed, counted", "welcome", ""},
          {"1h, heard 20h: use 4 MB on 440-10", "counted", "", "used 8.00, holds none"},
          {"2h, heard 20h: use 4 MB on 440-10", "counted", "", "used 10.00, overrun 2.00, holds none, data allowed"},
          {"20h: use 1 MB on 440-10", "counted", "", "used 1.00"}}},
        {"a new period releases the hold, which is told, and its question is withdrawn",
         {tenner(R"(,"period":"day")"), "", "", "", false},
         {{"0h: use 10 MB on 440-10", "cap_reached, confirmation_requested, welcomed, counted",
           "welcome, confirm_cap monthly/1/100", "data held"},
          {"16h: clock", "", "released monthly/1", "data allowed, question withdrawn, holds none"},
          {"17h: use 1 MB on 440-10", "counted", "", "used 1.00, stage 1"}}},
    });
}

TEST_CASE("a credit lowers the sum, and neither arms a threshold again nor releases a hold") {
    tell_all({
        {"a threshold is not told again",
         {},
         {arrival,
          {"use 5 MB", "threshold_reached, counted", "threshold monthly/1/50", ""},
          {"credit 3.00 GBP", "counted", "", "used 2.00, percent 20"},
          {"use 3 MB", "counted", "", "used 5.00"},
          {"use 3 MB", "threshold_reached, counted", "threshold monthly/1/80", "used 8.00"}}},
        {"a hold stays",
         {},
         {arrival,
          {"use 10 MB", over, asked, "data held"},
          {"credit 8.00 GBP", "counted", "", "used 2.00, data held, question pending"},
          {"use 1 MB", "counted_over_cap, counted", "", "used 2.00, overrun 1.00"}}},
        {"it is shown never below zero, and the sum beneath keeps it",
         {},
         {arrival,
          {"use 1 MB", "counted", "", "used 1.00"},
          {"credit 4.00 GBP", "counted", "", "used 0.00, percent 0"},
          {"use 4 MB", "counted", "", "used 1.00"}}},
        {"a multiple is not told again",
         {one_cap(R"("every":"10.00","currency":"GBP")"), "", "", "", false},
         {arrival,
          {"use 10 MB", "cap_reached, counted", "cap_reached monthly/1/100", ""},
          {"credit 5.00 GBP", "counted", "", "used 5.00"},
          {"use 5 MB", "counted", "", "used 10.00"},
          {"use 10 MB", "cap_reached, counted", "cap_reached monthly/2/100", "used 20.00"}}},
    });
}

TEST_CASE("a cap's hold sleeps at home and binds again abroad, asking anew") {
    tell_all({
        {"within its period",
         {},
         {arrival,
          {"1h: use 10 MB on 440-10", over, asked, "data held"},
          {"2h: attach home", "returned_home", "", "data allowed, holds cap:monthly/asleep"},
          {"5h: attach 440-10", "confirmation_requested, welcome_suppressed", asked,
           "data held, holds cap:monthly, questions 2, question pending"},
          {"answer extend", "", "receipt monthly/1", "data allowed, stage 2"}}},
        {"also when it had been declined",
         {},
         {arrival,
          {"1h: use 10 MB on 440-10", over, asked, ""},
          {"answer decline", "", "declined monthly/1", "data blocked"},
          {"2h: attach home", "returned_home", "", "data allowed"},
          {"5h: attach 440-10", "confirmation_requested, welcome_suppressed", asked, "data held"}}},
        {"not in the next period",
         {tenner(R"(,"period":"day")"), "", "", "", false},
         {{"0h: use 10 MB on 440-10", "cap_reached, confirmation_requested, welcomed, counted",
           "welcome, confirm_cap monthly/1/100", ""},
          {"2h: attach home", "returned_home", "", ""},
          {"25h: attach 440-10", "welcomed", "trip_summary 10.00 GBP, welcome", "data allowed, holds none"}}},
        {"a limit that late usage reaches at home holds from the next attach abroad",
         {},
         {arrival,
          {"1h: attach home", "returned_home", "", ""},
          {"0h30m, heard 2h: use 10 MB on 440-10", over, asked, "data allowed, holds cap:monthly/asleep"},
          {"4h: attach 440-10", "confirmation_requested, welcome_suppressed", asked, "data held"}}},
    });
}

TEST_CASE("machines") {
    tell_all({
        {"notices only, unless the profile says so",
         {R"({"kind":"m2m"})", "", "", "", false},
         {arrival, {"use 12 MB", "cap_reached, counted", "cap_reached monthly/1/100", "data allowed, used 12.00"}}},
        {"held where the profile says so",
         {R"({"kind":"m2m","hold":true})", "", "", "", false},
         {arrival, {"use 12 MB", over, asked, "data held, used 10.00"}}},
    });
}

}  // namespace roamguard::protection::testing
