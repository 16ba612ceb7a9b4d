#include <charconv>

#include "data/digest.h"
#include "service/engine/tariff_jobs.h"
#include "service/http/api.h"
#include "service/http/multipart.h"
#include "service/json/reader.h"

namespace roamguard::http {
namespace {

using nlohmann::json;
using storage::VersionRow;

constexpr std::size_t max_upload = 96u << 20;

json faults_json(const std::vector<tariffs::Fault>& faults) {
    json list = json::array();
    for (const tariffs::Fault& fault : faults)
        list.push_back({{"file", fault.file},
                        {"line", fault.line},
                        {"column", fault.column},
                        {"value", fault.value},
                        {"code", fault.code},
                        {"detail", fault.detail}});
    return list;
}

/// Published and in force later or now is `published`; overtaken by a later one in force is `superseded`.
std::string state_of(const VersionRow& row, const tariffs::Book& book, tariffs::Instant now) {
    if (row.state != "published") return row.state;
    if (row.effective_at && *row.effective_at > now) return "published";
    const tariffs::Version* force = book.in_force(now);
    return force && force->number != row.number ? "superseded" : "published";
}

json version_json(const VersionRow& row, Api& api) {
    const auto around = api.engine.around();
    const tariffs::Instant now = api.engine.now();
    json out = {{"version", row.number},
                {"state", state_of(row, *around->book, now)},
                {"createdAt", tariffs::to_rfc3339(row.created)},
                {"createdBy", row.created_by},
                {"digest", row.digest}};
    out["effectiveAt"] = row.effective_at ? json(tariffs::to_rfc3339(*row.effective_at)) : json(nullptr);
    const tariffs::Version* force = around->book->in_force(now);
    out["inForce"] = force && force->number == row.number;
    if (!row.published_by.empty()) out["publishedBy"] = row.published_by;
    if (!row.note.empty()) out["note"] = row.note;
    return out;
}

std::optional<VersionRow> find_version(Api& api, const std::string& text) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    for (const VersionRow& row : api.store().read_versions())
        if (row.number == number) return row;
    return std::nullopt;
}

Response no_such_version() { return problem(404, "unknown_version", "there is no tariff version with this number"); }

tariffs::Table::Compiled compile(Api& api, const tariffs::TableFiles& files) {
    const auto around = api.engine.around();
    return tariffs::Table::compile(files,
                                   [&](geoip::Country country) { return around->networks->known_country(country); });
}

std::string digest_of(const tariffs::TableFiles& files) {
    data::Sha256Stream stream;
    for (const auto& [name, content] : files) {
        stream.feed(name + "/" + std::to_string(content.size()) + "/");
        stream.feed(content);
    }
    return data::to_hex(stream.finish());
}

tl::expected<tariffs::TableFiles, Response> read_files(const Request& request) {
    const std::string type = request.header("content-type").value_or("");
    if (type.rfind("text/csv", 0) == 0) return tariffs::TableFiles{{"tariffs", request.body}};
    if (type.rfind("multipart/form-data", 0) != 0)
        return tl::unexpected(problem(
            415, "unsupported_media_type",
            "send multipart/form-data with parts named tariffs, zones, passes, fx, or text/csv for tariffs.csv alone"));
    auto parts = read_multipart(type, request.body);
    if (!parts) return tl::unexpected(problem(400, "not_multipart", "the form cannot be read: " + parts.error()));
    tariffs::TableFiles files;
    for (auto& [name, content] : *parts) {
        if (name != "tariffs" && name != "zones" && name != "passes" && name != "fx")
            return tl::unexpected(
                problem(422, "unknown_part", "the part " + name + " is none of tariffs, zones, passes, fx"));
        files[name] = std::move(content);
    }
    return files;
}

Response upload(Api& api, const Request& request) {
    auto files = read_files(request);
    if (!files) return files.error();
    const auto compiled = compile(api, *files);
    if (!compiled.table)
        return problem(422, "invalid_table",
                       std::to_string(compiled.faults.size()) + (compiled.faults.size() == 1 ? " fault" : " faults") +
                           ", nothing was stored; the first: " + compiled.faults.front().file + " line " +
                           std::to_string(compiled.faults.front().line) + ": " + compiled.faults.front().detail,
                       {}, {{"errors", faults_json(compiled.faults)}, {"warnings", faults_json(compiled.warnings)}});
    const std::string digest = digest_of(*files);
    engine::UploadJob job(std::move(*files), request.role_name, digest);
    if (auto refusal = submit(api, job)) return *refusal;
    json out = version_json(job.version(), api);
    out["rows"] = compiled.table->rows().size();
    out["warnings"] = faults_json(compiled.warnings);
    Response response = json_response(out, 201);
    response.headers.emplace_back("Location", "/v1/tariffs/versions/" + std::to_string(job.version().number));
    return response;
}

Response list_versions(Api& api, const Request&) {
    json items = json::array();
    for (const VersionRow& row : api.store().read_versions())
        items.push_back(version_json(row, api));
    return list_response(std::move(items), std::nullopt);
}

Response show_version(Api& api, const Request& request) {
    const auto row = find_version(api, request.captures[0]);
    if (!row) return no_such_version();
    json out = version_json(*row, api);
    out["files"] = json::array();
    for (const auto& [name, content] : api.store().read_files(row->number))
        out["files"].push_back({{"name", name}, {"bytes", content.size()}});
    return json_response(out);
}

Response download(Api& api, const Request& request) {
    const auto row = find_version(api, request.captures[0]);
    if (!row) return no_such_version();
    std::string name = request.captures[1];
    if (name.size() > 4 && name.substr(name.size() - 4) == ".csv") name.resize(name.size() - 4);
    auto files = api.store().read_files(row->number);
    const auto file = files.find(name);
    if (file == files.end()) return problem(404, "unknown_file", "this version has no file of that name");
    Response response;
    response.content_type = "text/csv; charset=utf-8";
    response.body = std::move(file->second);
    response.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + name + ".csv\"");
    return response;
}

/// A small JSON object body; empty counts as `{}`.
tl::expected<json, Response> read_object(const Request& request) {
    if (request.body.empty()) return json::object();
    auto read = roamguard::json::read_json(request.body, 8);
    if (!read) return tl::unexpected(problem(400, "not_json", "the body is not JSON: " + read.error().detail));
    if (!read->is_object()) return tl::unexpected(problem(422, "invalid_body", "the body must be a JSON object"));
    return *read;
}

std::optional<std::string> text_member(const json& body, const char* name) {
    const auto at = body.find(name);
    if (at == body.end() || at->is_null()) return std::string{};
    if (!at->is_string()) return std::nullopt;
    return at->get<std::string>();
}

Response publish(Api& api, const Request& request) {
    const auto row = find_version(api, request.captures[0]);
    if (!row) return no_such_version();
    auto body = read_object(request);
    if (!body) return body.error();
    for (const auto& [name, value] : body->items())
        if (name != "effectiveAt" && name != "reason")
            return problem(422, "unknown_field", "publishing takes effectiveAt and reason, not " + name,
                           {{"/" + name, "unknown_field", "unknown field"}});
    const auto when = text_member(*body, "effectiveAt"), reason = text_member(*body, "reason");
    if (!when || !reason) return problem(422, "invalid_field", "effectiveAt and reason are texts");
    std::optional<tariffs::Instant> effective_at;
    if (!when->empty()) {
        const auto written = tariffs::parse_rfc3339(*when);
        const std::string rule = "effectiveAt must be an RFC 3339 time with an offset, now or later";
        if (!written || written->at + tariffs::seconds(60) < api.engine.now())
            return problem(422, "invalid_field", rule,
                           {{"/effectiveAt", written ? "in_the_past" : "not_a_time", rule}});
        effective_at = written->at;
    }
    const auto compiled = compile(api, api.store().read_files(row->number));
    if (!compiled.table)
        return problem(409, "no_longer_valid", "the draft no longer compiles against the present country list");
    engine::PublishJob job(*row, compiled.table, effective_at, request.role_name, *reason);
    if (auto refusal = submit(api, job)) return *refusal;
    if (!job.refusal().empty()) return problem(409, "not_a_draft", job.refusal());
    return json_response(version_json(job.version(), api));
}

Response roll_back(Api& api, const Request& request) {
    auto body = read_object(request);
    if (!body) return body.error();
    const auto to = body->find("to");
    const auto reason = text_member(*body, "reason");
    if (to == body->end() || !to->is_number_integer() || !reason)
        return problem(422, "invalid_field", "a rollback needs to, a version's number",
                       {{"/to", "required", "a version's number"}});
    const auto row = find_version(api, to->dump());
    if (!row) return no_such_version();
    if (row->state != "published")
        return problem(409, "never_published", "only a version that was published can be rolled back to");
    auto files = api.store().read_files(row->number);
    const auto compiled = compile(api, files);
    if (!compiled.table)
        return problem(409, "no_longer_valid", "that version no longer compiles against the present country list");
    const std::string note = "rollback to " + std::to_string(row->number) + (reason->empty() ? "" : ": " + *reason);
    engine::RollbackJob job(std::move(files), compiled.table, request.role_name, note, row->digest);
    if (auto refusal = submit(api, job)) return *refusal;
    return json_response(version_json(job.version(), api));
}

}  // namespace

void add_tariff_routes(std::vector<Route>& routes, Api& api) {
    const std::vector<std::string> readers{"product", "approver", "care"};
    routes.push_back(
        {"POST",
         "/v1/tariffs/versions",
         {"product"},
         "Uploads a draft: every fault is listed, or it is stored whole.",
         max_upload,
         [&api](const Request& request) { return upload(api, request); },
         Doc("uploadTariffs", "Tariffs")
             .says("A form with parts named `tariffs`, `zones`, `passes` and `fx`, or `tariffs.csv` alone as "
                   "`text/csv`. A table with any fault is refused whole, with every fault listed.")
             .takes("multipart/form-data", "TariffUpload")
             .takes("text/csv", "TariffCsv")
             .gives(201, "TariffVersion", "Stored as a draft.")
             .with("Location")
             .may(400, "The form cannot be read.")
             .may(415, "Another Content-Type.")
             .gives_as(422, "application/problem+json", "TariffProblem",
                       "Faults in the table, or a part of an unknown name.")
             .commits()});
    routes.push_back(
        {"GET", "/v1/tariffs/versions", readers, "All versions, newest first.", 0,
         [&api](const Request& request) { return list_versions(api, request); },
         Doc("listTariffVersions", "Tariffs").gives(200, "TariffVersionList", "All of them, in one page.")});
    routes.push_back({"GET", "/v1/tariffs/versions/{n}", readers, "One version.", 0,
                      [&api](const Request& request) { return show_version(api, request); },
                      Doc("getTariffVersion", "Tariffs")
                          .gives(200, "TariffVersion", "The version, with its files.")
                          .may(404, "There is no version with this number.")});
    routes.push_back({"GET", "/v1/tariffs/versions/{n}/files/{name}", readers, "A file exactly as it was uploaded.", 0,
                      [&api](const Request& request) { return download(api, request); },
                      Doc("downloadTariffFile", "Tariffs")
                          .gives_as(200, "text/csv", "TariffCsv", "The file, byte for byte.")
                          .with("Content-Disposition")
                          .may(404, "There is no such version, or it has no file of that name.")});
    routes.push_back({"POST",
                      "/v1/tariffs/versions/{n}/publish",
                      {"approver"},
                      "Puts a draft in force, now or later.",
                      4096,
                      [&api](const Request& request) { return publish(api, request); },
                      Doc("publishTariffs", "Tariffs")
                          .says("Atomic for every later event. Usage is rated by the version in force at its own time.")
                          .takes("application/json", "Publication")
                          .may_be_empty()
                          .gives(200, "TariffVersion", "Published.")
                          .may(400, "The body is not JSON.")
                          .may(404, "There is no version with this number.")
                          .may(409, "`not_a_draft`, or it no longer compiles.")
                          .may(422, "`effectiveAt` is no time, or past; or an unknown field.")
                          .commits()});
    routes.push_back({"POST",
                      "/v1/tariffs/rollback",
                      {"approver"},
                      "Publishes an earlier version's files again.",
                      4096,
                      [&api](const Request& request) { return roll_back(api, request); },
                      Doc("rollBackTariffs", "Tariffs")
                          .says("They come into force at once, under a number of their own.")
                          .takes("application/json", "Rollback")
                          .gives(200, "TariffVersion", "The new version.")
                          .may(400, "The body is not JSON.")
                          .may(404, "There is no version with this number.")
                          .may(409, "It was never published, or no longer compiles.")
                          .may(422, "`to` is missing, or no number.")
                          .commits()});
}

}  // namespace roamguard::http
