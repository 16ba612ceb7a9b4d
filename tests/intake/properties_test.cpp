#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "tests/intake/promises.h"

using namespace roamguard;
using namespace roamguard::intake;
using namespace roamguard::intake::testing;

namespace {

std::string seed_text() {
    auto place = attach();
    place["data"]["ipAddress"] = "192.0.2.1";
    place["data"]["ipOf"] = "breakout";
    auto record = usage();
    record["data"].merge_patch(nlohmann::json::parse(R"({"visitedNetwork":{"tadig":"JPNDO"},"session":"s-1",
        "startedAt":"2026-11-24T10:00:00Z","charged":{"amount":"1.50","currency":"EUR"},"chargedAs":"free"})"));
    return "[" + place.dump() + "," + record.dump() + "," + detach().dump() + "]";
}

/// Bytes that JSON, CloudEvents and our own fields give a meaning, and some that none does.
rc::Gen<char> telling_byte() {
    return rc::gen::weightedOneOf<char>(
        {{3, rc::gen::elementOf(std::string("\"\\{}[],:+-.0123456789eEtTzZuU%=\n"))}, {1, rc::gen::arbitrary<char>()}});
}

void mutate(std::string& text) {
    const auto times = *rc::gen::inRange(1, 6);
    for (int i = 0; i < times && !text.empty(); ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
        const auto length = *rc::gen::inRange<std::size_t>(1, 12);
        switch (*rc::gen::inRange(0, 5)) {
            case 0:
                text[at] = *telling_byte();
                break;
            case 1:
                text.insert(at, 1, *telling_byte());
                break;
            case 2:
                text.erase(at, length);
                break;
            case 3:
                text.insert(at, text.substr(*rc::gen::inRange<std::size_t>(0, text.size()), length));
                break;
            default:
                text.resize(at);
        }
    }
}

void check(const Request& request) { RC_ASSERT(broken_promise(request) == ""); }

}  // namespace

TEST_CASE("mutated batches never crash and never let an invalid field through") {
    rc::prop("batch", [] {
        std::string text = seed_text();
        mutate(text);
        check(batch(text));
    });
}

TEST_CASE("mutated single events and headers never crash and never let an invalid field through") {
    rc::prop("structured", [] {
        std::string text = (*rc::gen::arbitrary<bool>() ? attach() : usage()).dump();
        mutate(text);
        check(structured(text));
    });
    rc::prop("binary", [] {
        auto headers = binary_headers();
        mutate(headers[*rc::gen::inRange<std::size_t>(0, headers.size())].second);
        mutate(headers[*rc::gen::inRange<std::size_t>(0, headers.size())].second);
        std::string data = attach()["data"].dump();
        if (*rc::gen::arbitrary<bool>()) mutate(data);
        check(request(headers, data));
    });
    rc::prop("anything", [](const std::string& body, const std::string& type) {
        check(structured(body));
        check(batch(body));
        check(request({{"content-type", type}}, body));
    });
}

TEST_CASE("member order and spacing never change key or content") {
    rc::prop("shuffled", [] {
        const auto event = usage();
        std::vector<std::string> members;
        for (const auto& [name, value] : event.items())
            members.push_back('"' + name + "\" :\n " + value.dump(1));
        std::string text;
        while (!members.empty()) {
            const auto at = *rc::gen::inRange<std::size_t>(0, members.size());
            text += (text.empty() ? "{ " : " ,") + members[at];
            members.erase(members.begin() + static_cast<std::ptrdiff_t>(at));
        }
        const auto one = only(structured(text + "}")), two = read(event);
        RC_ASSERT(one && two);
        RC_ASSERT(one->key == two->key);
        RC_ASSERT(one->content == two->content);
        RC_ASSERT(one->data_json == two->data_json);
    });
}
