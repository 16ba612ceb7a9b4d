#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/engine/tariff_jobs.h"
#include "service/http/api.h"
#include "service/json/tariff_json.h"

// What the routes of the tariff work share.
namespace roamguard::http {

using roamguard::json::faults_json;
/// A version as answers show it.
[[nodiscard]] nlohmann::json version_json(const storage::VersionRow& row, Api& api);
/// The answer about one version, with its entity tag.
[[nodiscard]] Response version_response(const storage::VersionRow& row, const nlohmann::json& body, int status = 200);

[[nodiscard]] std::optional<storage::VersionRow> find_version(Api& api, const std::string& number);
[[nodiscard]] Response no_such_version();
[[nodiscard]] tariffs::Table::Compiled compile_table(Api& api, const tariffs::TableFiles& files);
/// A stored version compiled; nullptr when it no longer compiles.
[[nodiscard]] std::shared_ptr<const tariffs::Table> table_of(Api& api, const storage::VersionRow& row);
[[nodiscard]] Response no_longer_valid();

/// The version in force at a moment, by the store; number 0 and no table where nothing is published.
struct InForce {
    int number = 0;
    std::shared_ptr<const tariffs::Table> table;
};
[[nodiscard]] InForce in_force_at(Api& api, tariffs::Instant at);

/// `?format=csv`, or an Accept that asks for it.
[[nodiscard]] bool wants_csv(const Request& request);
[[nodiscard]] Response csv_response(std::string body, const std::string& file_name, int status = 200);

}  // namespace roamguard::http
