#include "service/engine/events_job.h"

#include <algorithm>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "data/digest.h"

namespace roamguard::engine {

using intake::RoamingEvent;

namespace {

using intake::ReadEvent;
using intake::Refusal;
using protection::Outcome;

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

/// A CAMARA event may name a subscription alone, which must have been learnt before.
bool names_nobody(Turn& turn, const intake::Subscriber& subscriber) {
    return subscriber.msisdn.none() && subscriber.imsi.empty() && subscriber.id.empty() &&
           !turn.find(alias_of_camara(subscriber.camara_subscription));
}

EventResult refuse(Turn& turn, const RoamingEvent& event, int status, std::string code, std::string pointer,
                   std::string detail) {
    Refusal refusal;
    refusal.status = status;
    refusal.errors = {{std::move(pointer), code, detail}};
    refusal.code = std::move(code);
    refusal.detail = std::move(detail);
    refusal.id = event.id;
    refusal.source = event.source;
    refusal.type = event.type_name;
    refusal.body = event.data_json.substr(0, 4096);
    return rejected(turn, refusal);
}

EventResult unknown_subscription(Turn& turn, const RoamingEvent& event) {
    return refuse(turn, event, 422, "unknown_subscription", "/data/subscriptionId",
                  "there is no device in it, and no customer is known by this subscriptionId; tell whose it is by PUT "
                  "/v1/camara/subscriptions/{id} and send the event again");
}

EventResult reused_id(Turn& turn, const RoamingEvent& event) {
    return refuse(turn, event, 409, "id_reused", "/id",
                  "an event with this source and id was taken before with other content; a new event needs a new id");
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

constexpr std::size_t most_subscriptions = 32;

void forget_subscription(Turn& turn, Working& customer, const std::string& subscription) {
    std::erase(customer.state.camara_subscriptions, subscription);
    turn.drop_alias(alias_of_camara(subscription));
    customer.changed = true;
}

/// A subscription that ended names nobody any more.
bool ends_subscription(const RoamingEvent& event) {
    return event.type == intake::EventType::subscription &&
           (event.type_name.ends_with(".subscription-ended") || event.type_name.ends_with(".subscription-ends"));
}

/// Nobody said which country: a CAMARA server is asked, within the time the wait lasts.
void ask_camara(Turn& turn, Working& customer, const RoamingEvent& event, const std::string& seed) {
    const customers::Profile& profile = customer.state.profile;
    const bool waits = event.type == intake::EventType::roaming_on && customer.state.unsettled &&
                       customer.state.unsettled->event == event.id;
    if (!waits || !turn.around.camara_asks || profile.msisdn.none()) return;
    storage::MessageRow row;
    row.id = "r-" + data::to_hex(data::sha256(seed + "/retrieve"), 10);
    row.kind = "camara_retrieve";
    row.channel = "camara";
    row.topic = "retrieve";
    row.to = profile.msisdn.e164();
    row.text = nlohmann::json{{"at", event.time.at.ms}}.dump();
    row.cause = event.id;
    row.expires = turn.now + turn.around.rules.camara_settle_after;
    turn.send(customer, std::move(row));
}

EventResult process(Turn& turn, const RoamingEvent& event) {
    if (names_nobody(turn, event.subscriber)) return unknown_subscription(turn, event);
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
    result.warned_early = std::any_of(decision.owed.begin(), decision.owed.end(),
                                      [](const protection::Owed& owed) { return owed.facts.early; });
    ask_camara(turn, customer, event, seed);
    if (ends_subscription(event)) forget_subscription(turn, customer, event.subscriber.camara_subscription);
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

std::vector<std::string> aliases_of(const intake::Subscriber& subscriber) {
    std::vector<std::string> aliases;
    if (!subscriber.msisdn.none()) aliases.push_back(alias_of(subscriber.msisdn));
    if (!subscriber.imsi.empty()) aliases.push_back(alias_of_imsi(subscriber.imsi));
    if (!subscriber.id.empty()) aliases.push_back(alias_of_id(subscriber.id));
    if (!subscriber.camara_subscription.empty()) aliases.push_back(alias_of_camara(subscriber.camara_subscription));
    return aliases;
}

geoip::Place find_place(const Turn& turn, const RoamingEvent& event, geoip::Country home) {
    const bool camara = event.type_name.rfind("org.camaraproject.", 0) == 0;
    if (event.at_home) {
        geoip::Place place;
        place.klass = geoip::NetworkClass::home;
        place.country = home;
        place.basis = camara ? geoip::Basis::camara : geoip::Basis::none;
        return place;
    }
    geoip::PlaceQuery query;
    query.plmn = event.plmn;
    query.mcc = event.mcc;
    query.camara_countries = event.countries;
    query.tadig = event.tadig;
    query.ip = event.ip;
    query.ip_of = event.ip_of;
    query.home_country = home;
    return geoip::resolve(query, *turn.around.networks, turn.around.ips.get(), turn.around.home_plmns,
                          geoip::Explain::off);
}

void EventsJob::want(Wants& wants) const {
    for (const ReadEvent& read : events_) {
        if (!read) continue;
        const std::vector<std::string> aliases = aliases_of(read->subscriber);
        wants.aliases.insert(wants.aliases.end(), aliases.begin(), aliases.end());
        wants.keys.push_back(read->key);
        if (read->type == intake::EventType::usage && !read->session.empty())
            wants.sessions.emplace_back(aliases.front(), session_number(read->session));
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

namespace {

Resolved resolve_named(Turn& turn, const intake::Subscriber& subscriber) {
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

}  // namespace

void learn_subscription(Turn& turn, Working& customer, const std::string& subscription) {
    const auto known = turn.find(alias_of_camara(subscription));
    if (known && *known == customer.id) return;
    if (Working* before = known ? turn.customer(*known) : nullptr) {
        std::erase(before->state.camara_subscriptions, subscription);
        before->changed = true;
    }
    turn.set_alias(alias_of_camara(subscription), customer.id);
    customer.state.camara_subscriptions.push_back(subscription);
    customer.changed = true;
    if (customer.state.camara_subscriptions.size() > most_subscriptions)
        forget_subscription(turn, customer, std::string(customer.state.camara_subscriptions.front()));
}

Resolved resolve_customer(Turn& turn, const intake::Subscriber& subscriber) {
    const std::string& subscription = subscriber.camara_subscription;
    const bool named = !subscriber.msisdn.none() || !subscriber.imsi.empty() || !subscriber.id.empty();
    if (named) {
        const Resolved resolved = resolve_named(turn, subscriber);
        if (!subscription.empty()) learn_subscription(turn, *resolved.customer, subscription);
        return resolved;
    }
    const auto known = turn.find(alias_of_camara(subscription));
    if (!known) throw std::logic_error("an event that names nobody was not refused");
    return {turn.customer(*known), false};
}

}  // namespace roamguard::engine
