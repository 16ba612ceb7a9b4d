#include "service/http/api.h"
#include "service/http/three_gpp_problem.h"
#include "service/intake/three_gpp.h"

// Roaming status from the core network: TS 29.122 (NEF/SCEF monitoring events) and TS 29.503 (UDM event exposure).
namespace roamguard::http {
namespace {

using Reader = tl::expected<std::vector<intake::RoamingEvent>, intake::Refusal> (*)(std::string_view, tariffs::Instant,
                                                                                    const intake::Limits&);

Response refused(const intake::Refusal& refusal) {
    std::vector<InvalidParam> params;
    for (const intake::FieldFault& fault : refusal.errors)
        params.push_back({fault.pointer, fault.detail});
    const bool unreadable = refusal.code == "not_json" || refusal.errors.empty();
    return three_gpp_problem(refusal.status, unreadable ? "INVALID_MSG_FORMAT" : "MANDATORY_IE_INCORRECT",
                             refusal.detail, params);
}

/// All reports of one notification are durable together, or none is taken.
Response take_reports(Api& api, const Request& request, Reader read) {
    if (request.header("content-type").value_or("").rfind("application/json", 0) != 0)
        return three_gpp_problem(415, "INVALID_MSG_FORMAT", "send application/json", {});
    const tariffs::Instant now = api.engine.now();
    auto events = read(request.body, now, api.intake);
    std::vector<intake::ReadEvent> taken;
    if (!events)
        taken.push_back(tl::unexpected(events.error()));
    else
        for (intake::RoamingEvent& event : *events)
            taken.push_back(std::move(event));
    engine::EventsJob job(std::move(taken));
    if (job.weight() > 0)
        if (auto refusal = submit(api, job)) return *refusal;
    count_events(api, job, now);
    if (!events) return refused(events.error());
    Response done;
    done.status = 204;
    return done;
}

Route report_route(Api& api, std::string path, std::string summary, Reader read, const char* operation,
                   const char* body) {
    constexpr std::size_t max_body = 256 * 1024;
    return {"POST",
            std::move(path),
            {"platform"},
            std::move(summary),
            max_body,
            [&api, read](const Request& request) { return take_reports(api, request, read); },
            Doc(operation, "3GPP")
                .in(Doc::Dialect::three_gpp)
                .says("Reports of other kinds are passed over. All reports of one notification are durable "
                      "together, or none is taken.")
                .takes("application/json", body)
                .gives(204, "", "Durable.")
                .may(400, "Not JSON, or a report breaks a rule; `invalidParams` names each.")
                .may(409, "A report came before with other content.")
                .may(413, "Too many reports, or too many bytes.")
                .commits()
                .signable()};
}

}  // namespace

void add_three_gpp_routes(std::vector<Route>& routes, Api& api) {
    routes.push_back(report_route(api, "/3gpp/monitoring-events", "Roaming status by 3GPP TS 29.122 (NEF, SCEF).",
                                  &intake::read_monitoring_events, "notifyMonitoringEvents", "MonitoringNotification"));
    routes.push_back(report_route(api, "/3gpp/ee-notifications",
                                  "Roaming status by 3GPP TS 29.503 (UDM event exposure).",
                                  &intake::read_ee_notifications, "notifyEventExposure", "EeNotification"));
}

}  // namespace roamguard::http
