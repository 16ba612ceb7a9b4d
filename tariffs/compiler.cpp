#include "tariffs/compiler.h"

#include <algorithm>

#include "tariffs/suggest.h"

namespace roamguard::tariffs {

Table::Compiled Table::compile(const TableFiles& files, const std::function<bool(geoip::Country)>& known_country) {
    return Compiler(files, known_country).run();
}

Table::Compiled Compiler::run() {
    refuse_unknown_files();
    read_file("zones", zones_sheet, &Compiler::read_zone);
    if (files.count("tariffs") == 0)
        faults.add({"tariffs.csv", 0, "", "", "missing_file",
                    "a tariff table needs tariffs.csv, which the upload does not have"});
    read_file("tariffs", tariffs_sheet, &Compiler::read_tariff);
    read_file("passes", passes_sheet, &Compiler::read_pass);
    read_file("fx", fx_sheet, &Compiler::read_rate);
    read_file("rails", rails_sheet, &Compiler::read_rail);
    read_file("trips", trips_sheet, &Compiler::read_trip);
    check_overlaps();

    Table::Compiled result;
    if (faults.empty()) {
        look_for_oddities();
        auto table = std::make_shared<Table>();
        rows.shrink_to_fit();
        table->rows_ = std::move(rows);
        for (const Row& row : table->rows_)
            if (const auto plmn = geoip::Plmn::parse(row.destination)) table->priced_networks_.push_back(*plmn);
        std::sort(table->priced_networks_.begin(), table->priced_networks_.end());
        table->priced_networks_.erase(std::unique(table->priced_networks_.begin(), table->priced_networks_.end()),
                                      table->priced_networks_.end());
        table->passes_ = std::move(passes);
        table->rails_ = std::move(rails);
        table->trips_ = std::move(trips);
        table->index_ = std::move(index);
        result.table = std::move(table);
    }
    result.faults = faults.take();
    result.warnings = warnings.take();
    return result;
}

void Compiler::refuse_unknown_files() {
    static constexpr std::string_view names[] = {"tariffs", "zones", "passes", "fx", "rails", "trips"};
    for (const auto& [name, bytes] : files)
        if (std::find(std::begin(names), std::end(names), name) == std::end(names))
            faults.add({shortened(name), 0, "", "", "unknown_file",
                        with_suggestion(shown(name) + " is no file of a tariff table, which has `tariffs` and may have "
                                                      "`zones`, `passes`, `fx`, `rails` and `trips`",
                                        suggest_word(name, names))});
}

void Compiler::read_file(std::string_view name, const SheetKind& kind, void (Compiler::*read_row)(SheetRow&)) {
    const auto file = files.find(std::string(name));
    if (file != files.end()) read_sheet(kind, file->second, faults, [&](SheetRow& row) { (this->*read_row)(row); });
}

}  // namespace roamguard::tariffs
