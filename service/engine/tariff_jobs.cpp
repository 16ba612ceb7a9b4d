#include "service/engine/tariff_jobs.h"

#include <algorithm>
#include <stdexcept>

#include "data/digest.h"
#include "service/engine/tariff_audit.h"

namespace roamguard::engine {
namespace {

using storage::VersionRow;

/// The store's list is the truth at every turn, and within one turn what it is about to change counts too. Where
/// another instance takes the same number or step first the commit is a StoreConflict, and the turn is run again.
std::vector<VersionRow> versions_at(Turn& turn) {
    std::vector<VersionRow> rows = turn.store().read_versions();
    for (const VersionRow& changed : turn.delta.versions) {
        std::erase_if(rows, [&](const VersionRow& row) { return row.number == changed.number; });
        rows.push_back(changed);
    }
    return rows;
}

int next_number(const std::vector<VersionRow>& versions) {
    int highest = 0;
    for (const VersionRow& row : versions)
        highest = std::max(highest, row.number);
    return highest + 1;
}

const VersionRow& numbered(const std::vector<VersionRow>& versions, int number) {
    for (const VersionRow& row : versions)
        if (row.number == number) return row;
    throw std::logic_error("versions are never taken away");
}

storage::AuditRow step_of(const char* action, const VersionRow& version, const Step& step, std::string detail = {}) {
    storage::AuditRow row;
    row.version = version.number;
    row.action = action;
    row.who = step.by;
    row.reason = step.reason;
    row.digest = version.digest;
    row.detail = std::move(detail);
    return row;
}

/// What every step on a draft asks of the request.
StepRefusal refuse_request(const Turn& turn, const VersionRow& draft, const Step& step) {
    if (step.if_match && !matches(*step.if_match, draft)) return StepRefusal::changed;
    if (!turn.around.four_eyes) return StepRefusal::none;
    if (!step.if_match) return StepRefusal::match_required;
    if (step.reason.empty()) return StepRefusal::reason_required;
    return StepRefusal::none;
}

std::string codes_of(const std::vector<tariffs::Fault>& broken) {
    std::string text = std::to_string(broken.size()) + " broken:";
    for (std::size_t i = 0; i < broken.size() && i < 5; ++i)
        text += " " + broken[i].file + ":" + std::to_string(broken[i].line) + " " + broken[i].code;
    return text;
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

std::string etag_of(const VersionRow& version) {
    const auto moment = [](const std::optional<Instant>& at) { return at ? std::to_string(at->ms) : "-"; };
    const std::string all = version.state + "/" + version.digest + "/" + moment(version.effective_at) + "/" +
                            moment(version.approved_at) + "/" + std::to_string(version.approved_base) + "/" +
                            version.approved_by;
    return "\"" + std::to_string(version.number) + "-" + data::to_hex(data::sha256(all), 8) + "\"";
}

bool matches(std::string_view if_match, const VersionRow& version) {
    const std::string tag = etag_of(version);
    while (!if_match.empty()) {
        const std::size_t comma = std::min(if_match.find(','), if_match.size());
        std::string_view one = if_match.substr(0, comma);
        while (!one.empty() && (one.front() == ' ' || one.front() == '\t'))
            one.remove_prefix(1);
        while (!one.empty() && (one.back() == ' ' || one.back() == '\t'))
            one.remove_suffix(1);
        if (one == "*" || one == tag) return true;
        if_match.remove_prefix(std::min(comma + 1, if_match.size()));
    }
    return false;
}

int number_in_force(const std::vector<VersionRow>& versions, Instant at) {
    std::vector<tariffs::Version> published;
    for (const VersionRow& row : versions)
        if (row.state == "published") published.push_back({row.number, row.effective_at.value(), nullptr});
    const tariffs::Book book(std::move(published));
    const tariffs::Version* version = book.in_force(at);
    return version ? version->number : 0;
}

bool is_stale(const VersionRow& draft, int in_force) {
    return (draft.approved_by.empty() ? draft.base : draft.approved_base) != in_force;
}

UploadJob::UploadJob(tariffs::TableFiles files, std::string by, int base)
    : files_(std::move(files)), digest_(files_digest(files_)), by_(std::move(by)), base_(base) {}

void UploadJob::run(Turn& turn) {
    version_ = {};
    version_.number = next_number(versions_at(turn));
    version_.state = "draft";
    version_.created = turn.now;
    version_.created_by = by_;
    version_.digest = digest_;
    version_.base = base_;
    turn.delta.versions.push_back(version_);
    turn.delta.files.emplace_back(version_.number, files_);
    add_step(turn, step_of(step::uploaded, version_, {by_, "", std::nullopt}));
}

void ApproveJob::run(Turn& turn) {
    const std::vector<VersionRow> versions = versions_at(turn);
    version_ = numbered(versions, number_);
    refusal_ = version_.state != "draft"         ? StepRefusal::not_a_draft
               : step_.by == version_.created_by ? StepRefusal::own_draft
                                                 : refuse_request(turn, version_, step_);
    if (refusal_ != StepRefusal::none) return;
    version_.approved_by = step_.by;
    version_.approval = step_.reason;
    version_.approved_at = turn.now;
    version_.approved_base = number_in_force(versions, turn.now);
    turn.delta.versions.push_back(version_);
    add_step(turn, step_of(step::approved, version_, step_,
                           "against " + (version_.approved_base ? std::to_string(version_.approved_base) : "none")));
}

StepRefusal PublishJob::refuse(const Turn& turn, int in_force_then) const {
    if (version_.state != "draft") return StepRefusal::not_a_draft;
    if (turn.around.four_eyes && version_.approved_by.empty()) return StepRefusal::not_approved;
    if (const StepRefusal refused = refuse_request(turn, version_, step_); refused != StepRefusal::none) return refused;
    if (turn.around.four_eyes && stale_) return StepRefusal::stale;
    if (checked_.against != in_force_then) return StepRefusal::force_changed;
    return checked_.broken.empty() ? StepRefusal::none : StepRefusal::guard_rails;
}

void PublishJob::run(Turn& turn) {
    const std::vector<VersionRow> versions = versions_at(turn);
    const Instant effective_at = asked_.value_or(turn.now);
    version_ = numbered(versions, number_);
    in_force_ = number_in_force(versions, turn.now);
    stale_ = is_stale(version_, in_force_);
    refusal_ = refuse(turn, number_in_force(versions, effective_at));
    if (refusal_ == StepRefusal::not_approved)
        add_step(turn, step_of(step::refused, version_, step_, "not approved"));
    else if (refusal_ == StepRefusal::stale)
        add_step(turn, step_of(step::refused, version_, step_, "stale: " + std::to_string(in_force_) + " is in force"));
    else if (refusal_ == StepRefusal::guard_rails)
        add_step(turn, step_of(step::refused, version_, step_, codes_of(checked_.broken)));
    if (refusal_ != StepRefusal::none) return;
    version_.state = "published";
    version_.effective_at = effective_at;
    version_.published_by = step_.by;
    version_.note = step_.reason;
    turn.delta.versions.push_back(version_);
    add_step(turn, step_of(step::published, version_, step_, "in force from " + tariffs::to_rfc3339(effective_at)));
}

void PublishJob::committed(Engine& engine) {
    if (refusal_ == StepRefusal::none) put_in_force(engine, version_, table_);
}

RollbackJob::RollbackJob(int to, tariffs::TableFiles files, std::shared_ptr<const tariffs::Table> table, Step step)
    : to_(to),
      files_(std::move(files)),
      digest_(files_digest(files_)),
      table_(std::move(table)),
      step_(std::move(step)) {}

void RollbackJob::run(Turn& turn) {
    const std::vector<VersionRow> versions = versions_at(turn);
    version_ = {};
    version_.number = next_number(versions);
    version_.state = "published";
    version_.created = turn.now;
    version_.effective_at = turn.now;
    version_.created_by = version_.published_by = step_.by;
    version_.note = "rollback to " + std::to_string(to_) + (step_.reason.empty() ? "" : ": " + step_.reason);
    version_.digest = digest_;
    version_.base = number_in_force(versions, turn.now);
    turn.delta.versions.push_back(version_);
    turn.delta.files.emplace_back(version_.number, files_);
    add_step(turn, step_of(step::rolled_back, version_, step_, "to " + std::to_string(to_)));
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
