#include "service/engine/platform.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/digest.h"
#include "service/engine/owing.h"

namespace roamguard::engine {
namespace {

using nlohmann::json;
using protection::HoldChange;

json services_json(const std::vector<tariffs::Service>& services) {
    json list = json::array();
    for (tariffs::Service service : services)
        list.push_back(tariffs::word(service));
    return list;
}

/// What the event is about: the services and causes that begin (or end), each once, in order.
struct About {
    std::vector<tariffs::Service> services;
    std::vector<std::string> causes;

    void add(const HoldChange& change) {
        for (tariffs::Service service : change.services)
            if (std::find(services.begin(), services.end(), service) == services.end()) services.push_back(service);
        const std::string cause(protection::word(change.cause));
        if (std::find(causes.begin(), causes.end(), cause) == causes.end()) causes.push_back(cause);
    }
};

constexpr tariffs::Span life = tariffs::days(35);

json event_head(const std::string& id, std::string_view type, Instant now) {
    return {{"specversion", "1.0"},
            {"id", id},
            {"source", "/roamguard"},
            {"type", type},
            {"time", tariffs::to_rfc3339(now)},
            {"datacontenttype", "application/json"}};
}

void send_event(Turn& turn, Working& customer, HoldChange::What what, const About& about, std::string_view cause,
                std::string_view seed) {
    const bool held = what == HoldChange::What::held;
    const std::string id =
        "h-" +
        data::to_hex(data::sha256(fmt::format("{}/{}/holds/{}", customer.id, seed, customer.state.hold_sequence)), 12);
    json body = event_head(id, held ? "org.roamguard.data.held.v1" : "org.roamguard.data.released.v1", turn.now);
    json allow = json::array();
    if (!turn.around.platform.allow_host.empty()) allow.push_back(turn.around.platform.allow_host);
    body["data"] = {{"subscriber", subscriber_json(customer.state.profile)},
                    {"sequence", customer.state.hold_sequence},
                    {"holds", holds_in_force(customer.state)},
                    {"services", services_json(about.services)},
                    {"causes", about.causes},
                    {"allow", std::move(allow)}};
    storage::MessageRow row;
    row.id = id;
    row.kind = held ? "data_held" : "data_released";
    row.channel = "platform";
    row.topic = "holds";
    row.text = body.dump(-1, ' ', false, json::error_handler_t::replace);
    row.cause = cause;
    row.expires = turn.now + life;
    turn.record(customer, "platform", body.dump(-1, ' ', false, json::error_handler_t::replace));
    turn.send(customer, std::move(row));
}

json pass_data(const protection::HeldPass& pass) {
    json data = {{"id", pass.id},
                 {"pass", pass.pass},
                 {"name", pass.name},
                 {"services", services_json(pass.services)},
                 {"destinations", pass.destinations},
                 {"from", tariffs::to_rfc3339(pass.from)},
                 {"until", tariffs::to_rfc3339(pass.until)},
                 {"tariffVersion", pass.version},
                 {"row", pass.line}};
    data["allowance"] = pass.allowance ? json(*pass.allowance) : json(nullptr);
    return data;
}

}  // namespace

void request_charges(Turn& turn, Working& customer, const protection::Decision& decision, std::string_view cause) {
    for (const std::string& bought : decision.bought) {
        const auto pass = std::find_if(customer.state.passes.begin(), customer.state.passes.end(),
                                       [&](const protection::HeldPass& one) { return one.id == bought; });
        if (pass == customer.state.passes.end()) throw std::logic_error("a pass was bought that is not there");
        storage::MessageRow row;
        row.id = "c-" + data::to_hex(data::sha256(fmt::format("{}/{}", customer.id, pass->id)), 12);
        json body = event_head(row.id, "org.roamguard.charge.requested.v1", turn.now);
        body["data"] = {
            {"subscriber", subscriber_json(customer.state.profile)},
            {"price", {{"amount", tariffs::to_decimal(pass->price)}, {"currency", pass->price.currency.code()}}},
            {"tax", tariffs::word(pass->tax)},
            {"confirmation", pass->question},
            {"pass", pass_data(*pass)}};
        row.kind = "charge_requested";
        row.channel = "platform";
        row.text = body.dump(-1, ' ', false, json::error_handler_t::replace);
        row.question = pass->question;
        row.cause = cause;
        row.expires = turn.now + life;
        if (!turn.around.platform.told) {
            row.state = storage::MessageState::failed;
            row.error = "no_platform";
        }
        turn.record(customer, "platform", row.text);
        turn.send(customer, std::move(row));
    }
}

void tell_platform(Turn& turn, Working& customer, const protection::Decision& decision, std::string_view cause,
                   std::string_view seed) {
    if (!turn.around.platform.told || decision.holds.empty()) return;
    HoldChange::What what = HoldChange::What::released;
    for (const HoldChange& change : decision.holds)
        if (change.what == HoldChange::What::held) what = HoldChange::What::held;
    About about;
    for (const HoldChange& change : decision.holds)
        if (change.what == what) about.add(change);
    send_event(turn, customer, what, about, cause, seed);
}

void release_erased(Turn& turn, Working& customer) {
    About about;
    for (const protection::Hold& hold : customer.state.holds)
        if (auto off = hold.in_force(); !off.empty())
            about.add({HoldChange::What::released, hold.cause, hold.about, std::move(off), {}});
    customer.state.holds.clear();
    if (about.causes.empty() || !turn.around.platform.told) return;
    ++customer.state.hold_sequence;
    send_event(turn, customer, HoldChange::What::released, about, "erased", "erased");
}

json hold_json(const protection::Hold& hold) {
    return {{"cause", protection::word(hold.cause)},
            {"about", hold.about},
            {"services", services_json(hold.asleep ? hold.services : hold.in_force())},
            {"since", tariffs::to_rfc3339(hold.since)},
            {"asleep", hold.asleep},
            {"declined", hold.declined},
            {"confirmation", hold.question.empty() ? json(nullptr) : json(hold.question)}};
}

json holds_in_force(const protection::CustomerState& state) {
    json holds = json::array();
    for (const protection::Hold& hold : state.holds)
        if (!hold.in_force().empty()) holds.push_back(hold_json(hold));
    return holds;
}

json subscriber_json(const customers::Profile& profile) {
    json subscriber = {{"id", profile.id}};
    if (!profile.msisdn.none()) subscriber["msisdn"] = profile.msisdn.e164();
    if (!profile.imsi.empty()) subscriber["imsi"] = profile.imsi;
    return subscriber;
}

}  // namespace roamguard::engine
