#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <map>

#include "service/commands/commands.h"
#include "service/http/keys.h"

namespace {

using roamguard::commands::Configuration;
using roamguard::commands::Remote;

/// `--name value` and `--name=value` of what CLI11 left over: the option table decides which names exist.
bool read_flags(const std::vector<std::string>& left, std::map<std::string, std::string>& flags) {
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (left[i].rfind("--", 0) != 0) {
            std::cerr << "unexpected argument " << left[i] << "\n";
            return false;
        }
        const std::string text = left[i].substr(2);
        const std::size_t equals = text.find('=');
        if (equals != std::string::npos)
            flags[text.substr(0, equals)] = text.substr(equals + 1);
        else if (i + 1 < left.size() && left[i + 1].rfind("--", 0) != 0)
            flags[text] = left[++i];
        else
            flags[text] = "yes";
    }
    return true;
}

/// Loads the configuration for a command, or says every fault of it.
std::optional<Configuration> configure(const std::vector<std::string>& left, const std::string& file) {
    std::map<std::string, std::string> flags;
    if (!read_flags(left, flags)) return std::nullopt;
    const char* from_environment = std::getenv("ROAMGUARD_CONFIG");
    auto loaded = Configuration::load(flags, file.empty() && from_environment ? from_environment : file);
    if (loaded) return std::move(*loaded);
    for (const std::string& fault : loaded.error())
        std::cerr << fault << "\n";
    return std::nullopt;
}

void add_remote(CLI::App& command, Remote& remote) {
    command.add_option("--url", remote.url, "address of the running service")->envname("ROAMGUARD_URL");
    command.add_option("--key", remote.key, "API key")->envname("ROAMGUARD_KEY");
    command.add_flag("--json", remote.json, "print what the service answers");
}

/// Says which command was meant, or what there is. Returns 2.
int no_such_command(const CLI::App& app) {
    const std::vector<std::string> left = app.remaining();
    if (left.empty()) {
        std::cout << app.help();
        return 2;
    }
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({}))
        names.push_back(command->get_name());
    const std::string near = roamguard::commands::nearest(left.front(), names);
    std::cerr << "unknown command " << left.front() << (near.empty() ? "" : "; did you mean " + near + "?") << "\n";
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Roamguard ends roaming bill shock: it warns, asks and holds before high-cost usage goes on."};
    app.set_version_flag("--version", std::string("roamguard ") + ROAMGUARD_VERSION);
    app.allow_extras();
    std::string file, directory, version, effective_at, reason, if_match, against, path, msisdn, role, name, from, to,
        store, verify = "sample";
    bool print_config = false, show = false, replace = false;
    Remote remote;
    roamguard::commands::TariffCheck check_table;
    const char* const table_directory =
        "directory with tariffs.csv and, optionally, zones.csv, passes.csv, fx.csv, rails.csv, trips.csv";
    app.add_option("--config", file, "configuration file (TOML)");
    app.add_flag("--print-config", print_config, "print the effective configuration, each option explained, and end");

    auto with_options = [&](const char* command, const char* about) {
        CLI::App* added = app.add_subcommand(command, about);
        added->allow_extras();
        added->add_option("--config", file, "configuration file (TOML)");
        added->add_flag("--print-config", print_config,
                        "print the effective configuration, each option explained, and end");
        added->footer("Every option of --print-config is a flag: --listen 127.0.0.1:8080, --sms.driver sandbox, …");
        return added;
    };
    CLI::App* serve = with_options("serve", "run the service");
    CLI::App* check = with_options("check-config", "validate the configuration and end");

    CLI::App* tariffs =
        app.add_subcommand("tariffs", "tariff tables: validate, import, compare, approve, publish, roll back");
    tariffs->allow_extras();
    CLI::App* validate = tariffs->add_subcommand("validate", "check a directory of CSV files; needs no service");
    validate->add_option("DIR", check_table.directory, table_directory)->required();
    validate->add_option("--against", check_table.against,
                         "directory with the table before: its prices, rows and countries are compared");
    validate->add_option("--annotate", check_table.annotate,
                         "directory to write the files to, with a column `error`, for a spreadsheet");
    validate->add_flag("--json", check_table.json, "print the findings as JSON");
    CLI::App* import = tariffs->add_subcommand("import", "upload a directory as a draft");
    import->add_option("DIR", directory, table_directory)->required();
    add_remote(*import, remote);
    CLI::App* publish = tariffs->add_subcommand("publish", "put a draft in force");
    publish->add_option("VERSION", version, "number of the draft")->required();
    publish->add_option("--at,--effective-at", effective_at, "RFC 3339 time with an offset; now when left out");
    publish->add_option("--reason", reason, "why");
    publish->add_option("--if-match", if_match, "the ETag of the version as it was looked at, as `show` prints it");
    add_remote(*publish, remote);
    CLI::App* approve = tariffs->add_subcommand("approve", "approve a draft that somebody else has uploaded");
    approve->add_option("VERSION", version, "number of the draft")->required();
    approve->add_option("--reason", reason, "why");
    approve->add_option("--if-match", if_match, "the ETag of the version as it was looked at, as `show` prints it");
    add_remote(*approve, remote);
    CLI::App* show_version = tariffs->add_subcommand("show", "one version, its approval, and the ETag it has now");
    show_version->add_option("VERSION", version, "its number")->required();
    add_remote(*show_version, remote);
    CLI::App* diff = tariffs->add_subcommand("diff", "what a version changes: dearer, cheaper, added, removed");
    diff->add_option("VERSION", version, "its number; of two directories, which need no service, the one before")
        ->required();
    diff->add_option("DIR", directory, "directory with the table after");
    diff->add_option("--against", against, "number of the version to compare with; the one in force when left out");
    add_remote(*diff, remote);
    CLI::App* rollback = tariffs->add_subcommand("rollback", "publish an earlier version's files again");
    rollback->add_option("VERSION", version, "number of the version to go back to")->required();
    rollback->add_option("--reason", reason, "why");
    add_remote(*rollback, remote);
    CLI::App* list = tariffs->add_subcommand("list", "list the versions");
    add_remote(*list, remote);

    CLI::App* subscribers = app.add_subcommand("subscribers", "customer profiles");
    subscribers->allow_extras();
    CLI::App* import_subscribers =
        subscribers->add_subcommand("import", "store profiles in bulk from CSV or NDJSON, each line by itself");
    import_subscribers->add_option("FILE", path, "the file, - for standard input")->required();
    add_remote(*import_subscribers, remote);

    CLI::App* keys = app.add_subcommand("keys", "API keys");
    keys->allow_extras();
    keys->footer("They work on the store itself; on an embedded one while no service runs on it.");
    CLI::App* create = keys->add_subcommand("create", "make a key");
    create->allow_extras();
    create->add_option("--role", role, "platform, gateway, care, product, approver or admin")
        ->required()
        ->check(CLI::IsMember(roamguard::http::roles()));
    create->add_option("--name", name, "who uses it, for the audit");
    create->add_option("--config", file, "configuration file (TOML)");
    CLI::App* show_keys = keys->add_subcommand("list", "id, role, name, when it was made, and whether it is in force");
    show_keys->allow_extras();
    show_keys->add_option("--config", file, "configuration file (TOML)");
    CLI::App* revoke = keys->add_subcommand("revoke", "put a key out of force, for good");
    revoke->add_option("ID", name, "the key's id, as keys list shows it")->required();
    revoke->add_option("--store", store, "the store; the configured one when left out");
    revoke->add_option("--config", file, "configuration file (TOML)");

    CLI::App* replay =
        app.add_subcommand("replay", "send a file of CloudEvents (one JSON object a line) to a running service");
    replay->add_option("FILE", path, "the file, - for standard input")->required();
    replay->add_flag("--show", show, "print each event's result");
    add_remote(*replay, remote);
    CLI::App* print_case = app.add_subcommand("case", "print the evidence file of one traveller");
    print_case->add_option("MSISDN", msisdn, "the number, in E.164")->required();
    add_remote(*print_case, remote);

    const auto chains = CLI::IsMember({"sample", "all"});
    CLI::App* migrate = app.add_subcommand(
        "migrate", "move a whole store, while no service runs on it, into an empty one; started again, it goes on");
    migrate->add_option("--from", from, "the store to read: sqlite:///PATH or postgresql://…")
        ->envname("ROAMGUARD_MIGRATE_FROM")
        ->required();
    migrate->add_option("--to", to, "the empty store that receives it")->envname("ROAMGUARD_MIGRATE_TO")->required();
    migrate->add_option("--verify", verify, "which chains of evidence are computed again: sample or all")
        ->check(chains);
    CLI::App* backup = app.add_subcommand("backup", "copy the embedded store to a new file, by the running service");
    backup->add_option("FILE", path, "whole path of the new file, on the service's machine")->required();
    backup->add_option("--store", store, "sqlite:///PATH: work on the store itself, while no service runs on it");
    add_remote(*backup, remote);
    CLI::App* restore = app.add_subcommand("restore", "put a backup in the place of an embedded store");
    restore->add_option("FILE", path, "what `roamguard backup` made")->required();
    restore->add_option("--store", store, "sqlite:///PATH: where the store is to be")->required();
    restore->add_flag("--replace", replace, "put it in the place of the store there, which is kept beside");
    restore->add_option("--verify", verify, "which chains of evidence are computed again: sample or all")
        ->check(chains);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;  // --help and --version are no wrong use
    }

    namespace commands = roamguard::commands;
    if (validate->parsed()) return commands::tariffs_validate(check_table);
    if (import->parsed()) return commands::tariffs_import(remote, directory);
    if (show_version->parsed()) return commands::tariffs_show(remote, version);
    if (diff->parsed() && !directory.empty())
        return commands::tariffs_diff_directories(version, directory, remote.json);
    if (diff->parsed()) return commands::tariffs_diff_versions(remote, version, against);
    if (approve->parsed()) return commands::tariffs_approve(remote, {version, reason, if_match});
    if (publish->parsed()) return commands::tariffs_publish(remote, {version, reason, if_match}, effective_at);
    if (rollback->parsed()) return commands::tariffs_rollback(remote, version, reason);
    if (list->parsed()) return commands::tariffs_list(remote);
    if (import_subscribers->parsed()) return commands::subscribers_import(remote, path);
    if (replay->parsed()) return commands::replay(remote, path, show);
    if (print_case->parsed()) return commands::print_case(remote, msisdn);
    if (migrate->parsed()) return commands::migrate(from, to, verify);
    if (backup->parsed()) return commands::backup(remote, path, store);
    if (restore->parsed()) return commands::restore(path, store, replace, verify);

    for (CLI::App* group : {tariffs, subscribers, keys})
        if (group->parsed() && group->get_subcommands().empty()) return no_such_command(*group);

    const CLI::App* with = nullptr;
    for (const CLI::App* command : {serve, check, create, show_keys, revoke})
        if (command->parsed()) with = command;
    if (!with && !print_config) return no_such_command(app);
    std::vector<std::string> left = with ? with->remaining() : app.remaining();
    if (revoke->parsed() && !store.empty()) left = {"--store", store};
    const auto configuration = configure(left, file);
    if (!configuration) return 2;
    if (print_config) {
        std::cout << configuration->print();
        return 0;
    }
    if (create->parsed()) return commands::create_key(*configuration, role, name);
    if (show_keys->parsed()) return commands::list_keys(*configuration);
    if (revoke->parsed()) return commands::revoke_key(*configuration, name);
    if (check->parsed()) return commands::check(*configuration);
    return commands::serve(*configuration);
}
