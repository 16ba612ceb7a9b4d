#pragma once

#include <optional>
#include <string>

#include "service/engine/engine.h"

namespace roamguard::engine {

/// Keeps an uploaded table as a draft under the next number.
class UploadJob final : public Job {
public:
    UploadJob(tariffs::TableFiles files, std::string by, std::string digest)
        : files_(std::move(files)), by_(std::move(by)), digest_(std::move(digest)) {}
    void run(Turn& turn) override;
    [[nodiscard]] const storage::VersionRow& version() const { return version_; }

private:
    tariffs::TableFiles files_;
    std::string by_, digest_;
    storage::VersionRow version_;
};

/// Publishes a draft: in force for every later event once committed, by the events' own time.
class PublishJob final : public Job {
public:
    /// `table` is the draft compiled.
    PublishJob(storage::VersionRow draft, std::shared_ptr<const tariffs::Table> table,
               std::optional<Instant> effective_at, std::string by, std::string note)
        : version_(std::move(draft)),
          table_(std::move(table)),
          asked_(effective_at),
          by_(std::move(by)),
          note_(std::move(note)) {}
    void run(Turn& turn) override;
    void committed(Engine& engine) override;
    [[nodiscard]] const storage::VersionRow& version() const { return version_; }
    [[nodiscard]] const std::string& refusal() const { return refusal_; }

private:
    storage::VersionRow version_;
    std::shared_ptr<const tariffs::Table> table_;
    std::optional<Instant> asked_;
    std::string by_, note_, refusal_;
};

/// Publishes an earlier version's files again under a new number.
class RollbackJob final : public Job {
public:
    RollbackJob(tariffs::TableFiles files, std::shared_ptr<const tariffs::Table> table, std::string by,
                std::string note, std::string digest)
        : files_(std::move(files)),
          table_(std::move(table)),
          by_(std::move(by)),
          note_(std::move(note)),
          digest_(std::move(digest)) {}
    void run(Turn& turn) override;
    void committed(Engine& engine) override;
    [[nodiscard]] const storage::VersionRow& version() const { return version_; }

private:
    tariffs::TableFiles files_;
    std::shared_ptr<const tariffs::Table> table_;
    std::string by_, note_, digest_;
    storage::VersionRow version_;
};

/// All published versions of a store, compiled.
[[nodiscard]] std::shared_ptr<const tariffs::Book> load_book(storage::Store& store, const geoip::Networks& networks);

}  // namespace roamguard::engine
