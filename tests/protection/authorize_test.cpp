#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

#include "service/storage/codec.h"
#include "tests/protection/line.h"

// Contract, section 6: before high-cost usage goes on. The usual cap is 10.00 GBP of data a month, the usual price 1.00
// a megabyte.
namespace roamguard::protection::testing {
namespace {

constexpr const char* blocks =
    "*,*,data,1.00,GBP,MB,1 MB,1 MB,,,\n"
    "*,*,voice_mo,0.60,GBP,minute,60 s,1 s,,,\n";
constexpr const char* asked = "confirm_cap monthly/1/100";
constexpr const char* holds = "cap_reached, confirmation_requested";
const Step arrival{"0h: attach 440-10", "welcomed", "welcome", ""};

std::string caps(const std::string& list) { return R"({"caps":[)" + list + "]}"; }
std::string cap(const std::string& id, const std::string& services, const std::string& more) {
    return R"({"id":")" + id + R"(","services":[)" + services + R"(],"thresholds":[],)" + more + "}";
}
std::string of_data(const std::string& more) { return caps(cap("monthly", R"("data")", more)); }

}  // namespace

TEST_CASE("a grant is what is asked for as far as the caps leave room") {
    tell_all({
        {"up to the cap and no byte further",
         {},
         {arrival,
          {"ask data 4 MB in session a", "", "", "said allow within_caps, granted 4 MB, kept 4.00, used 0.00"},
          {"ask data 7 MB in session b", "", "", "granted 6 MB, kept 10.00"}}},
        {"as much as there is room for where nothing is asked for",
         {},
         {arrival, {"use 4 MB", "counted", "", ""}, {"ask data in session a", "", "", "granted 6 MB, kept 6.00"}}},
        {"but at most the largest grant",
         {of_data(R"("amount":"500.00","currency":"GBP")"), "", "", "", false},
         {arrival,
          {"ask data in session a", "", "", "granted 100 MB"},
          {"ask data 300 MB in session b", "", "", "granted 300 MB"}}},
        {"the largest grant where no cap limits it",
         {},
         {arrival,
          {"ask call in session a", "", "", "said allow no_cap, granted 30 minutes, kept 0.00"},
          {"ask text 12 messages", "", "", "said allow no_cap, granted 10 messages"}}},
        {"a cap that only notifies limits nothing",
         {R"({"caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","atLimit":"notify",
                       "thresholds":[80]}]})",
          "", "", "", false},
         {arrival, {"ask data in session a", "", "", "said allow no_cap, granted 100 MB"}}},
        {"charged blocks count whole, and what is left of one is free",
         {"{}", blocks, "", "", false},
         {arrival,
          {"use 512 KB in session a", "counted", "", "used 1.00"},
          {"ask data in session a", "", "", "granted 9728 KB, kept 9.00"}}},
        {"a part of a block keeps the whole block free",
         {"{}", blocks, "", "", false},
         {arrival,
          {"ask data 512 KB in session a", "", "", "granted 512 KB, kept 1.00"},
          {"ask data 512 KB in session a", "", "", "granted 512 KB, kept 1.00"},
          {"ask data 9728 KB in session b", "", "", "granted 9 MB, kept 10.00"}}},
        {"the tightest cap decides",
         {caps(cap("daily", R"("data")", R"("amount":"3.00","currency":"GBP","period":"day")") + "," +
               cap("monthly", R"("data")", R"("amount":"10.00","currency":"GBP")")),
          "", "", "", false},
         {arrival, {"ask data in session a", "", "", "granted 3 MB, kept 3.00"}}},
        {"a volume cap counts bytes",
         {of_data(R"("volume":"5 GB")"), "", "", "", false},
         {arrival,
          {"use 5115 MB", "counted", "", ""},
          {"ask data in session a", "", "", "said allow within_caps, granted 5 MB, kept 5 MB"}}},
        {"caps of another currency and tax basis are reached to the millionth",
         {of_data(R"("amount":"10.00","currency":"EUR","tax":"excl")"), "*,*,data,1.00,GBP,MB,1 B,1 B,incl,20,\n",
          "GBP,EUR,1.20\n", "", false},
         {arrival,
          {"ask data 11 MB in session a", "", "", "granted 10 MB, kept 10.00"},
          {"use 10 MB in session a", "cap_reached, confirmation_requested, counted", asked,
           "used 10.00, overrun 0.00, kept 0.00"}}},
    });
}

TEST_CASE("nothing fits") {
    tell_all({
        {"the limit is reached early, held and asked about, and told as far as it is known",
         {},
         {arrival,
          {"ask data 6 MB in session a", "", "", ""},
          {"ask data 6 MB in session b used 0", "", "", "granted 4 MB"},
          {"ask data 1 MB in session c", holds, asked,
           "said hold cap_reached, granted nothing, data held, used 0.00, question pending"},
          {"ask data 1 MB in session c", "", "", "said hold held"}}},
        {"until the records reach the limit they count as any others, and no second question is asked",
         {},
         {arrival,
          {"ask data in session a", "", "", "granted 10 MB"},
          {"ask data in session b", holds, asked, ""},
          {"use 6 MB in session a", "counted", "", "used 6.00, overrun 0.00, kept 4.00, data held"},
          {"use 5 MB in session a", "counted_over_cap, counted", "", "used 10.00, overrun 1.00, kept 0.00"},
          {"use 1 MB in session a", "counted_over_cap, counted", "", "used 10.00, overrun 2.00"}}},
        {"a block that would reach past the limit is not begun",
         {"{}", blocks, "", "", false},
         {arrival,
          {"use 9 MB charged 9.50 GBP", "threshold_reached, counted", "threshold monthly/1/80", "used 9.50"},
          {"ask data 1 B in session a", holds, asked, "said hold cap_reached"}}},
        {"consent opens the next stage",
         {},
         {arrival,
          {"ask data in session a", "", "", ""},
          {"ask data in session b", holds, asked, ""},
          {"answer extend", "", "receipt monthly/1", "data allowed, stage 2, limit 15.00, used 0.00"},
          {"ask data in session b", "", "", "granted 5 MB, kept 15.00"},
          {"use 10 MB in session a", "threshold_reached, counted", "threshold monthly/2/50", "used 10.00, kept 5.00"}}},
        {"a no denies",
         {},
         {arrival,
          {"ask data in session a", "", "", ""},
          {"ask data in session b", holds, asked, ""},
          {"answer decline", "", "declined monthly/1", "data blocked"},
          {"ask data in session b", "", "", "said deny declined, granted nothing"}}},
        {"what was granted and not used in time releases the hold again",
         {},
         {arrival,
          {"1h: ask data in session a", "", "", ""},
          {"ask data in session b", holds, asked, "data held"},
          {"7h29m: clock", "", "", "data held, question pending"},
          {"7h30m: clock", "", "released monthly/1", "data allowed, question withdrawn, kept 0.00"},
          {"ask data in session b", "", "", "granted 10 MB"}}},
        {"and so does a session that ends having used less",
         {},
         {arrival,
          {"ask data in session a", "", "", ""},
          {"ask data in session b", holds, asked, "data held"},
          {"ask data in session a used 0 final", "", "released monthly/1",
           "said allow final, data allowed, kept 0.00"}}},
        {"but silence releases nothing while some of it may have been used",
         {},
         {arrival,
          {"ask data in session a", "", "", ""},
          {"ask data in session b", holds, asked, ""},
          {"ask data in session a used 3 MB final", "", "", "said allow final, data held, kept 3.00"}}},
        {"once the records tell that there is room after all, it is released, and no lower threshold is told",
         {},
         {arrival,
          {"ask data in session a", "", "", ""},
          {"ask data in session b", holds, asked, ""},
          {"ask data in session a used 7 MB final", "", "", "data held, kept 7.00"},
          {"use 7 MB on 440-10 in session a", "counted", "released monthly/1",
           "data allowed, used 7.00, kept 0.00, question withdrawn"},
          {"use 1 MB on 440-10 in session c", "counted", "", "used 8.00"}}},
    });
}

TEST_CASE("a grant is settled by what its sender reports and by records") {
    tell_all({
        {"what was not used is free at once",
         {},
         {arrival,
          {"ask data 8 MB in session a", "", "", "kept 8.00"},
          {"ask data 8 MB in session a used 3 MB", "", "", "granted 7 MB, kept 10.00"},
          {"ask data in session a used 1 MB final", "", "", "said allow final, granted nothing, kept 4.00"}}},
        {"more than was granted counts in full",
         {},
         {arrival,
          {"ask data 2 MB in session a", "", "", ""},
          {"ask data 8 MB in session a used 5 MB", "", "", "granted 5 MB, kept 10.00"}}},
        {"without a report an earlier grant stays beside the new one",
         {},
         {arrival, {"ask data 2 MB in session a", "", "", ""}, {"ask data 2 MB in session a", "", "", "kept 4.00"}}},
        {"records take what was reported first, then what is open",
         {},
         {arrival,
          {"ask data 5 MB in session a", "", "", ""},
          {"ask data 5 MB in session a used 5 MB", "", "", "kept 10.00"},
          {"use 6 MB in session a", "threshold_reached, counted", "threshold monthly/1/50", "used 6.00, kept 4.00"},
          {"ask data 1 MB in session b", holds, asked, ""},
          {"ask data in session a used 5 MB final", "", "", "kept 4.00"},
          {"use 4 MB in session a", "counted", "", "used 10.00, overrun 0.00, kept 0.00"}}},
        {"a record that comes before its report is not awaited again",
         {},
         {arrival,
          {"ask data 5 MB in session a", "", "", ""},
          {"use 4 MB in session a", "counted", "", "used 4.00, kept 1.00"},
          {"ask data 5 MB in session a used 5 MB", "", "", "granted 5 MB, kept 6.00"}}},
        {"records of another session settle nothing",
         {},
         {arrival,
          {"ask data 5 MB in session a", "", "", ""},
          {"use 2 MB in session b", "counted", "", "used 2.00, kept 5.00"}}},
        {"in blocks nothing is counted twice, whatever the order of the records",
         {"{}", blocks, "", "", false},
         {arrival,
          {"ask data 1536 KB in session a", "", "", "kept 2.00"},
          {"use 1 MB in session a", "counted", "", "used 1.00, kept 1.00"},
          {"use 512 KB in session a", "counted", "", "used 2.00, kept 0.00"}}},
        {"one that is not settled stays reserved until it lapses",
         {},
         {arrival,
          {"1h: ask data 8 MB in session a", "", "", ""},
          {"7h29m: ask data in session b", "", "", "granted 2 MB"},
          {"7h30m: ask data in session c", "", "", "granted 8 MB, kept 10.00"}}},
    });
}

TEST_CASE("what is not asked about, and what stands in the way") {
    tell_all({
        {"emergency is always let through, and reserves nothing",
         {},
         {arrival,
          {"use 12 MB", "cap_reached, confirmation_requested, counted", asked, ""},
          {"ask data 5 MB emergency", "", "", "said allow emergency, granted nothing, kept 0.00"}}},
        {"at home nothing is limited",
         {},
         {{"ask data on 234-15", "", "", "said allow home, granted nothing"},
          arrival,
          {"attach home", "returned_home", "", ""},
          {"ask data", "", "", "said allow home"}}},
        {"another operator's customer is not ours",
         {"{}", "", "", "", true},
         {{"ask data on 440-10", "", "", "said allow not_ours"}}},
        {"what comes in is never cut, and counts",
         {caps(cap("all", R"("data","voice_mo","voice_mt")", R"("amount":"6.00","currency":"GBP")")), "", "", "",
          false},
         {arrival,
          {"use 5 MB", "counted", "", ""},
          {"ask take in session a", "", "", "said allow incoming, granted 30 minutes, kept 9.00"},
          {"ask receive", "", "", "said allow incoming, granted 10 messages"},
          {"ask call in session b", holds, "confirm_cap all/1/100", "said hold cap_reached"}}},
        {"a call that has begun is never cut",
         {caps(cap("calls", R"("voice_mo")", R"("amount":"6.00","currency":"GBP")")), "", "", "", false},
         {arrival,
          {"ask call in session a", "", "", "said allow within_caps, granted 10 minutes"},
          {"ask call 5 minutes in session a used 10 minutes", "", "", "said allow call_begun, granted 5 minutes"},
          {"ask call in session b", holds, "confirm_cap calls/1/100", "said hold cap_reached"},
          {"ask call 5 minutes in session a used 5 minutes", "", "", "said allow call_begun, granted 5 minutes"}}},
        {"barred data is denied, calls are not",
         {R"({"dataRoaming":"barred"})", "", "", "", false},
         {arrival,
          {"ask data in session a", "", "", "said deny barred, granted nothing"},
          {"ask call in session b", "", "", "said allow no_cap"}}},
        {"a network newer than the known place acts as an attach, and a dear one is asked about before the first byte",
         {R"({"highCostPerMegabyte":{"amount":"1.00","currency":"GBP"}})", "", "", "", false},
         {{"ask data on 440-10 in session a", "confirmation_requested", "confirm_destination",
           "said hold held, granted nothing, place JP, data held, question pending"},
          {"answer continue", "", "receipt", ""},
          {"ask data on 440-10 in session a", "", "", "said allow within_caps, granted 10 MB"}}},
        {"another country while one is known is entered too",
         {},
         {arrival, {"ask data on 208-01 in session a", "welcomed", "welcome", "granted 10 MB, place FR"}}},
        {"where nobody was ever seen is an unknown place",
         {},
         {{"ask data in session a", "confirmation_requested", "confirm_destination", "said hold held, place unknown"}}},
        {"without a network it is the last place known",
         {},
         {arrival, {"ask data in session a", "", "", "said allow within_caps, place JP"}}},
        {"a price that leads to no cap is protected like a high one, unless the traveller has agreed",
         {of_data(R"("amount":"10.00","currency":"CHF")"), "", "", "", false},
         {arrival,
          {"ask data in session a", "confirmation_requested", "confirm_destination", "said hold unpriced, data held"},
          {"answer continue", "", "receipt", ""},
          {"ask data in session a", "", "", "said allow no_cap, granted 100 MB"}}},
    });
}

namespace {

/// A record on its way.
struct Late {
    std::string session;
    std::int64_t quantity = 0;
    Instant at, comes;
};

/// What became of a day of sessions.
struct Day {
    int grants = 0;
    std::int64_t overrun = 0;
    std::int64_t beyond = 0;  ///< the highest that recorded, reported and granted ever came to, over the limit
};

enum class Asks { before_use, never };

/// Some sessions at once take what they get, in pieces whose records come up to four hours late in any order; each
/// session reports what it used, or does not. A traveller who is not asked goes on using.
Day live_a_day(unsigned seed, const std::string& row, Asks asks) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::int64_t most) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(std::max<std::int64_t>(most, 1)));
    };
    const std::int64_t limit = (5 + below(45)) * 1'000'000;
    Line line(row, limit);
    struct Device {
        std::int64_t left = 0, used = 0;
        Instant until;
    };
    const auto devices = static_cast<std::size_t>(1 + below(6));
    std::vector<Device> sessions(devices);
    std::vector<Late> late;
    Day day;
    Instant now = hour("0h");
    for (int step = 0; step < 300; ++step) {
        now = now + tariffs::seconds(10 + below(590));
        std::shuffle(late.begin(), late.end(), random);
        std::erase_if(late, [&](const Late& one) {
            if (one.comes > now && step < 299) return false;
            line.record(one.session, one.quantity, one.at, now);
            return true;
        });
        const auto n = static_cast<std::size_t>(below(static_cast<std::int64_t>(devices)));
        Device& device = sessions[n];
        const std::string name = "s" + std::to_string(n);
        if (asks == Asks::never && data_state(line.state, line.terms) == DataState::allowed)
            device.left = below(3 << 20);
        const bool may = asks == Asks::never || now < device.until;
        for (std::int64_t pieces = below(4); may && pieces > 0 && device.left > 0; --pieces) {
            const std::int64_t piece = below(2) ? device.left : 1 + below(device.left);
            device.left -= piece;
            device.used += piece;
            late.push_back({name, piece, now, now + tariffs::seconds(below(4 * 3600))});
        }
        if (asks == Asks::never) continue;
        if (below(40) == 0)
            for (const Question& question : std::vector<Question>(line.state.questions))
                if (question.state == QuestionState::pending)
                    (void)decide_answer({question.id, question.choices.front(), "sms", ""}, line.terms, line.world(),
                                        now, line.seed(), line.state);
        Authorization asked;
        asked.session = name;
        if (below(3)) asked.requested = 1 + below(8 << 20);
        if (n % 2 == 0) asked.used = device.used;
        asked.final = below(15) == 0;
        const AuthorizationDecision answer = line.ask(asked, now);
        line.state = storage::decode_state(storage::encode(line.state));
        device = {answer.granted, 0, answer.valid_until};
        if (answer.granted > 0) ++day.grants;
        const CapView cap = line.cap(now);
        if (cap.limit) day.beyond = std::max(day.beyond, cap.used + cap.overrun - *cap.limit);
    }
    day.overrun = line.cap(now).overrun;
    return day;
}

}  // namespace

TEST_CASE("a pass is granted from what is left of it, at no price and for no cap") {
    Line line("*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n", 10'000'000);
    HeldPass pass;
    pass.id = "p-1";
    pass.destinations = {"FR"};
    pass.services = {tariffs::Service::data};
    pass.allowance = 50 << 20;
    pass.used = 20 << 20;
    pass.from = hour("0h");
    pass.until = hour("1h10m");
    line.state.passes.push_back(pass);
    const AuthorizationDecision first = line.ask(request("a", 25 << 20), hour("1h"));
    CHECK(first.reason == "pass");
    CHECK(first.pass == "p-1");
    CHECK(first.granted == 25 << 20);
    CHECK(first.price->price.micros == 0);
    CHECK(first.valid_until == pass.until);
    CHECK(line.ask(request("b", std::nullopt), hour("1h")).granted == 5 << 20);
    const AuthorizationDecision none = line.ask(request("c", 1), hour("1h"));
    CHECK(none.verdict == AuthorizationDecision::Verdict::hold);
    CHECK(none.reason == "pass_used_up");
    CHECK(kept_of(line.state) == 0);
}

TEST_CASE("many grants are taken together, and nothing of what they reserve is lost") {
    Line line("*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n", 100'000'000);
    for (int i = 0; i < 40; ++i)
        CHECK(line.ask(request("s" + std::to_string(i), 1 << 20), hour("1h")).granted == 1 << 20);
    CHECK(line.state.grants.size() == 32);
    CHECK(kept_of(line.state) == 40'000'000);
    for (int i = 0; i < 40; ++i)
        (void)line.ask(request("t", 1 << 20), hour("2h"));
    CHECK(line.state.grants.size() == 32);
    CHECK(kept_of(line.state) == 80'000'000);
}

TEST_CASE("usage under grants is over the cap by less than one charged block, however late its records") {
    struct Priced {
        const char* row;
        std::int64_t block;  ///< what may be lost where an unused grant lapses in the middle of a block
    };
    std::int64_t grants = 0, unasked = 0;
    for (const Priced& priced :
         {Priced{"*,*,data,1.00,GBP,MB,1 B,1 B,,,no\n", 0}, Priced{"*,*,data,1.00,GBP,MB,100 KB,10 KB,,,no\n", 97'657},
          Priced{"*,*,data,1.37,GBP,3 MB,3 MB,1 MB,,,no\n", 1'370'000}})
        for (unsigned seed = 1; seed <= 40; ++seed) {
            INFO(priced.row << " seed " << seed);
            const Day day = live_a_day(seed, priced.row, Asks::before_use);
            CHECK(day.overrun <= priced.block);
            CHECK(day.beyond <= priced.block);
            grants += day.grants;
            unasked += live_a_day(seed, priced.row, Asks::never).overrun;
        }
    CHECK(grants > 1000);
    CHECK(unasked > 0);
}

}  // namespace roamguard::protection::testing
