#include <fmt/format.h>

#include "service/customers/home.h"
#include "service/http/api.h"

namespace roamguard::http {
namespace {

using nlohmann::json;
using protection::Cause;

std::string local_time(tariffs::Instant at, const std::string& zone) {
    return tariffs::to_rfc3339(at, customers::offset_minutes(at, zone));
}

json amount_json(const protection::CapView& view, std::int64_t value) {
    if (!view.volume) return money_json({value, view.currency});
    return {{"volume", tariffs::to_text({value, tariffs::UnitKind::bytes}, tariffs::Style::counted)}, {"bytes", value}};
}

/// A choice with its terms, as the message printed them.
json choice_json(const protection::Question& question, const std::string& choice, int number) {
    json out = {{"number", number}, {"id", choice}};
    for (const protection::HeldPass& offer : question.offers) {
        if (choice != "pass:" + offer.pass) continue;
        out["name"] = offer.name;
        out["price"] = money_json(offer.price);
        out["tax"] = tariffs::word(offer.tax);
        out["allowance"] = offer.allowance ? json(*offer.allowance) : json(nullptr);
        out["validity"] = tariffs::to_text(offer.validity);
    }
    return out;
}

std::vector<FieldProblem> fields_of(const intake::Refusal& refusal) {
    std::vector<FieldProblem> fields;
    for (const intake::FieldFault& fault : refusal.errors)
        fields.push_back({fault.pointer, fault.code, fault.detail});
    return fields;
}

}  // namespace

json money_json(tariffs::Money money) {
    return {{"amount", tariffs::to_decimal(money)}, {"currency", money.currency.code()}};
}

json destination_json(const protection::KnownPlace& place) {
    json out = {{"country", place.country.none() ? json(nullptr) : json(place.country.code())},
                {"plmn", place.plmn ? json(place.plmn->text()) : json(nullptr)},
                {"class", geoip::word(place.klass)},
                {"basis", geoip::word(place.basis)}};
    if (place.candidates.size() > 1) {
        out["candidates"] = json::array();
        for (geoip::Country country : place.candidates)
            out["candidates"].push_back(country.code());
    }
    return out;
}

json prices_json(const std::vector<protection::PriceView>& prices) {
    json out = json::object();
    for (const protection::PriceView& view : prices) {
        json price = money_json(view.price);
        price["per"] = tariffs::to_text(view.unit, tariffs::Style::per);
        if (view.tax == tariffs::Tax::excl) price["tax"] = "excl";
        out[std::string(tariffs::word(view.service))] = price;
    }
    return out;
}

json cap_json(const protection::CapView& view, const std::string& time_zone) {
    json out = {{"id", view.id},
                {"stage", view.stage},
                {"used", amount_json(view, view.used)},
                {"percent", view.percent},
                {"tax", tariffs::word(view.tax)}};
    out["limit"] = view.limit ? amount_json(view, *view.limit) : json(nullptr);
    out["overrun"] = amount_json(view, view.overrun);
    constexpr std::int64_t open_end_ms = 253402300799000;
    json period = {{"start", nullptr}, {"end", nullptr}};
    if (view.start.ms > 0) period["start"] = local_time(view.start, time_zone);
    if (view.end.ms > 0 && view.end.ms < open_end_ms) period["end"] = local_time(view.end, time_zone);
    out["period"] = period;
    return out;
}

json result_json(const engine::EventResult& result) {
    json out = {{"id", result.id}, {"source", result.source}};
    out["outcome"] = protection::word(result.outcomes.front());
    out["outcomes"] = json::array();
    for (protection::Outcome outcome : result.outcomes)
        out["outcomes"].push_back(protection::word(outcome));
    if (result.refusal) {
        out["error"] = refusal_json(*result.refusal);
        return out;
    }
    out["data"] = protection::word(result.data);
    out["destination"] = result.placed ? destination_json(result.place) : json(nullptr);
    out["price"] = prices_json(result.prices);
    out["caps"] = json::array();
    for (const protection::CapView& view : result.caps)
        out["caps"].push_back(cap_json(view, result.time_zone));
    out["notifications"] = json::array();
    for (const engine::Notification& one : result.notifications)
        out["notifications"].push_back({{"id", one.id}, {"kind", one.kind}});
    out["confirmation"] = result.question.empty() ? json(nullptr) : json{{"id", result.question}};
    return out;
}

json question_json(const protection::Question& question) {
    json out = {{"id", question.id},
                {"kind", question.cause == Cause::cap ? "confirm_cap" : "confirm_destination"},
                {"about", question.about},
                {"state", protection::word(question.state)},
                {"askedAt", tariffs::to_rfc3339(question.asked)},
                {"expiresAt", tariffs::to_rfc3339(question.expires)},
                {"code", question.code}};
    out["choices"] = json::array();
    int number = 1;
    for (const std::string& choice : question.choices)
        out["choices"].push_back(choice_json(question, choice, number++));
    out["decidedAt"] = question.decided ? json(tariffs::to_rfc3339(*question.decided)) : json(nullptr);
    out["choice"] = question.chosen.empty() ? json(nullptr) : json(question.chosen);
    out["by"] = question.by.empty() ? json(nullptr) : json(question.by);
    out["actor"] = question.actor.empty() ? json(nullptr) : json(question.actor);
    if (question.cause == Cause::cap && !question.own_cap) out["stage"] = question.stage;
    out["payerDecides"] = question.payer_decides;
    out["ownCap"] = question.own_cap;
    if (question.price_per_megabyte) out["pricePerMegabyte"] = money_json(*question.price_per_megabyte);
    return out;
}

json message_json(const storage::MessageRow& row, const std::string& number) {
    json out = {{"id", row.id},
                {"msisdn", number.empty() ? json(nullptr) : json(number)},
                {"kind", row.kind},
                {"channel", row.channel},
                {"language", row.language},
                {"text", row.text},
                {"encoding", row.encoding},
                {"segments", row.segments},
                {"state", storage::word(row.state)},
                {"attempts", row.attempts},
                {"cause", row.cause},
                {"template", row.template_id},
                {"createdAt", tariffs::to_rfc3339(row.created)},
                {"expiresAt", tariffs::to_rfc3339(row.expires)}};
    out["sentAt"] = row.sent ? json(tariffs::to_rfc3339(*row.sent)) : json(nullptr);
    out["deliveredAt"] = row.delivered ? json(tariffs::to_rfc3339(*row.delivered)) : json(nullptr);
    out["about"] =
        row.cap.empty() ? json(nullptr) : json{{"cap", row.cap}, {"stage", row.stage}, {"threshold", row.threshold}};
    out["confirmation"] = row.question.empty() ? json(nullptr) : json(row.question);
    out["error"] = row.error.empty() ? json(nullptr) : json(row.error);
    return out;
}

json refusal_json(const intake::Refusal& refusal) {
    return problem_json(refusal.status, refusal.code, refusal.detail, fields_of(refusal));
}

Response refused(const intake::Refusal& refusal) {
    return problem(refusal.status, refusal.code, refusal.detail, fields_of(refusal));
}

}  // namespace roamguard::http
