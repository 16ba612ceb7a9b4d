#include "service/engine/events_job.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "data/digest.h"

namespace roamguard::engine {
namespace {

using intake::ReadEvent;
using intake::Refusal;
using intake::RoamingEvent;
using protection::Outcome;

std::string first_alias(const intake::Subscriber& subscriber) {
    if (!subscriber.msisdn.none()) return alias_of(subscriber.msisdn);
    return subscriber.imsi.empty() ? alias_of_id(subscriber.id) : alias_of_imsi(subscriber.imsi);
}

void keep_rejected(Turn& turn, const Refusal& refusal) {
    nlohmann::json errors = nlohmann::json::array();
    for (const intake::FieldFault& fault : refusal.errors)
        errors.push_back({{"pointer", fault.pointer}, {"code", fault.code}, {"detail", fault.detail}});
    turn.delta.rejected.push_back({0, turn.now, refusal.source, refusal.id, refusal.type, refusal.code, refusal.detail,
                                   errors.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                                   refusal.body});
}

EventResult rejected(Turn& turn, const Refusal& refusal) {
    keep_rejected(turn, refusal);
    EventResult result;
    result.id = refusal.id;
    result.source = refusal.source;
    result.outcomes = {Outcome::rejected};
    result.refusal = refusal;
    return result;
}

EventResult reused_id(Turn& turn, const RoamingEvent& event) {
    Refusal refusal;
    refusal.status = 409;
    refusal.code = "id_reused";
    refusal.detail = "an event with this source and id was taken before with other content; a new event needs a new id";
    refusal.errors = {{"/id", "id_reused", refusal.detail}};
    refusal.id = event.id;
    refusal.source = event.source;
    refusal.type = event.type_name;
    refusal.body = event.data_json.substr(0, 4096);
    return rejected(turn, refusal);
}

geoip::Place find_place(const Turn& turn, const RoamingEvent& event, geoip::Country home) {
    geoip::PlaceQuery query;
    query.plmn = event.plmn;
    query.tadig = event.tadig;
    query.ip = event.ip;
    query.ip_of = event.ip_of;
    query.home_country = home;
    return geoip::resolve(query, *turn.around.networks, turn.around.ips.get(), turn.around.home_plmns,
                          geoip::Explain::off);
}

void fill_standing(EventResult& result, const Working& customer, const protection::Terms& terms, Instant at) {
    result.data = protection::data_state(customer.state, terms);
    result.caps = protection::cap_views(customer.state, terms, at);
    result.time_zone = terms.time_zone;
}

/// A redelivery changes nothing; it shows the first result's ids and how things stand now.
EventResult again(Turn& turn, const RoamingEvent& event, const storage::SeenRow& seen) {
    EventResult result;
    result.id = event.id;
    result.source = event.source;
    result.outcomes = {Outcome::duplicate};
    const storage::SeenResult first = storage::decode_seen(seen.result);
    for (const auto& [id, kind] : first.messages)
        result.notifications.push_back({id, kind});
    result.question = first.question;
    if (Working* customer = turn.customer(seen.customer)) {
        const protection::Terms terms = turn.terms(*customer);
        fill_standing(result, *customer, terms, event.time.at);
        result.placed = true;
        result.place = protection::known_place(find_place(turn, event, terms.home_country), terms, turn.around.world(),
                                               event.time.at);
        result.prices = protection::prices_at(result.place, terms, turn.around.world(), event.time.at);
    }
    return result;
}

std::string event_json(const RoamingEvent& event, Instant received) {
    return fmt::format("{{\"id\":{},\"source\":{},\"type\":\"{}\",\"time\":{},\"received\":{},\"data\":{}}}",
                       json_text(event.id), json_text(event.source), event.type_name, json_text(event.time.at),
                       json_text(received), event.data_json);
}

void list_findings(Turn& turn, const Working& customer, const RoamingEvent& event, const std::string& seed,
                   const protection::Decision& decision) {
    if (decision.priced && !decision.priced->priced) {
        nlohmann::json body = {{"event", event.id},
                               {"source", event.source},
                               {"time", tariffs::to_rfc3339(event.time.at)},
                               {"service", tariffs::word(event.service)},
                               {"quantity", event.quantity},
                               {"destination", decision.place.destination()},
                               {"tariffVersion", decision.priced->version},
                               {"reason", decision.priced->unpriced_reason}};
        turn.delta.findings.push_back({"unpriced", seed, customer.id, turn.now, body.dump(), false});
    }
    if (!decision.mismatch) return;
    const protection::Mismatch& mismatch = *decision.mismatch;
    nlohmann::json body = {
        {"session", event.session},
        {"event", event.id},
        {"time", tariffs::to_rfc3339(event.time.at)},
        {"destination", decision.place.destination()},
        {"rated", {{"amount", tariffs::to_decimal(mismatch.rated)}, {"currency", mismatch.rated.currency.code()}}},
        {"charged",
         {{"amount", tariffs::to_decimal(mismatch.charged)}, {"currency", mismatch.charged.currency.code()}}}};
    const std::string about =
        event.session.empty() ? "event/" + seed : fmt::format("{}/{}", customer.id, event.session);
    turn.delta.findings.push_back({"mismatch", about, customer.id, turn.now,
                                   body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                                   !mismatch.differs});
}

EventResult process(Turn& turn, const RoamingEvent& event) {
    // With the time: an id that was forgotten may come again, as another event.
    const std::string seed = fmt::format("{}/{}", data::to_hex(event.key), event.time.at.ms);
    const Resolved resolved = resolve_customer(turn, event.subscriber);
    Working& customer = *resolved.customer;
    const protection::Terms terms = turn.terms(customer);
    protection::Session alone;
    const bool has_session = event.type == intake::EventType::usage && !event.session.empty();
    protection::Session& session = has_session ? turn.session(customer.id, session_number(event.session)) : alone;
    protection::Decision decision = protection::decide(event, find_place(turn, event, terms.home_country), terms,
                                                       turn.around.world(), turn.now, seed, customer.state, session);
    if (resolved.conflict) decision.reasons.push_back("MSISDN and IMSI name different customers: the number's counts");
    turn.record(customer, "event",
                fmt::format("{{\"event\":{},\"decision\":{}}}", event_json(event, turn.now),
                            decision_json(decision, customer.state, terms, event.time.at)));
    EventResult result;
    result.id = event.id;
    result.source = event.source;
    result.outcomes = decision.outcomes;
    result.placed = true;
    result.place = decision.place;
    result.prices = decision.prices;
    result.notifications = owe(turn, customer, terms, decision, event.id, seed);
    result.question = decision.question;
    fill_standing(result, customer, terms, event.time.at);
    list_findings(turn, customer, event, seed, decision);

    storage::SeenResult kept;
    for (const Notification& one : result.notifications)
        kept.messages.emplace_back(one.id, one.kind);
    kept.question = result.question;
    turn.remember({event.key, event.content, customer.id, storage::encode(kept), turn.now});
    return result;
}

}  // namespace

void EventsJob::want(Wants& wants) const {
    for (const ReadEvent& read : events_) {
        if (!read) continue;
        const std::string alias = first_alias(read->subscriber);
        wants.aliases.push_back(alias);
        wants.keys.push_back(read->key);
        if (read->type == intake::EventType::usage && !read->session.empty())
            wants.sessions.emplace_back(alias, session_number(read->session));
    }
}

void EventsJob::run(Turn& turn) {
    results_.clear();
    results_.reserve(events_.size());
    for (const ReadEvent& read : events_) {
        if (!read) {
            results_.push_back(rejected(turn, read.error()));
            continue;
        }
        const storage::SeenRow* seen = turn.seen(read->key);
        if (!seen)
            results_.push_back(process(turn, *read));
        else if (seen->content == read->content)
            results_.push_back(again(turn, *read, *seen));
        else
            results_.push_back(reused_id(turn, *read));
    }
}

Resolved resolve_customer(Turn& turn, const intake::Subscriber& subscriber) {
    const auto by_number = subscriber.msisdn.none() ? std::nullopt : turn.find(alias_of(subscriber.msisdn));
    const auto by_imsi = subscriber.imsi.empty() ? std::nullopt : turn.find(alias_of_imsi(subscriber.imsi));
    const auto by_id = subscriber.id.empty() ? std::nullopt : turn.find(alias_of_id(subscriber.id));
    Resolved resolved;
    if (const auto known = by_number ? by_number : by_id) {
        resolved.customer = turn.customer(*known);
        resolved.conflict = (by_imsi && *by_imsi != *known) || (by_id && *by_id != *known);
        if (!subscriber.imsi.empty() && !by_imsi && resolved.customer->state.profile.imsi.empty()) {
            resolved.customer->state.profile.imsi = subscriber.imsi;
            turn.set_alias(alias_of_imsi(subscriber.imsi), *known);
        }
        return resolved;
    }
    if (by_imsi) {
        Working* known = turn.customer(*by_imsi);
        const bool fits = subscriber.msisdn.none() || known->state.profile.msisdn.none();
        if (fits) {
            if (!subscriber.msisdn.none()) {
                known->state.profile.msisdn = subscriber.msisdn;
                turn.set_alias(alias_of(subscriber.msisdn), known->id);
            }
            resolved.customer = known;
            return resolved;
        }
        resolved.conflict = true;
    }
    Working& made = turn.make_customer();
    customers::Profile& profile = made.state.profile;
    profile.msisdn = subscriber.msisdn;
    if (!by_imsi) profile.imsi = subscriber.imsi;
    profile.id = !subscriber.id.empty()     ? subscriber.id
                 : subscriber.msisdn.none() ? "imsi:" + subscriber.imsi
                                            : fmt::format("c-{}", made.id);
    turn.set_alias(alias_of_id(profile.id), made.id);
    if (!profile.msisdn.none()) turn.set_alias(alias_of(profile.msisdn), made.id);
    if (!profile.imsi.empty()) turn.set_alias(alias_of_imsi(profile.imsi), made.id);
    resolved.customer = &made;
    return resolved;
}

}  // namespace roamguard::engine
