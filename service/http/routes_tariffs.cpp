#include <algorithm>
#include <iterator>

#include "service/http/multipart.h"
#include "service/http/tariff_views.h"
#include "tariffs/annotated.h"
#include "tariffs/oddities.h"
#include "tariffs/rails.h"

namespace roamguard::http {
namespace {

using nlohmann::json;
using storage::VersionRow;

constexpr std::size_t max_upload = 96u << 20;
const std::vector<std::string> file_names{"tariffs", "zones", "passes", "fx", "rails", "trips"};

bool is_file_name(const std::string& name) {
    return std::find(file_names.begin(), file_names.end(), name) != file_names.end();
}

tl::expected<tariffs::TableFiles, Response> read_files(const Request& request) {
    const std::string type = request.header("content-type").value_or("");
    if (type.rfind("text/csv", 0) == 0) return tariffs::TableFiles{{"tariffs", request.body}};
    if (type.rfind("multipart/form-data", 0) != 0)
        return tl::unexpected(problem(
            415, "unsupported_media_type",
            "send multipart/form-data with parts named tariffs, zones, passes, fx, rails, trips, or text/csv for "
            "tariffs.csv alone"));
    auto parts = read_multipart(type, request.body);
    if (!parts) return tl::unexpected(problem(400, "not_multipart", "the form cannot be read: " + parts.error()));
    tariffs::TableFiles files;
    for (auto& [name, content] : *parts) {
        if (!is_file_name(name))
            return tl::unexpected(problem(422, "unknown_part",
                                          "the part " + name + " is none of tariffs, zones, passes, fx, rails, trips"));
        files[name] = std::move(content);
    }
    return files;
}

/// Guard rails and sample trips stand until a draft brings others: leaving the file out takes none away.
void take_over(Api& api, int former, tariffs::TableFiles& files) {
    if (former == 0 || (files.count("rails") && files.count("trips"))) return;
    auto before = api.store().read_files(former);
    for (const char* name : {"rails", "trips"})
        if (const auto file = before.find(name); file != before.end()) files.try_emplace(name, std::move(file->second));
}

/// `?annotated=tariffs`: which file is wanted back with its faults; the refusal names the parameter.
tl::expected<std::string, Response> read_annotated(const Request& request) {
    const std::string name = request.parameter("annotated").value_or("");
    if (name.empty() || is_file_name(name)) return name;
    return tl::unexpected(
        problem(422, "invalid_parameter", "annotated must be one of tariffs, zones, passes, fx, rails, trips"));
}

Response refuse_table(const Request& request, const tariffs::TableFiles& files, const std::string& wanted,
                      const tariffs::Table::Compiled& compiled) {
    if (const auto file = files.find(wanted); file != files.end() && wants_csv(request))
        return csv_response(tariffs::annotated(file->second, wanted + ".csv", compiled.faults, compiled.warnings),
                            wanted + "-faults.csv", 422);
    return problem(422, "invalid_table",
                   std::to_string(compiled.faults.size()) + (compiled.faults.size() == 1 ? " fault" : " faults") +
                       ", nothing was stored; the first: " + compiled.faults.front().file + " line " +
                       std::to_string(compiled.faults.front().line) + ": " + compiled.faults.front().detail,
                   {}, {{"errors", faults_json(compiled.faults)}, {"warnings", faults_json(compiled.warnings)}});
}

void append(std::vector<tariffs::Fault>& list, std::vector<tariffs::Fault> more) {
    list.insert(list.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Response upload(Api& api, const Request& request) {
    const auto wanted = read_annotated(request);
    if (!wanted) return wanted.error();
    auto files = read_files(request);
    if (!files) return files.error();
    const InForce former = in_force_at(api, api.engine.now());
    take_over(api, former.number, *files);
    auto compiled = compile_table(api, *files);
    if (!compiled.table) return refuse_table(request, *files, *wanted, compiled);
    append(compiled.warnings, tariffs::oddities(*compiled.table, former.table.get()));
    const json rails = faults_json(tariffs::broken_rails(*compiled.table, former.table.get()));
    engine::UploadJob job(std::move(*files), request.role_name, former.number);
    if (auto refusal = submit(api, job)) return *refusal;
    json out = version_json(job.version(), api);
    out["rows"] = compiled.table->rows().size();
    out["warnings"] = faults_json(compiled.warnings);
    out["guardRails"] = rails;
    Response response = version_response(job.version(), out, 201);
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
    return version_response(*row, out);
}

/// A file of a stored version with what is odd about it, and which guard rails it breaks, against the version in force.
std::string annotated_draft(Api& api, const tariffs::TableFiles& files, std::string_view csv, const std::string& name) {
    auto compiled = compile_table(api, files);
    if (compiled.table) {
        const InForce former = in_force_at(api, api.engine.now());
        append(compiled.faults, tariffs::broken_rails(*compiled.table, former.table.get()));
        append(compiled.warnings, tariffs::oddities(*compiled.table, former.table.get()));
    }
    return tariffs::annotated(csv, name + ".csv", compiled.faults, compiled.warnings);
}

Response download(Api& api, const Request& request) {
    const auto row = find_version(api, request.captures[0]);
    if (!row) return no_such_version();
    std::string name = request.captures[1];
    if (name.size() > 4 && name.substr(name.size() - 4) == ".csv") name.resize(name.size() - 4);
    auto files = api.store().read_files(row->number);
    const auto file = files.find(name);
    if (file == files.end()) return problem(404, "unknown_file", "this version has no file of that name");
    if (request.parameter("annotated"))
        return csv_response(annotated_draft(api, files, file->second, name), name + "-checked.csv");
    return csv_response(std::move(file->second), name + ".csv");
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
             .says("A form with parts named `tariffs`, `zones`, `passes`, `fx`, `rails` and `trips`, or `tariffs.csv` "
                   "alone as `text/csv`. A table with any fault is refused whole, with every fault listed. Without "
                   "`rails` or `trips` those of the version in force are taken over. `warnings` tells what is odd "
                   "beside the version in force, `guardRails` which guard rails would stop its publication.")
             .query("annotated", "TariffFileName",
                    "With `Accept: text/csv`: a faulty upload is answered with this file, each row's faults in a "
                    "column `error`.")
             .takes("multipart/form-data", "TariffUpload")
             .takes("text/csv", "TariffCsv")
             .gives(201, "TariffVersion", "Stored as a draft.")
             .with("Location")
             .with("ETag")
             .may(400, "The form cannot be read.")
             .may(415, "Another Content-Type.")
             .gives_as(422, "application/problem+json", "TariffProblem",
                       "Faults in the table, or a part of an unknown name.")
             .gives_as(422, "text/csv", "TariffCsv", "The file that `annotated` names, with its faults.")
             .commits()});
    routes.push_back(
        {"GET", "/v1/tariffs/versions", readers, "All versions, newest first.", 0,
         [&api](const Request& request) { return list_versions(api, request); },
         Doc("listTariffVersions", "Tariffs").gives(200, "TariffVersionList", "All of them, in one page.")});
    routes.push_back({"GET", "/v1/tariffs/versions/{n}", readers, "One version.", 0,
                      [&api](const Request& request) { return show_version(api, request); },
                      Doc("getTariffVersion", "Tariffs")
                          .gives(200, "TariffVersion", "The version, with its files.")
                          .with("ETag")
                          .may(404, "There is no version with this number.")});
    routes.push_back({"GET", "/v1/tariffs/versions/{n}/files/{name}", readers, "A file exactly as it was uploaded.", 0,
                      [&api](const Request& request) { return download(api, request); },
                      Doc("downloadTariffFile", "Tariffs")
                          .query("annotated", "string",
                                 "If given, whatever its value: the file as it stands beside the version in force, "
                                 "with broken guard rails and oddities of each row in a column `error`.")
                          .gives_as(200, "text/csv", "TariffCsv", "The file, byte for byte.")
                          .with("Content-Disposition")
                          .may(404, "There is no such version, or it has no file of that name.")});
}

}  // namespace roamguard::http
