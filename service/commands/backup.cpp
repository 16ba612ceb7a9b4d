#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <iostream>

#include "service/commands/chain_check.h"
#include "service/commands/remote.h"
#include "service/storage/sqlite_backup.h"

namespace roamguard::commands {
namespace {

using nlohmann::json;

/// The database that a command works on itself.
std::string path_of(const std::string& store) {
    storage::check_store_url(store);
    if (const auto path = storage::embedded_path(store)) return *path;
    throw std::runtime_error(storage::shown(store) +
                             " is a PostgreSQL database: back it up with pg_dump or pg_basebackup, and restore it with "
                             "pg_restore");
}

void print(const std::string& file, std::int64_t bytes, double seconds, std::int64_t customers) {
    std::cout << fmt::format("{}: {} bytes, {} customers, {:.1f} s\n", file, bytes, customers, seconds);
}

}  // namespace

int backup(const Remote& remote, const std::string& file, const std::string& store) {
    try {
        if (!store.empty()) {
            const auto made = storage::back_up_database(path_of(store), std::filesystem::absolute(file).string());
            if (remote.json)
                std::cout << json{{"file", made.file},
                                  {"bytes", made.bytes},
                                  {"seconds", made.seconds},
                                  {"customers", made.customers}}
                                 .dump()
                          << "\n";
            else
                print(made.file, made.bytes, made.seconds, made.customers);
            return 0;
        }
        constexpr int a_day = 86'400;  // the answer comes when the file is there
        notifications::Client client(remote.url, remote.key, a_day);
        const notifications::Reply reply =
            client.send("POST", "/v1/store/backup", json{{"file", file}}.dump(), "application/json");
        if (!good(reply)) return complain(reply, remote);
        if (remote.json) {
            std::cout << reply.body << "\n";
            return 0;
        }
        const json made = json::parse(reply.body);
        print(made.value("file", ""), made.value("bytes", std::int64_t{0}), made.value("seconds", 0.0),
              made.value("customers", std::int64_t{0}));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}

int restore(const std::string& file, const std::string& store, bool replace, const std::string& verify) {
    try {
        storage::RestoreOptions options;
        if (replace) options.existing = storage::RestoreOptions::Existing::replace;
        if (verify == "all") options.verify = storage::TransferOptions::Verify::all;
        options.chain = chain_check();
        options.now = {
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
                .count()};
        const storage::Restored restored = storage::restore(file, path_of(store), options);
        std::cout << fmt::format(
            "{} customers, {} entries of evidence, {} messages, {} tariff versions, {} keys; {} chains of evidence "
            "checked, all whole\n",
            restored.customers, restored.evidence, restored.messages, restored.versions, restored.keys,
            restored.chains);
        if (!restored.kept.empty()) std::cout << "What was there before is kept as " << restored.kept << "\n";
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}

}  // namespace roamguard::commands
