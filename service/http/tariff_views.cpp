#include "service/http/tariff_views.h"

#include <charconv>

namespace roamguard::http {

using nlohmann::json;
using storage::VersionRow;

namespace {

/// Published and in force later or now is `published`; overtaken by a later one in force is `superseded`.
std::string state_of(const VersionRow& row, const tariffs::Book& book, tariffs::Instant now) {
    if (row.state != "published") return row.state;
    if (row.effective_at && *row.effective_at > now) return "published";
    const tariffs::Version* force = book.in_force(now);
    return force && force->number != row.number ? "superseded" : "published";
}

json number_or_null(int version) { return version ? json(version) : json(nullptr); }

}  // namespace

json version_json(const VersionRow& row, Api& api) {
    const auto around = api.engine.around();
    const tariffs::Instant now = api.engine.now();
    json out = {{"version", row.number},
                {"state", state_of(row, *around->book, now)},
                {"createdAt", tariffs::to_rfc3339(row.created)},
                {"createdBy", row.created_by},
                {"digest", row.digest},
                {"base", number_or_null(row.base)}};
    out["effectiveAt"] = row.effective_at ? json(tariffs::to_rfc3339(*row.effective_at)) : json(nullptr);
    const tariffs::Version* force = around->book->in_force(now);
    out["inForce"] = force && force->number == row.number;
    if (row.state == "draft") out["stale"] = engine::is_stale(row, force ? force->number : 0);
    out["approval"] = nullptr;
    if (!row.approved_by.empty())
        out["approval"] = {{"by", row.approved_by},
                           {"at", tariffs::to_rfc3339(row.approved_at.value())},
                           {"reason", row.approval},
                           {"against", number_or_null(row.approved_base)}};
    if (!row.published_by.empty()) out["publishedBy"] = row.published_by;
    if (!row.note.empty()) out["note"] = row.note;
    return out;
}

Response version_response(const VersionRow& row, const json& body, int status) {
    Response response = json_response(body, status);
    response.headers.emplace_back("ETag", engine::etag_of(row));
    return response;
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

tariffs::Table::Compiled compile_table(Api& api, const tariffs::TableFiles& files) {
    const auto around = api.engine.around();
    return tariffs::Table::compile(files,
                                   [&](geoip::Country country) { return around->networks->known_country(country); });
}

std::shared_ptr<const tariffs::Table> table_of(Api& api, const VersionRow& row) {
    const auto around = api.engine.around();
    if (const tariffs::Version* known = around->book->numbered(row.number)) return known->table;
    return compile_table(api, api.store().read_files(row.number)).table;
}

Response no_longer_valid() {
    return problem(409, "no_longer_valid", "this version no longer compiles against the present country list");
}

InForce in_force_at(Api& api, tariffs::Instant at) {
    const std::vector<VersionRow> versions = api.store().read_versions();
    InForce found{engine::number_in_force(versions, at), nullptr};
    for (const VersionRow& row : versions)
        if (row.number == found.number) found.table = table_of(api, row);
    return found;
}

bool wants_csv(const Request& request) {
    if (const auto format = request.parameter("format")) return *format == "csv";
    return request.header("accept").value_or("").find("text/csv") != std::string::npos;
}

Response csv_response(std::string body, const std::string& file_name, int status) {
    Response response;
    response.status = status;
    response.content_type = "text/csv; charset=utf-8";
    response.body = std::move(body);
    response.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + file_name + "\"");
    return response;
}

}  // namespace roamguard::http
