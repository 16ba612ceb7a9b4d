#pragma once

#include <map>
#include <string>
#include <vector>

#include "service/commands/configuration.h"

// One function a command; each returns the exit code: 0 done, 1 refused or failed, 2 wrong use.
namespace roamguard::commands {

int serve(const Configuration& configuration);
/// Everything `serve` would refuse before it opens the store.
int check(const Configuration& configuration);
// API keys, on the store itself; what runs on it knows of a change within a second or so.
int create_key(const Configuration& configuration, const std::string& role, const std::string& name);
int list_keys(const Configuration& configuration);
int revoke_key(const Configuration& configuration, const std::string& id);

/// Where a running service is.
struct Remote {
    std::string url = "http://127.0.0.1:8080";
    std::string key;
    bool json = false;  ///< print what the service answers, for programs
};

/// What is looked at beside the directory itself.
struct TariffCheck {
    std::string directory;
    std::string against;   ///< a directory with the table before; may be empty
    std::string annotate;  ///< where the files go with a column `error`; may be empty
    bool json = false;
};
int tariffs_validate(const TariffCheck& check);
/// Two directories, without a service.
int tariffs_diff_directories(const std::string& before, const std::string& after, bool json);
int tariffs_import(const Remote& remote, const std::string& directory);
/// A step on a version: why, and what was looked at (`ETag`, `*`), where it matters.
struct TariffStep {
    std::string version, reason, if_match;
};
int tariffs_approve(const Remote& remote, const TariffStep& step);
int tariffs_publish(const Remote& remote, const TariffStep& step, const std::string& effective_at);
/// What a version of the service changes against another one, the one in force unless given.
int tariffs_diff_versions(const Remote& remote, const std::string& version, const std::string& against);
int tariffs_rollback(const Remote& remote, const std::string& version, const std::string& reason);
int tariffs_list(const Remote& remote);
int tariffs_show(const Remote& remote, const std::string& version);
int subscribers_import(const Remote& remote, const std::string& file);
int replay(const Remote& remote, const std::string& file, bool show);
int print_case(const Remote& remote, const std::string& msisdn);
/// Moves a whole store into an empty one. `verify`: sample or all chains of evidence.
int migrate(const std::string& from, const std::string& to, const std::string& verify);
/// By the running service, or of a store that none runs on.
int backup(const Remote& remote, const std::string& file, const std::string& store);
int restore(const std::string& file, const std::string& store, bool replace, const std::string& verify);

}  // namespace roamguard::commands
