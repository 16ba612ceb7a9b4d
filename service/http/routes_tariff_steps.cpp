#include <algorithm>
#include <stdexcept>

#include "data/digest.h"
#include "service/engine/tariff_audit.h"
#include "service/http/tariff_views.h"
#include "service/json/reader.h"
#include "tariffs/rails.h"

namespace roamguard::http {
namespace {

using engine::StepRefusal;
using nlohmann::json;
using storage::AuditRow;
using storage::VersionRow;

/// A small JSON object body; empty counts as `{}`. Members it does not take are refused.
tl::expected<json, Response> read_object(const Request& request, const std::vector<std::string>& members) {
    if (request.body.empty()) return json::object();
    auto read = roamguard::json::read_json(request.body, 8);
    if (!read) return tl::unexpected(problem(400, "not_json", "the body is not JSON: " + read.error().detail));
    if (!read->is_object()) return tl::unexpected(problem(422, "invalid_body", "the body must be a JSON object"));
    for (const auto& [name, value] : read->items())
        if (std::find(members.begin(), members.end(), name) == members.end())
            return tl::unexpected(problem(422, "unknown_field", "there is no field " + name + " here",
                                          {{"/" + name, "unknown_field", "unknown field"}}));
    return *read;
}

std::optional<std::string> text_member(const json& body, const char* name) {
    const auto at = body.find(name);
    if (at == body.end() || at->is_null()) return std::string{};
    if (!at->is_string()) return std::nullopt;
    return at->get<std::string>();
}

tl::expected<engine::Step, Response> read_step(const Request& request, const json& body) {
    const auto reason = text_member(body, "reason");
    if (!reason)
        return tl::unexpected(
            problem(422, "invalid_field", "reason is a text", {{"/reason", "invalid_field", "a text"}}));
    return engine::Step{request.role_name, *reason, request.header("if-match")};
}

std::string in_words(int version) { return version ? "version " + std::to_string(version) : "no version"; }

/// What came into force since a draft was reviewed.
std::string came_between(Api& api, const VersionRow& draft, int in_force) {
    const bool approved = !draft.approved_by.empty();
    return in_words(approved ? draft.approved_base : draft.base) + " was in force when version " +
           std::to_string(draft.number) + (approved ? " was approved, " : " was uploaded, ") + in_words(in_force) +
           " is now: look at /v1/tariffs/versions/" + std::to_string(draft.number) + "/diff" +
           (api.engine.around()->four_eyes ? " and have it approved again" : "");
}

Response refused(StepRefusal refusal, const VersionRow& version) {
    const std::string number = std::to_string(version.number);
    switch (refusal) {
        case StepRefusal::not_a_draft:
            return problem(409, "not_a_draft",
                           "only a draft can be approved or published, and version " + number + " is published");
        case StepRefusal::changed: {
            Response response = problem(412, "changed_meanwhile",
                                        "version " + number + " is no longer as it was when it was looked at");
            response.headers.emplace_back("ETag", engine::etag_of(version));
            return response;
        }
        case StepRefusal::match_required:
            return problem(428, "if_match_required",
                           "under four eyes send If-Match with the ETag of the version that was looked at");
        case StepRefusal::reason_required:
            return problem(422, "reason_required", "under four eyes each step needs a reason",
                           {{"/reason", "required", "why"}});
        case StepRefusal::own_draft:
            return problem(403, "own_draft",
                           "version " + number + " was uploaded by " + version.created_by +
                               ", who is asking: somebody else has to approve it, with a key of another name");
        case StepRefusal::not_approved:
            return problem(409, "not_approved", "version " + number + " needs the approval of a second person first");
        case StepRefusal::force_changed:
            return problem(409, "changed_meanwhile", "another version came into force at this moment: try again");
        case StepRefusal::none:
        case StepRefusal::stale:
        case StepRefusal::guard_rails:
            break;
    }
    throw std::logic_error("a refusal without an answer");
}

Response approve(Api& api, const Request& request) {
    const auto row = find_version(api, request.captures[0]);
    if (!row) return no_such_version();
    const auto body = read_object(request, {"reason"});
    if (!body) return body.error();
    auto step = read_step(request, *body);
    if (!step) return step.error();
    engine::ApproveJob job(row->number, std::move(*step));
    if (auto refusal = submit(api, job)) return *refusal;
    if (job.refusal() != StepRefusal::none) return refused(job.refusal(), job.version());
    return version_response(job.version(), version_json(job.version(), api));
}

tl::expected<std::optional<tariffs::Instant>, Response> read_effective_at(Api& api, const json& body) {
    const std::string rule = "effectiveAt must be an RFC 3339 time with an offset, now or later";
    const auto when = text_member(body, "effectiveAt");
    if (when && when->empty()) return std::nullopt;
    const auto written = when ? tariffs::parse_rfc3339(*when) : std::nullopt;
    if (written && written->at + tariffs::seconds(60) >= api.engine.now()) return written->at;
    return tl::unexpected(
        problem(422, "invalid_field", rule, {{"/effectiveAt", written ? "in_the_past" : "not_a_time", rule}}));
}

Response broken_guard_rails(const VersionRow& row, const std::vector<tariffs::Fault>& broken) {
    return problem(422, "guard_rails",
                   "version " + std::to_string(row.number) + " breaks " + std::to_string(broken.size()) +
                       (broken.size() == 1 ? " guard rail" : " guard rails") +
                       ", nothing was published; the first: " + broken.front().detail,
                   {}, {{"errors", faults_json(broken)}});
}

Response publish(Api& api, const Request& request) {
    const auto row = find_version(api, request.captures[0]);
    if (!row) return no_such_version();
    const auto body = read_object(request, {"effectiveAt", "reason"});
    if (!body) return body.error();
    auto step = read_step(request, *body);
    if (!step) return step.error();
    const auto effective_at = read_effective_at(api, *body);
    if (!effective_at) return effective_at.error();
    const std::shared_ptr<const tariffs::Table> table = table_of(api, *row);
    if (!table) return no_longer_valid();
    const InForce former = in_force_at(api, effective_at->value_or(api.engine.now()));
    const std::vector<tariffs::Fault> broken = tariffs::broken_rails(*table, former.table.get());
    engine::PublishJob job(row->number, table, *effective_at, {former.number, broken}, std::move(*step));
    if (auto refusal = submit(api, job)) return *refusal;
    if (job.refusal() == StepRefusal::guard_rails) return broken_guard_rails(*row, broken);
    if (job.refusal() == StepRefusal::stale)
        return problem(409, "stale_draft", came_between(api, job.version(), job.in_force()));
    if (job.refusal() != StepRefusal::none) return refused(job.refusal(), job.version());
    json out = version_json(job.version(), api);
    out["warnings"] = json::array();
    if (job.stale())
        out["warnings"] =
            faults_json({tariffs::Fault{"", 0, "", "", "stale_draft", came_between(api, *row, job.in_force())}});
    return version_response(job.version(), out);
}

Response roll_back(Api& api, const Request& request) {
    const auto body = read_object(request, {"to", "reason"});
    if (!body) return body.error();
    auto step = read_step(request, *body);
    const auto to = body->find("to");
    if (to == body->end() || !to->is_number_integer())
        return problem(422, "invalid_field", "a rollback needs to, a version's number",
                       {{"/to", "required", "a version's number"}});
    if (!step) return step.error();
    const auto row = find_version(api, to->dump());
    if (!row) return no_such_version();
    if (row->state != "published")
        return problem(409, "never_published", "only a version that was published can be rolled back to");
    if (step->if_match && !engine::matches(*step->if_match, *row)) return refused(StepRefusal::changed, *row);
    if (api.engine.around()->four_eyes && step->reason.empty()) return refused(StepRefusal::reason_required, *row);
    const std::shared_ptr<const tariffs::Table> table = table_of(api, *row);
    if (!table) return no_longer_valid();
    const InForce former = in_force_at(api, api.engine.now());
    engine::RollbackJob job(row->number, api.store().read_files(row->number), table, std::move(*step));
    if (auto refusal = submit(api, job)) return *refusal;
    json out = version_json(job.version(), api);
    out["warnings"] = faults_json(tariffs::broken_rails(*table, former.table.get()));
    return version_response(job.version(), out);
}

json step_json(const AuditRow& row) {
    return {{"number", row.number},
            {"at", tariffs::to_rfc3339(row.at)},
            {"version", row.version},
            {"action", row.action},
            {"by", row.who},
            {"reason", row.reason},
            {"digest", row.digest},
            {"detail", row.detail},
            {"hash", data::to_hex(row.hash)}};
}

Response list_steps(Api& api, const Request& request, int version) {
    const auto page = read_page(request);
    if (!page) return page.error();
    json items = json::array();
    std::optional<std::int64_t> next;
    const std::vector<AuditRow> rows = api.store().read_audit(version, *page);
    for (const AuditRow& row : rows)
        items.push_back(step_json(row));
    if (static_cast<int>(rows.size()) == page->limit && rows.back().number > 1) next = rows.back().number;
    return list_response(std::move(items), next);
}

Response list_steps_of(Api& api, const Request& request) {
    const auto row = find_version(api, request.captures[0]);
    return row ? list_steps(api, request, row->number) : no_such_version();
}

/// The versions are read before the steps, so that one which is made meanwhile has its steps.
Response verify_steps(Api& api, const Request&) {
    const std::vector<VersionRow> versions = api.store().read_versions();
    std::vector<AuditRow> steps;
    for (storage::Page page{0, 500};; page.before = steps.back().number) {
        const std::vector<AuditRow> some = api.store().read_audit(0, page);
        steps.insert(steps.end(), some.begin(), some.end());
        if (static_cast<int>(some.size()) < page.limit) break;
    }
    std::reverse(steps.begin(), steps.end());
    const auto fault = engine::audit_fault(
        steps, versions, [&](int version) { return engine::files_digest(api.store().read_files(version)); });
    json out = {{"whole", !fault}, {"steps", steps.size()}, {"head", nullptr}};
    if (!steps.empty()) out["head"] = data::to_hex(steps.back().hash);
    if (fault) out["fault"] = *fault;
    return json_response(out);
}

}  // namespace

void add_tariff_step_routes(std::vector<Route>& routes, Api& api) {
    const std::vector<std::string> readers{"product", "approver", "care"};
    const std::string if_match =
        "The version's `ETag` as it was when it was looked at; required under `tariffs.four-eyes`.";
    routes.push_back(
        {"POST",
         "/v1/tariffs/versions/{n}/approve",
         {"approver"},
         "Marks a draft as approved by a second person.",
         4096,
         [&api](const Request& request) { return approve(api, request); },
         Doc("approveTariffs", "Tariffs")
             .says("Nobody approves what their own key, or one of the same name, has uploaded. Under "
                   "`tariffs.four-eyes` no draft is published without it, and it is void once another version is in "
                   "force than when it was given.")
             .header("If-Match", "string", if_match)
             .takes("application/json", "Approval")
             .may_be_empty()
             .gives(200, "TariffVersion", "Approved.")
             .with("ETag")
             .may(400, "The body is not JSON.")
             .may(403, "`own_draft`: whoever uploaded it does not approve it; or the key's role is another.")
             .may(404, "There is no version with this number.")
             .may(409, "`not_a_draft`.")
             .may(412, "`changed_meanwhile`: `If-Match` names another state of it.")
             .may(422, "An unknown field; or under four eyes `reason_required`.")
             .may(428, "`if_match_required`, under four eyes.")
             .commits()});
    routes.push_back(
        {"POST",
         "/v1/tariffs/versions/{n}/publish",
         {"approver"},
         "Puts a draft in force, now or later.",
         4096,
         [&api](const Request& request) { return publish(api, request); },
         Doc("publishTariffs", "Tariffs")
             .says("Atomic for every later event. Usage is rated by the version in force at its own time. Guard rails "
                   "and sample trips of the draft must hold. Under `tariffs.four-eyes` it needs the approval of "
                   "somebody else, given against the version that is in force, a reason and `If-Match`; else a draft "
                   "that was compared with another version is told of in `warnings`.")
             .header("If-Match", "string", if_match)
             .takes("application/json", "Publication")
             .may_be_empty()
             .gives(200, "TariffVersion", "Published.")
             .with("ETag")
             .may(400, "The body is not JSON.")
             .may(404, "There is no version with this number.")
             .may(409, "`not_a_draft`, `not_approved`, `stale_draft`; or it no longer compiles.")
             .may(412, "`changed_meanwhile`: `If-Match` names another state of it.")
             .gives_as(422, "application/problem+json", "PublicationProblem",
                       "`guard_rails`: `errors` has each that is broken; `effectiveAt` is no time, or past; an unknown "
                       "field; or under four eyes `reason_required`.")
             .may(428, "`if_match_required`, under four eyes.")
             .commits()});
    routes.push_back(
        {"POST",
         "/v1/tariffs/rollback",
         {"approver"},
         "Publishes an earlier version's files again.",
         4096,
         [&api](const Request& request) { return roll_back(api, request); },
         Doc("rollBackTariffs", "Tariffs")
             .says("They come into force at once, under a number of their own. It needs nobody's approval, "
                   "since they were in force before; guard rails they break are told of in `warnings`.")
             .header("If-Match", "string", "The `ETag` of the version to go back to.")
             .takes("application/json", "Rollback")
             .gives(200, "TariffVersion", "The new version.")
             .with("ETag")
             .may(400, "The body is not JSON.")
             .may(404, "There is no version with this number.")
             .may(409, "It was never published, or no longer compiles.")
             .may(412, "`changed_meanwhile`: `If-Match` names another state of it.")
             .may(422, "`to` is missing, or no number; or under four eyes `reason_required`.")
             .commits()});
    routes.push_back({"GET", "/v1/tariffs/audit", readers, "Every step of the tariff work, newest first.", 0,
                      [&api](const Request& request) { return list_steps(api, request, 0); },
                      Doc("listTariffSteps", "Tariffs")
                          .says("A step is committed with what it did. Its hash covers the hash before and the step.")
                          .paged()
                          .gives(200, "TariffStepList", "The steps.")});
    routes.push_back({"GET", "/v1/tariffs/audit/verify", readers, "Whether the audit of the tariff work is whole.", 0,
                      [&api](const Request& request) { return verify_steps(api, request); },
                      Doc("verifyTariffSteps", "Tariffs")
                          .says("Computes every hash again, and holds the versions and their files against the steps: "
                                "what was published by no step, or other files than were uploaded, shows. Whoever "
                                "keeps `head` outside sees too when the newest steps were taken away.")
                          .gives(200, "TariffAuditVerdict", "Whether it is whole, else what is wrong.")});
    routes.push_back({"GET", "/v1/tariffs/versions/{n}/audit", readers, "The steps of one version, newest first.", 0,
                      [&api](const Request& request) { return list_steps_of(api, request); },
                      Doc("listStepsOfTariffVersion", "Tariffs")
                          .paged()
                          .gives(200, "TariffStepList", "The steps.")
                          .may(404, "There is no version with this number.")});
}

}  // namespace roamguard::http
