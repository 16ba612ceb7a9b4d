#pragma once

#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/engine/engine.h"
#include "service/engine/events_job.h"
#include "service/engine/platform.h"
#include "service/http/metrics.h"
#include "service/http/problem.h"
#include "service/http/server.h"
#include "service/intake/read_events.h"

// The routes: read, one call to the engine or the store, answer. Each file adds its own to the table.
namespace roamguard::http {

/// What the routes need; lives as long as the server.
struct Api {
    engine::Engine& engine;
    Metrics& metrics;
    intake::Limits intake;
    int max_batch_rate_per_minute = 0;  ///< WebHook-Allowed-Rate; 0: `*`
    std::string sms_driver = "sandbox";
    std::string ip_warning;  ///< why there is no IP database; empty when there is
    std::string app_driver = "sandbox";

    [[nodiscard]] storage::Store& store() const { return engine.store(); }
};

/// The whole table that the service runs by, and that its reference is made from.
[[nodiscard]] std::vector<Route> all_routes(Api& api);

void add_event_routes(std::vector<Route>& routes, Api& api);
void add_authorization_routes(std::vector<Route>& routes, Api& api);
void add_destination_routes(std::vector<Route>& routes, Api& api);
void add_tariff_routes(std::vector<Route>& routes, Api& api);
/// Approve, publish, roll back, and the audit of it.
void add_tariff_step_routes(std::vector<Route>& routes, Api& api);
/// What a reviewer looks at: what differs, and what a traveller would be told.
void add_tariff_review_routes(std::vector<Route>& routes, Api& api);
void add_subscriber_routes(std::vector<Route>& routes, Api& api);
void add_pass_routes(std::vector<Route>& routes, Api& api);
void add_report_routes(std::vector<Route>& routes, Api& api);
void add_evidence_routes(std::vector<Route>& routes, Api& api);
void add_confirmation_routes(std::vector<Route>& routes, Api& api);
void add_message_routes(std::vector<Route>& routes, Api& api);
/// `/c/{token}`: the page that a link in a message leads to.
void add_link_routes(std::vector<Route>& routes, Api& api);
void add_operation_routes(std::vector<Route>& routes, Api& api);
void add_store_routes(std::vector<Route>& routes, Api& api);
void add_sandbox_routes(std::vector<Route>& routes, Api& api);
/// `/openapi.json` and `/docs`, which tell of all routes before it and of themselves.
void add_docs_routes(std::vector<Route>& routes);
void add_nchf_routes(std::vector<Route>& routes, Api& api);
void add_sms_routes(std::vector<Route>& routes, Api& api);
void add_camara_routes(std::vector<Route>& routes, Api& api);
void add_three_gpp_routes(std::vector<Route>& routes, Api& api);

/// Runs a job and turns what stands in the way into answers: 503 with Retry-After for an overload or a store that does
/// not answer. Returns the refusal, or nothing when the job is committed.
[[nodiscard]] std::optional<Response> submit(Api& api, engine::Job& job);

/// Counts what events led to, for metrics; `received` is when they came.
void count_events(Api& api, const engine::EventsJob& job, tariffs::Instant received);

/// `?limit=` (1 to 500, default 50) and `?cursor=`; the refusal names the parameter.
[[nodiscard]] tl::expected<storage::Page, Response> read_page(const Request& request, int most = 500);
/// `{"items":[…],"next":…}`.
[[nodiscard]] Response list_response(nlohmann::json items, std::optional<std::int64_t> next);

/// The customer a path part names: `+…`, `imsi:…` or an opaque id. Nothing when nobody is known by it.
[[nodiscard]] std::optional<storage::CustomerId> find_customer(Api& api, const std::string& name);
[[nodiscard]] Response no_such_customer();
/// A customer's state and terms, read from the store.
struct Seen {
    storage::CustomerRow row;
    protection::CustomerState state;
    protection::Terms terms;
};
[[nodiscard]] std::optional<Seen> see_customer(Api& api, storage::CustomerId id);

/// A message's text as whoever asks may see it: as it is delivered where the driver is `sandbox`, else with `…` in the
/// place of its link's token.
[[nodiscard]] std::string shown_text(Api& api, const storage::MessageRow& row);

/// True when the caller may see whole phone numbers.
[[nodiscard]] bool sees_numbers(const Request& request);

// views.cpp: JSON of what answers show.
[[nodiscard]] nlohmann::json money_json(tariffs::Money money);
[[nodiscard]] nlohmann::json result_json(const engine::EventResult& result);
[[nodiscard]] nlohmann::json destination_json(const protection::KnownPlace& place);
[[nodiscard]] nlohmann::json prices_json(const std::vector<protection::PriceView>& prices);
[[nodiscard]] nlohmann::json cap_json(const protection::CapView& view, const std::string& time_zone);
[[nodiscard]] nlohmann::json question_json(const protection::Question& question);
[[nodiscard]] nlohmann::json message_json(const storage::MessageRow& row, const std::string& number);
[[nodiscard]] nlohmann::json refusal_json(const intake::Refusal& refusal);
[[nodiscard]] Response refused(const intake::Refusal& refusal);

}  // namespace roamguard::http
