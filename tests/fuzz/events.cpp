#include "service/json/reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/intake/promises.h"

using namespace roamguard;
using namespace roamguard::intake;
using namespace roamguard::intake::testing;

namespace {

/// `name: value` a line, up to an empty one; the body is the rest.
std::pair<HttpHeaders, std::string_view> request_of(std::string_view input) {
    HttpHeaders headers;
    auto [head, body] = fuzz::cut(input, "\n\n");
    while (!head.empty()) {
        const auto [line, rest] = fuzz::cut(head, "\n");
        const auto [name, value] = fuzz::cut(line, ": ");
        headers.all.emplace_back(name, value);
        head = rest;
    }
    return {std::move(headers), body};
}

void check_same(const ReadEvent& one, const ReadEvent& other) {
    HOLDS(one.has_value() == other.has_value());
    HOLDS(one ? one->key == other->key && one->content == other->content && one->data_json == other->data_json
              : one.error().code == other.error().code && one.error().detail == other.error().detail);
}

/// An event alone and the same event in a batch are one event, or are refused for one reason.
void check_in_a_batch(std::string_view body, const ReadEvent& alone) {
    const auto value = roamguard::json::read_json(body, Limits{}.max_depth);
    if (!value || !value->is_object()) return;
    const Request together = batch("[" + std::string(body) + "]");
    HOLDS(together && together->events.size() == 1);
    check_same(alone, together->events.front());
}

}  // namespace

FUZZ(input) {
    const auto [headers, body] = request_of(input);
    const Request read = read_events(headers, body, now(), {});
    HOLDS(broken_promise(read) == "");
    const Request again = read_events(headers, body, now(), {});
    HOLDS(read.has_value() == again.has_value());
    for (std::size_t i = 0; read && i < read->events.size(); ++i)
        check_same(read->events[i], again->events[i]);
    const Request alone = structured(body);
    HOLDS(broken_promise(alone) == "");
    if (alone && body.size() <= Limits{}.max_event_bytes) check_in_a_batch(body, alone->events.front());
}
