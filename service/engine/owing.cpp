#include "service/engine/owing.h"

#include <algorithm>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "data/digest.h"
#include "service/engine/links.h"
#include "service/engine/payers.h"
#include "service/engine/platform.h"
#include "service/engine/policy_counters.h"

namespace roamguard::engine {
namespace {

using notifications::Kind;
using protection::Owed;
using tariffs::hours;

/// After this a message is pointless: it would tell of yesterday.
tariffs::Span life_of(Kind kind) {
    switch (kind) {
        case Kind::welcome:
        case Kind::inadvertent:
        case Kind::no_guarantee:
        case Kind::threshold:
        case Kind::pass_threshold:
        case Kind::help:
        case Kind::usage:
            return hours(12);
        case Kind::confirm_destination:
        case Kind::confirm_cap:
            return hours(24);
        case Kind::cap_reached:
        case Kind::receipt:
        case Kind::declined:
        case Kind::released:
        case Kind::pass_ended:
        case Kind::trip_summary:
            return hours(72);
    }
    return hours(24);
}

std::string list_of(const std::vector<tariffs::Service>& services) {
    std::string text = "[";
    for (tariffs::Service service : services) {
        if (text.size() > 1) text += ',';
        text += fmt::format("\"{}\"", tariffs::word(service));
    }
    return text + "]";
}

std::string place_json(const protection::KnownPlace& place) {
    std::string text = fmt::format("{{\"class\":\"{}\",\"country\":\"{}\",\"basis\":\"{}\"", geoip::word(place.klass),
                                   place.country.code(), geoip::word(place.basis));
    if (place.plmn) text += fmt::format(",\"plmn\":\"{}\"", place.plmn->text());
    return text + "}";
}

std::string price_json(const protection::Priced& priced) {
    if (!priced.priced)
        return fmt::format("{{\"unpriced\":{},\"version\":{}}}", json_text(priced.unpriced_reason), priced.version);
    return fmt::format(
        "{{\"version\":{},\"row\":{},\"plan\":{},\"destination\":{},\"segmentUsed\":{},\"segmentRated\":\"{}\","
        "\"added\":\"{}\",\"currency\":\"{}\"{}}}",
        priced.version, priced.line, json_text(priced.plan_row), json_text(priced.destination_row), priced.segment_used,
        tariffs::to_decimal(priced.rated_segment), tariffs::to_decimal(priced.added), priced.added.currency.code(),
        priced.pass.empty() ? std::string()
                            : fmt::format(",\"pass\":{},\"covered\":{}", json_text(priced.pass), priced.covered));
}

/// Notices of a machine go to whoever pays for it.
bool goes_to_payer(const customers::Profile& profile) {
    return profile.kind && *profile.kind == customers::LineKind::m2m && !profile.payer.none();
}

bool has_app(const customers::Profile& profile) {
    return !profile.app_address.empty() && !goes_to_payer(profile) &&
           std::find(profile.channels.begin(), profile.channels.end(), "app") != profile.channels.end();
}

/// A message that accompanies a hold goes by SMS, since the app may be cut off with the data; an answer to an SMS too.
std::string channel_of(const customers::Profile& profile, const Owed& owed) {
    if (owed.with_hold || owed.answers_sms || owed.to_payer || profile.channels.empty()) return "sms";
    return profile.channels.front() == "app" && !has_app(profile) ? "sms" : profile.channels.front();
}

std::string message_json(const storage::MessageRow& row) {
    return fmt::format(
        "{{\"id\":{},\"kind\":{},\"channel\":{},\"language\":{},\"template\":{},\"templateHash\":{},\"textHash\":\"{}"
        "\",\"text\":{},"
        "\"encoding\":\"{}\",\"segments\":{},\"state\":\"{}\",\"cause\":{},\"cap\":{},\"stage\":{},\"threshold\":{},"
        "\"confirmation\":{}}}",
        json_text(row.id), json_text(row.kind), json_text(row.channel), json_text(row.language),
        json_text(row.template_id), json_text(row.template_hash), data::to_hex(data::sha256(row.text), 16),
        json_text(row.text), row.encoding, row.segments, storage::word(row.state), json_text(row.cause),
        json_text(row.cap), row.stage, row.threshold, json_text(row.question));
}

}  // namespace

std::string json_text(std::string_view text) {
    return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
std::string json_text(Instant at) { return "\"" + tariffs::to_rfc3339(at) + "\""; }

std::string sms_recipient(const Working& customer) {
    const customers::Profile& profile = customer.state.profile;
    return goes_to_payer(profile) ? profile.payer.e164() : profile.msisdn.e164();
}

void record_message(Turn& turn, Working& customer, const storage::MessageRow& row) {
    turn.record(customer, "message", message_json(row));
}

namespace {

/// The token of the link that goes out with a question, to whoever is to answer it; empty where none does.
std::string token_for(Turn& turn, Working& customer, const Owed& owed) {
    if (owed.facts.links == notifications::Links::none || owed.facts.payer_decides || owed.facts.choices.empty())
        return {};
    for (const protection::Question& question : customer.state.questions)
        if (question.id == owed.question) return open_link(turn, customer, question);
    return {};
}

/// A payer reads their own language, and which line is meant.
notifications::Facts for_reader(Turn& turn, const Working& customer, const Owed& owed) {
    const customers::Profile& profile = customer.state.profile;
    notifications::Facts facts = owed.facts;
    if (!owed.to_payer && !goes_to_payer(profile)) return facts;
    if (facts.line.empty()) facts.line = profile.msisdn.masked();
    if (const std::string language = payers_language(turn, profile); !language.empty()) facts.language = language;
    return facts;
}

storage::MessageRow row_of(Turn& turn, Working& customer, const Owed& owed, std::string id, std::string_view cause) {
    const std::string token = token_for(turn, customer, owed);
    notifications::Facts facts = for_reader(turn, customer, owed);
    if (!token.empty()) facts.link = link_to(turn.around.public_url, token);
    const notifications::Rendered rendered = turn.around.templates->render(facts);
    storage::MessageRow row;
    row.id = std::move(id);
    row.kind = notifications::word(owed.facts.kind);
    row.channel = channel_of(customer.state.profile, owed);
    row.to = row.channel == "app" ? customer.state.profile.app_address
             : owed.to_payer      ? customer.state.profile.payer.e164()
                                  : sms_recipient(customer);
    row.language = rendered.language;
    row.text = token.empty() ? rendered.text : masked(rendered.text, token);
    row.encoding = notifications::word(rendered.measure.encoding);
    row.segments = rendered.measure.segments;
    row.template_id = rendered.template_id;
    row.template_hash = rendered.template_hash;
    row.cause = cause;
    row.cap = owed.cap;
    row.stage = owed.stage;
    row.threshold = owed.threshold;
    row.question = owed.question;
    row.expires = owed.facts.expires_at.value_or(turn.now + life_of(owed.facts.kind));
    if (row.to.empty()) {
        row.state = storage::MessageState::failed;
        row.error = "no_address";
    }
    return row;
}

/// What was opened by consent, with the entry of the answer it rests on: what the report of coverage counts. Looks at
/// what happened, not at who should have agreed, so that something opened without an answer shows.
void list_opened(Turn& turn, const Working& customer, const protection::Decision& decision, std::string_view seed) {
    const bool answered = customer.recorded == "answer" || customer.recorded == "reply";
    int n = 0;
    for (const protection::Opened& one : decision.opened) {
        const bool confirmed = answered && !one.question.empty();
        const nlohmann::json body = {{"what", protection::word(one.what)},
                                     {"about", one.about},
                                     {"stage", one.stage},
                                     {"confirmation", one.question},
                                     {"entry", confirmed ? customer.state.last_entry : 0}};
        turn.delta.findings.push_back({fmt::format("opened_{}", protection::word(one.what)),
                                       fmt::format("{}/{}", seed, n++), customer.id, turn.now, body.dump(), false});
        ++turn.consents.opened;
        if (confirmed) ++turn.consents.confirmed;
    }
}

}  // namespace

std::vector<Notification> owe(Turn& turn, Working& customer, const protection::Terms& terms,
                              const protection::Decision& decision, std::string_view cause, std::string_view seed) {
    std::vector<Notification> made;
    list_opened(turn, customer, decision, seed);
    int n = 0;
    const auto put = [&](storage::MessageRow row) {
        made.push_back({row.id, row.kind});
        record_message(turn, customer, row);
        turn.send(customer, std::move(row));
    };
    for (const Owed& owed : decision.owed) {
        const std::string id =
            "n-" +
            data::to_hex(data::sha256(fmt::format("{}/{}/{}", seed, notifications::word(owed.facts.kind), n++)), 10);
        storage::MessageRow row = row_of(turn, customer, owed, id, cause);
        std::optional<storage::MessageRow> besides;
        if (owed.with_hold && !owed.to_payer && has_app(customer.state.profile)) {
            besides = row;
            besides->id += "-app";
            besides->channel = "app";
            besides->to = customer.state.profile.app_address;
            besides->state = storage::MessageState::queued;
            besides->error.clear();
            besides->beside = row.id;
        }
        put(std::move(row));
        if (besides) put(std::move(*besides));
    }
    request_charges(turn, customer, decision, cause);
    tell_platform(turn, customer, decision, cause, seed);
    tell_policy(turn, customer, terms);
    return made;
}

std::string decision_json(const protection::Decision& decision, const protection::CustomerState& state,
                          const protection::Terms& terms, Instant at) {
    std::string text = "{\"outcomes\":[";
    for (std::size_t i = 0; i < decision.outcomes.size(); ++i)
        text += fmt::format("{}\"{}\"", i ? "," : "", protection::word(decision.outcomes[i]));
    text += "]";
    if (decision.place_known) text += ",\"place\":" + place_json(decision.place);
    if (decision.priced) text += ",\"price\":" + price_json(*decision.priced);
    if (!decision.holds.empty()) {
        text += ",\"holds\":[";
        for (std::size_t i = 0; i < decision.holds.size(); ++i) {
            const protection::HoldChange& change = decision.holds[i];
            text += fmt::format("{}{{\"what\":\"{}\",\"cause\":\"{}\",\"about\":{},\"services\":{},\"reason\":{}}}",
                                i ? "," : "", change.what == protection::HoldChange::What::held ? "held" : "released",
                                protection::word(change.cause), json_text(change.about), list_of(change.services),
                                json_text(change.reason));
        }
        text += "]";
    }
    if (!decision.reasons.empty()) {
        text += ",\"reasons\":[";
        for (std::size_t i = 0; i < decision.reasons.size(); ++i)
            text += (i ? "," : "") + json_text(decision.reasons[i]);
        text += "]";
    }
    text += fmt::format(",\"data\":\"{}\"", protection::word(protection::data_state(state, terms)));
    if (decision.priced) {
        text += ",\"caps\":[";
        bool first = true;
        for (const protection::CapView& view : protection::cap_views(state, terms, at)) {
            text += fmt::format("{}{{\"id\":{},\"stage\":{},\"used\":{},\"overrun\":{},\"limit\":{},\"unit\":\"{}\"}}",
                                first ? "" : ",", json_text(view.id), view.stage, view.used, view.overrun,
                                view.limit.value_or(0), view.volume ? "byte" : view.currency.code() + "/1000000");
            first = false;
        }
        text += "]";
    }
    return text + "}";
}

}  // namespace roamguard::engine
