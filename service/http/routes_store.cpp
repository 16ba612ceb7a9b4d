#include "service/http/api.h"
#include "service/json/reader.h"
#include "service/storage/sqlite_backup.h"

namespace roamguard::http {
namespace {

using nlohmann::json;
using storage::BackupRefused;

/// The file that a body `{"file":"/…"}` names.
tl::expected<std::string, Response> read_file(const Request& request) {
    auto body = roamguard::json::read_json(request.body, 4);
    if (!body) return tl::unexpected(problem(400, body.error().code, "the body is not JSON: " + body.error().detail));
    if (!body->is_object()) return tl::unexpected(problem(422, "invalid_body", "the body must be a JSON object"));
    for (const auto& [name, value] : body->items())
        if (name != "file")
            return tl::unexpected(problem(422, "unknown_field", name + " is not known here, only file is",
                                          {{"/" + name, "unknown_field", "unknown field"}}));
    const auto file = body->find("file");
    if (file == body->end())
        return tl::unexpected(
            problem(422, "invalid_field", "file is required", {{"/file", "required", "where the backup is to be"}}));
    if (!file->is_string() || file->get_ref<const std::string&>().size() > 4000)
        return tl::unexpected(problem(422, "invalid_field", "file must be a text of at most 4000 bytes",
                                      {{"/file", "invalid_type", "must be a text"}}));
    return file->get<std::string>();
}

Response refusal_of(const BackupRefused& refused) {
    switch (refused.why) {
        case BackupRefused::Why::path:
            return problem(422, "invalid_field", std::string("file: ") + refused.what(),
                           {{"/file", "invalid_value", refused.what()}});
        case BackupRefused::Why::exists:
            return problem(409, "file_exists", refused.what());
        case BackupRefused::Why::busy:
            return problem(409, "backup_running", refused.what());
        case BackupRefused::Why::failed:
            break;
    }
    Response response = problem(503, "backup_failed", refused.what());
    response.headers.emplace_back("Retry-After", "60");
    return response;
}

Response back_up(Api& api, const Request& request) {
    const auto file = read_file(request);
    if (!file) return file.error();
    if (api.store().shared())
        return problem(409, "not_embedded",
                       "this store is a PostgreSQL database: back it up with pg_dump or pg_basebackup");
    try {
        const storage::Backup backup = storage::back_up(api.store(), *file);
        return json_response({{"file", backup.file},
                              {"bytes", backup.bytes},
                              {"seconds", backup.seconds},
                              {"customers", backup.customers}});
    } catch (const BackupRefused& refused) {
        return refusal_of(refused);
    }
}

}  // namespace

void add_store_routes(std::vector<Route>& routes, Api& api) {
    routes.push_back(
        {"POST",
         "/v1/store/backup",
         {"admin"},
         "Copies the embedded store to a new file.",
         8 * 1024,
         [&api](const Request& request) { return back_up(api, request); },
         Doc("backUpStore", "Operations")
             .says("The copy is of one moment, made while events go on, checked and on disk when this answers, which "
                   "takes as long as that takes. The service writes the file, so the path is one of its machine; "
                   "`roamguard restore` puts it in place. It holds what the store holds: profiles, numbers, the keys "
                   "of the evidence.")
             .takes("application/json", "BackupRequest")
             .gives(200, "Backup", "The file is there.")
             .may(400, "The body is not JSON.")
             .may(409,
                  "The file exists, a backup is being made already, or the store is a PostgreSQL database, which "
                  "`pg_dump` and `pg_basebackup` back up.")
             .may(422, "The path is not a whole one, or its folder is not there.")
             .may(503, "The copy failed: nothing was left behind.")
             .with("Retry-After")});
}

}  // namespace roamguard::http
