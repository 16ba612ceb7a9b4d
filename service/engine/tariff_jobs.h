#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/engine/engine.h"

namespace roamguard::engine {

/// Who takes a step of the tariff work, why, and what they have seen.
struct Step {
    std::string by;  ///< the name of their key: people are told apart by it
    std::string reason;
    std::optional<std::string> if_match;  ///< of the request, as it came
};

/// What stands in a step's way.
enum class StepRefusal {
    none,
    not_a_draft,
    changed,         ///< If-Match names another state of the version
    match_required,  ///< four eyes: without If-Match nobody knows what was reviewed
    reason_required,
    own_draft,     ///< whoever uploaded a draft does not approve it
    not_approved,  ///< four eyes: nobody else has approved it
    stale,         ///< four eyes: another version came into force since it was approved
    guard_rails,
    force_changed,  ///< another version came into force while the guard rails were looked at
};

/// The entity tag of a version: another one after every step.
[[nodiscard]] std::string etag_of(const storage::VersionRow& version);
/// Whether If-Match, a list or `*`, names this version as it is now.
[[nodiscard]] bool matches(std::string_view if_match, const storage::VersionRow& version);
/// The number of the version in force at a moment, as the book says; 0: none.
[[nodiscard]] int number_in_force(const std::vector<storage::VersionRow>& versions, Instant at);
/// Another version is in force than when the draft was uploaded, or else approved.
[[nodiscard]] bool is_stale(const storage::VersionRow& draft, int in_force);

/// Keeps an uploaded table as a draft under the next number. `base` is the version it was compared with.
class UploadJob final : public Job {
public:
    UploadJob(tariffs::TableFiles files, std::string by, int base);
    void run(Turn& turn) override;
    [[nodiscard]] const storage::VersionRow& version() const { return version_; }

private:
    tariffs::TableFiles files_;
    std::string digest_;  ///< of up to 96 MB: not for the engine's thread
    std::string by_;
    int base_;
    storage::VersionRow version_;
};

/// Marks a draft as approved against the version in force. Under four eyes with a reason and If-Match.
class ApproveJob final : public Job {
public:
    ApproveJob(int number, Step step) : number_(number), step_(std::move(step)) {}
    void run(Turn& turn) override;
    [[nodiscard]] const storage::VersionRow& version() const { return version_; }
    [[nodiscard]] StepRefusal refusal() const { return refusal_; }

private:
    int number_;
    Step step_;
    storage::VersionRow version_;
    StepRefusal refusal_ = StepRefusal::none;
};

/// Publishes a draft: in force for every later event once committed, by the events' own time. A refusal leaves the
/// draft as it is; what four eyes or guard rails refuse stands in the audit.
class PublishJob final : public Job {
public:
    /// What the guard rails said, against which version.
    struct Checked {
        int against = 0;
        std::vector<tariffs::Fault> broken;
    };
    /// `table` is the draft compiled.
    PublishJob(int number, std::shared_ptr<const tariffs::Table> table, std::optional<Instant> effective_at,
               Checked checked, Step step)
        : number_(number),
          table_(std::move(table)),
          asked_(effective_at),
          checked_(std::move(checked)),
          step_(std::move(step)) {}
    void run(Turn& turn) override;
    void committed(Engine& engine) override;
    [[nodiscard]] const storage::VersionRow& version() const { return version_; }
    [[nodiscard]] StepRefusal refusal() const { return refusal_; }
    /// Published or not: another version is in force than the draft was reviewed against.
    [[nodiscard]] bool stale() const { return stale_; }
    [[nodiscard]] int in_force() const { return in_force_; }

private:
    [[nodiscard]] StepRefusal refuse(const Turn& turn, int in_force_then) const;

    int number_;
    std::shared_ptr<const tariffs::Table> table_;
    std::optional<Instant> asked_;
    Checked checked_;
    Step step_;
    storage::VersionRow version_;
    StepRefusal refusal_ = StepRefusal::none;
    bool stale_ = false;
    int in_force_ = 0;
};

/// Publishes an earlier version's files again under a new number.
class RollbackJob final : public Job {
public:
    RollbackJob(int to, tariffs::TableFiles files, std::shared_ptr<const tariffs::Table> table, Step step);
    void run(Turn& turn) override;
    void committed(Engine& engine) override;
    [[nodiscard]] const storage::VersionRow& version() const { return version_; }

private:
    int to_;
    tariffs::TableFiles files_;
    std::string digest_;
    std::shared_ptr<const tariffs::Table> table_;
    Step step_;
    storage::VersionRow version_;
};

/// All published versions of a store, compiled.
[[nodiscard]] std::shared_ptr<const tariffs::Book> load_book(storage::Store& store, const geoip::Networks& networks);

}  // namespace roamguard::engine
