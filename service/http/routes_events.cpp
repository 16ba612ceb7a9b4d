#include "service/engine/events_job.h"
#include "service/http/api.h"

namespace roamguard::http {
namespace {

using nlohmann::json;

constexpr std::size_t max_event_body = 4 << 20;

Response take_events(Api& api, const Request& request) {
    const tariffs::Instant now = api.engine.now();
    intake::HttpHeaders headers{request.headers};
    auto reading = intake::read_events(headers, request.body, now, api.intake);
    std::vector<intake::ReadEvent> events;
    const bool whole_refused = !reading;
    if (whole_refused)
        events.push_back(tl::unexpected(reading.error()));
    else
        events = std::move(reading->events);
    const bool batch = !whole_refused && reading->batch;
    engine::EventsJob job(std::move(events));
    if (job.weight() > 0)
        if (auto refusal = submit(api, job)) return *refusal;
    count_events(api, job, now);
    if (!batch && job.results().front().refusal) return refused(*job.results().front().refusal);
    json results = json::array();
    for (const engine::EventResult& result : job.results())
        results.push_back(result_json(result));
    return json_response({{"results", std::move(results)}});
}

/// The CloudEvents web-hook handshake: consent to the origin that asks.
Response shake_hands(Api& api, const Request& request) {
    Response response;
    response.headers.emplace_back("Allow", "POST, OPTIONS");
    const auto origin = request.header("webhook-request-origin");
    if (!origin) return response;
    response.headers.emplace_back("WebHook-Allowed-Origin", *origin);
    const int rate = api.max_batch_rate_per_minute;
    response.headers.emplace_back("WebHook-Allowed-Rate", rate > 0 ? std::to_string(rate) : "*");
    return response;
}

Response list_rejected(Api& api, const Request& request) {
    const auto page = read_page(request);
    if (!page) return page.error();
    const auto rows = api.store().read_rejected(*page);
    json items = json::array();
    for (const storage::RejectedRow& row : rows)
        items.push_back({{"id", row.event_id},
                         {"source", row.source},
                         {"type", row.type},
                         {"receivedAt", tariffs::to_rfc3339(row.at)},
                         {"code", row.code},
                         {"detail", row.detail},
                         {"errors", json::parse(row.errors, nullptr, false)},
                         {"body", row.body}});
    const bool more = static_cast<int>(rows.size()) == page->limit;
    return list_response(std::move(items), more ? std::optional(rows.back().row) : std::nullopt);
}

Response list_findings(Api& api, const Request& request, const std::string& kind) {
    const auto page = read_page(request);
    if (!page) return page.error();
    const auto rows = api.store().read_findings(kind, *page);
    json items = json::array();
    for (const auto& [row, finding] : rows) {
        json item = json::parse(finding.body, nullptr, false);
        item["foundAt"] = tariffs::to_rfc3339(finding.at);
        if (const auto seen = see_customer(api, finding.customer)) {
            const notifications::Msisdn& number = seen->state.profile.msisdn;
            item["subscriber"] = seen->state.profile.id;
            item["msisdn"] =
                number.none() ? json(nullptr) : json(sees_numbers(request) ? number.e164() : number.masked());
        }
        items.push_back(std::move(item));
    }
    const bool more = static_cast<int>(rows.size()) == page->limit;
    return list_response(std::move(items), more ? std::optional(rows.back().first) : std::nullopt);
}

double seconds_of(tariffs::Span span) { return static_cast<double>(span.ms) / 1000.0; }

}  // namespace

void count_events(Api& api, const engine::EventsJob& job, tariffs::Instant now) {
    for (std::size_t i = 0; i < job.results().size(); ++i) {
        const engine::EventResult& result = job.results()[i];
        api.metrics.event(result);
        if (!job.events()[i]) continue;
        const tariffs::Instant ended = job.events()[i]->ended.value_or(job.events()[i]->time.at);
        api.metrics.delay(seconds_of(now - ended));
        for (protection::Outcome outcome : result.outcomes) {
            const bool threshold = outcome == protection::Outcome::threshold_reached;
            if (threshold && result.warned_early)
                api.metrics.lateness(0);
            else if (threshold || outcome == protection::Outcome::cap_reached)
                api.metrics.lateness(seconds_of(api.engine.now() - ended));
        }
    }
}

void add_event_routes(std::vector<Route>& routes, Api& api) {
    routes.push_back(
        {"POST",
         "/v1/events",
         {"platform"},
         "Takes one CloudEvent or a batch; a 2xx means durable.",
         max_event_body,
         [&api](const Request& request) { return take_events(api, request); },
         Doc("sendEvents", "Events")
             .says("CloudEvents 1.0 over HTTP in all three modes: structured, batched, and binary, where "
                   "the attributes are `ce-` headers and the body is the data. A 200 means that the event, "
                   "every change it caused and every message it owes are on disk. The same event sent again "
                   "is a `duplicate` and changes nothing. In a batch each invalid event is `rejected` by "
                   "itself.")
             .header("ce-id", "CloudEventId", "Binary mode: the event's `id`.")
             .header("ce-source", "CloudEventSource", "Binary mode: the event's `source`.")
             .header("ce-type", "EventType", "Binary mode: the event's `type`.")
             .header("ce-specversion", "SpecVersion", "Binary mode: the version of CloudEvents.")
             .header("ce-time", "Time", "Binary mode: when it happened.")
             .takes("application/cloudevents+json", "Event")
             .takes("application/cloudevents-batch+json", "EventBatch")
             .takes("application/json", "EventData")
             .gives(200, "EventResults", "Durable. One result per event, in order.")
             .may(400, "Not JSON, or not a CloudEvent.")
             .may(409, "`id_reused`: the same source and id came before with other content.")
             .may(415, "Another Content-Type.")
             .may(422, "A field breaks a rule; `errors` names each.")
             .commits()
             .signable()});
    routes.push_back(
        {"OPTIONS",
         "/v1/events",
         {},
         "The CloudEvents web-hook handshake.",
         0,
         [&api](const Request& request) { return shake_hands(api, request); },
         Doc("askToSendEvents", "Events")
             .says("Consent is given to the origin that asks, at the rate of `events.allowed-rate`.")
             .header("WebHook-Request-Origin", "string", "Who wants to send; without it nothing is consented.")
             .gives(200, "", "What is allowed.")
             .with("Allow")
             .with("WebHook-Allowed-Origin")
             .with("WebHook-Allowed-Rate")});
    routes.push_back({"GET",
                      "/v1/events/rejected",
                      {"platform", "care"},
                      "Events that were refused, newest first.",
                      0,
                      [&api](const Request& request) { return list_rejected(api, request); },
                      Doc("listRejectedEvents", "Events").paged().gives(200, "RejectedEventList", "A page of them.")});
    routes.push_back({"GET",
                      "/v1/billing/mismatches",
                      {"care", "product"},
                      "Sessions charged otherwise than the tariff says.",
                      0,
                      [&api](const Request& request) { return list_findings(api, request, "mismatch"); },
                      Doc("listBillingMismatches", "Billing").paged().gives(200, "MismatchList", "A page of them.")});
    routes.push_back({"GET",
                      "/v1/billing/unpriced",
                      {"care", "product"},
                      "Usage that could not be priced or converted.",
                      0,
                      [&api](const Request& request) { return list_findings(api, request, "unpriced"); },
                      Doc("listUnpricedUsage", "Billing").paged().gives(200, "UnpricedList", "A page of them.")});
}

}  // namespace roamguard::http
