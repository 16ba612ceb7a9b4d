#include <filesystem>
#include <fstream>
#include <iostream>

#include "geoip/networks.h"
#include "service/commands/remote.h"
#include "service/commands/tariff_files.h"
#include "service/json/tariff_json.h"
#include "tariffs/annotated.h"
#include "tariffs/oddities.h"
#include "tariffs/rails.h"

namespace roamguard::commands {
namespace {

using nlohmann::json;
using Faults = std::vector<tariffs::Fault>;

void print_faults(const char* what, const Faults& faults) {
    for (const tariffs::Fault& fault : faults) {
        std::cout << what << " " << fault.file << ":" << fault.line;
        if (!fault.column.empty()) std::cout << " " << fault.column;
        std::cout << " " << fault.code << ": " << fault.detail << "\n";
    }
}

/// Everything that is said of a table.
struct Findings {
    Faults errors;    ///< it cannot be uploaded
    Faults rails;     ///< it cannot be published
    Faults warnings;  ///< legal but odd
    std::size_t rows = 0;
};

Findings look_at(const TariffCheck& check, const tariffs::TableFiles& files) {
    std::shared_ptr<const tariffs::Table> former;
    if (!check.against.empty()) {
        former = compile_directory(check.against).table;
        if (!former) throw std::runtime_error(check.against + " is no sound table to compare with");
    }
    tariffs::Table::Compiled compiled = compile_files(files);
    Findings found{std::move(compiled.faults), {}, std::move(compiled.warnings), 0};
    if (!compiled.table) return found;
    found.rows = compiled.table->rows().size();
    found.rails = tariffs::broken_rails(*compiled.table, former.get());
    const Faults odd = tariffs::oddities(*compiled.table, former.get());
    found.warnings.insert(found.warnings.end(), odd.begin(), odd.end());
    return found;
}

void write_annotated(const std::string& directory, const tariffs::TableFiles& files, const Findings& found) {
    Faults faults = found.errors;
    faults.insert(faults.end(), found.rails.begin(), found.rails.end());
    std::filesystem::create_directories(directory);
    for (const auto& [name, content] : files) {
        const std::filesystem::path path = std::filesystem::path(directory) / (name + ".csv");
        std::ofstream out(path, std::ios::binary);
        out << tariffs::annotated(content, name + ".csv", faults, found.warnings);
        out.close();
        if (!out) throw std::runtime_error("cannot write " + path.string());
    }
}

void print_findings(const Findings& found) {
    print_faults("fault", found.errors);
    print_faults("guard rail", found.rails);
    print_faults("warning", found.warnings);
    const auto count = [](std::size_t number, const char* what) {
        std::cout << number << " " << what << (number == 1 ? "" : "s") << "\n";
    };
    if (!found.errors.empty())
        count(found.errors.size(), "fault");
    else if (!found.rails.empty())
        count(found.rails.size(), "broken guard rail");
    else
        std::cout << "valid: " << found.rows << " rows\n";
}

}  // namespace

tariffs::TableFiles read_directory(const std::string& directory) {
    tariffs::TableFiles files;
    for (const char* name : {"tariffs", "zones", "passes", "fx", "rails", "trips"}) {
        const std::filesystem::path path = std::filesystem::path(directory) / (std::string(name) + ".csv");
        if (std::filesystem::exists(path)) files[name] = read_whole(path.string());
    }
    if (files.empty()) throw std::runtime_error("there is no tariffs.csv in " + directory);
    return files;
}

tariffs::Table::Compiled compile_files(const tariffs::TableFiles& files) {
    const auto networks = geoip::Networks::load({});
    if (!networks) throw std::runtime_error("the built-in networks table cannot be read");
    return tariffs::Table::compile(files, [&](geoip::Country country) { return (*networks)->known_country(country); });
}

tariffs::Table::Compiled compile_directory(const std::string& directory) {
    return compile_files(read_directory(directory));
}

int tariffs_validate(const TariffCheck& check) {
    try {
        const tariffs::TableFiles files = read_directory(check.directory);
        const Findings found = look_at(check, files);
        const bool valid = found.errors.empty() && found.rails.empty();
        if (!check.annotate.empty()) {
            if (std::filesystem::exists(check.annotate) && std::filesystem::equivalent(check.annotate, check.directory))
                throw std::runtime_error("--annotate needs another directory than the one checked");
            write_annotated(check.annotate, files, found);
        }
        if (check.json)
            std::cout << json{{"valid", valid},
                              {"errors", roamguard::json::faults_json(found.errors)},
                              {"guardRails", roamguard::json::faults_json(found.rails)},
                              {"warnings", roamguard::json::faults_json(found.warnings)}}
                             .dump(2)
                      << "\n";
        else
            print_findings(found);
        return valid ? 0 : 1;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 2;
    }
}

}  // namespace roamguard::commands
