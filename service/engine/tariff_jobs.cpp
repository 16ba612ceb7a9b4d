#include "service/engine/tariff_jobs.h"

#include <stdexcept>

namespace roamguard::engine {
namespace {

/// The store's list is the truth at every turn, and within one turn what it is about to add counts too. Where another
/// instance takes the same number first the commit is a StoreConflict, and the turn is run again.
int next_number(Turn& turn, storage::Store& store) {
    int highest = 0;
    for (const storage::VersionRow& row : store.read_versions())
        highest = std::max(highest, row.number);
    for (const storage::VersionRow& row : turn.delta.versions)
        highest = std::max(highest, row.number);
    return highest + 1;
}

void put_in_force(Engine& engine, const storage::VersionRow& version,
                  const std::shared_ptr<const tariffs::Table>& table) {
    engine.change([&](Surroundings& around) {
        std::vector<tariffs::Version> versions(around.book->versions().begin(), around.book->versions().end());
        std::erase_if(versions, [&](const tariffs::Version& one) { return one.number == version.number; });
        versions.push_back({version.number, version.effective_at.value(), table});
        around.book = std::make_shared<const tariffs::Book>(std::move(versions));
    });
}

}  // namespace

void UploadJob::run(Turn& turn) {
    version_ = {};
    version_.number = next_number(turn, turn.store());
    version_.state = "draft";
    version_.created = turn.now;
    version_.created_by = by_;
    version_.digest = digest_;
    turn.delta.versions.push_back(version_);
    turn.delta.files.emplace_back(version_.number, files_);
}

void PublishJob::run(Turn& turn) {
    refusal_.clear();
    for (const storage::VersionRow& row : turn.store().read_versions())
        if (row.number == version_.number && row.state != "draft") refusal_ = "only a draft can be published";
    for (const storage::VersionRow& row : turn.delta.versions)
        if (row.number == version_.number && row.state != "draft") refusal_ = "only a draft can be published";
    if (!refusal_.empty()) return;
    version_.state = "published";
    version_.effective_at = asked_.value_or(turn.now);
    version_.published_by = by_;
    version_.note = note_;
    turn.delta.versions.push_back(version_);
}

void PublishJob::committed(Engine& engine) {
    if (refusal_.empty()) put_in_force(engine, version_, table_);
}

void RollbackJob::run(Turn& turn) {
    version_ = {};
    version_.number = next_number(turn, turn.store());
    version_.state = "published";
    version_.created = turn.now;
    version_.effective_at = turn.now;
    version_.created_by = version_.published_by = by_;
    version_.note = note_;
    version_.digest = digest_;
    turn.delta.versions.push_back(version_);
    turn.delta.files.emplace_back(version_.number, files_);
}

void RollbackJob::committed(Engine& engine) { put_in_force(engine, version_, table_); }

std::shared_ptr<const tariffs::Book> load_book(storage::Store& store, const geoip::Networks& networks) {
    std::vector<tariffs::Version> versions;
    for (const storage::VersionRow& row : store.read_versions()) {
        if (row.state != "published") continue;
        auto compiled = tariffs::Table::compile(
            store.read_files(row.number), [&](geoip::Country country) { return networks.known_country(country); });
        if (!compiled.table)
            throw std::runtime_error(
                "the published tariff version " + std::to_string(row.number) +
                " no longer compiles: " + (compiled.faults.empty() ? "" : compiled.faults.front().detail));
        versions.push_back({row.number, row.effective_at.value(), compiled.table});
    }
    return std::make_shared<const tariffs::Book>(std::move(versions));
}

}  // namespace roamguard::engine
