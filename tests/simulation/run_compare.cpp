#include "tests/simulation/one_run.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace roamguard::simulation {

namespace {

std::string text_of(const Message& message) {
    return message.cap.empty()
               ? message.kind
               : fmt::format("{} {} stage {} at {} %", message.kind, message.cap, message.stage, message.threshold);
}
std::string text_of(const std::vector<Message>& messages) {
    std::string text;
    for (const Message& message : messages)
        text += (text.empty() ? "" : ", ") + text_of(message);
    return text.empty() ? "nothing" : text;
}
std::string text_of(const Spend& spend) {
    return fmt::format("used {} overrun {} stage {} mark {}", spend.used, spend.overrun, spend.stage, spend.mark);
}
std::string text_of(const std::set<Hold>& holds) {
    std::string text;
    for (const Hold& hold : holds)
        text += fmt::format("{}{} ({} services){}", text.empty() ? "" : ", ", hold.cause, hold.services.size(),
                            hold.sleeping ? " asleep" : "");
    return text.empty() ? "none" : text;
}

/// Kinds the model speaks of, with what it says of them.
std::optional<Message> modelled(const std::string& kind, const std::string& cap, int stage, int threshold) {
    static const std::set<std::string> about_caps{"threshold", "confirm_cap", "cap_reached"};
    static const std::set<std::string> plain{"confirm_destination", "receipt", "declined", "released", "welcome",
                                             "trip_summary"};
    if (about_caps.count(kind)) return Message{kind, cap, stage, threshold};
    if (plain.count(kind)) return Message{kind, "", 0, 0};
    return std::nullopt;
}

}  // namespace

std::string place_word(const std::string& about) { return about.find('-') != std::string::npos ? "NT" : about; }

void Run::expect(int customer, const std::vector<Message>& messages) {
    for (const Message& message : messages)
        if (const auto one = modelled(message.kind, message.cap, message.stage, message.threshold))
            expected_[customer].push_back(*one);
}

void Run::compare() {
    std::map<int, std::vector<Message>> made;
    for (const auto& row : new_messages())
        if (const auto one = modelled(row.kind, row.cap, row.stage, row.threshold))
            made[traveller(row)].push_back(*one);
    for (int customer = 0; customer < travellers; ++customer) {
        const auto who = [&](const std::string& what) { return fmt::format("traveller {}: {}", customer, what); };
        std::sort(made[customer].begin(), made[customer].end());  // of one moment: in any order
        std::sort(expected_[customer].begin(), expected_[customer].end());
        require(made[customer] == expected_[customer],
                who(fmt::format("owed {}; expected {}", text_of(made[customer]), text_of(expected_[customer]))));
        expected_[customer].clear();
        const CustomerState state = state_of(customer);
        compare_spending(customer, state);
        require(
            holds_of(state) == model_.holds(customer),
            who(fmt::format("holds are {}; expected {}", text_of(holds_of(state)), text_of(model_.holds(customer)))));
        compare_questions(customer, state);
        const std::string country = country_of(state);
        require(country == model_.country(customer).value_or(""),
                who(fmt::format("is in '{}'; expected '{}'", country, model_.country(customer).value_or(""))));
    }
}

std::vector<storage::MessageRow> Run::new_messages() {
    std::vector<storage::MessageRow> rows = store_->read_messages({}, {0, 200});
    rows.erase(std::remove_if(rows.begin(), rows.end(), [&](const auto& row) { return row.row <= last_row_; }),
               rows.end());
    std::reverse(rows.begin(), rows.end());
    if (!rows.empty()) last_row_ = rows.back().row;
    for (const auto& row : rows)
        require(!row.text.empty() && row.to == number_of(traveller(row)), "a message without text or number");
    all_messages_ += static_cast<int>(rows.size());
    return rows;
}

void Run::compare_spending(int customer, const CustomerState& state) {
    std::map<std::pair<std::string, Time>, Spend> there;
    for (const protection::CapCount& count : state.counts)
        there[{count.cap, count.start.ms}] = {std::max<std::int64_t>(0, count.used), count.overrun, count.stage,
                                              count.mark};
    for (auto [key, spend] : model_.spend(customer)) {
        spend.used = std::max<std::int64_t>(0, spend.used);
        const auto found = there.find(key);
        const Spend really = found == there.end() ? Spend{} : found->second;
        require(std::tie(really.used, really.overrun, really.stage, really.mark) ==
                    std::tie(spend.used, spend.overrun, spend.stage, spend.mark),
                fmt::format("traveller {}: cap {} from {} has {}; expected {}", customer, key.first,
                            tariffs::to_rfc3339(Instant{key.second}), text_of(really), text_of(spend)));
    }
}

std::string Run::country_of(const CustomerState& state) {
    const protection::KnownPlace* place = state.place();
    if (!place) return "";
    return place->home() ? "GB" : place->country.none() ? "NT" : place->country.code();
}

std::set<Hold> Run::holds_of(const CustomerState& state) {
    std::set<Hold> holds;
    for (const protection::Hold& hold : state.holds) {
        Hold one;
        one.cause =
            hold.cause == protection::Cause::cap ? "cap:" + hold.about : "destination:" + place_word(hold.about);
        for (tariffs::Service service : hold.services)
            one.services.insert(service_of(service));
        one.sleeping = hold.asleep;
        holds.insert(one);
    }
    return holds;
}

void Run::compare_questions(int customer, const CustomerState& state) {
    std::multiset<std::pair<std::string, std::string>> there, expected;
    for (const protection::Question& one : state.questions)
        if (one.state == protection::QuestionState::pending)
            there.insert(one.cause == protection::Cause::cap
                             ? std::pair<std::string, std::string>("confirm_cap", one.about)
                             : std::pair<std::string, std::string>("confirm_destination", place_word(one.about)));
    for (const Question& one : model_.questions(customer))
        if (one.state == Question::State::pending) expected.insert({one.kind, one.about});
    const auto text = [](const auto& all) {
        std::string list;
        for (const auto& [kind, about] : all)
            list += " " + kind + ":" + about;
        return list;
    };
    require(there == expected,
            fmt::format("traveller {}: open questions are{}; expected{}", customer, text(there), text(expected)));
}

storage::CustomerId Run::id_of(int customer) { return store_->read_alias("m:" + number_of(customer)).value(); }

CustomerState Run::state_of(int customer) {
    return storage::decode_state(store_->read_customer(id_of(customer))->state);
}

int Run::traveller(const storage::MessageRow& row) {
    for (int customer = 0; customer < travellers; ++customer)
        if (id_of(customer) == row.customer) return customer;
    throw Broken{"a message of somebody unknown"};
}

}  // namespace roamguard::simulation
