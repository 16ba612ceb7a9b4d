#include "service/engine/tariff_audit.h"

#include <algorithm>
#include <climits>
#include <map>

#include "data/digest.h"
#include "service/storage/clean_text.h"

namespace roamguard::engine {
namespace {

using storage::AuditRow;
using storage::VersionRow;

void feed(data::Sha256Stream& stream, std::string_view text) {
    stream.feed(std::to_string(text.size()) + ":");
    stream.feed(text);
}

bool begins_a_version(const AuditRow& row) { return row.action == step::uploaded || row.action == step::rolled_back; }
bool publishes(const AuditRow& row) { return row.action == step::published || row.action == step::rolled_back; }

std::string named(const VersionRow& version) { return "version " + std::to_string(version.number); }

/// What a version's steps say of it.
struct Told {
    const AuditRow* begun = nullptr;
    const AuditRow* published = nullptr;
};

std::optional<std::string> version_fault(const VersionRow& version, const Told& told, bool needs_steps,
                                         const std::function<std::string(int)>& digest_of) {
    if (!told.begun && needs_steps) return named(version) + " is there, and no step uploaded it";
    if (told.begun &&
        (told.begun->digest != version.digest || told.begun->who != storage::clean_text(version.created_by)))
        return named(version) + " is not the one that step " + std::to_string(told.begun->number) + " uploaded";
    if (digest_of(version.number) != version.digest)
        return "the files of " + named(version) + " are not those that were uploaded";
    if (version.state != "published" || (!told.begun && !told.published)) return std::nullopt;
    if (!told.published) return named(version) + " is published, and no step published it";
    if (told.published->who != storage::clean_text(version.published_by) || told.published->digest != version.digest)
        return named(version) + " is not the one that step " + std::to_string(told.published->number) + " published";
    return std::nullopt;
}

}  // namespace

std::array<std::uint8_t, 32> step_hash(const std::array<std::uint8_t, 32>& before, const AuditRow& row) {
    data::Sha256Stream stream;
    stream.feed({reinterpret_cast<const char*>(before.data()), before.size()});
    for (const std::string& part : {std::to_string(row.number), std::to_string(row.at.ms), std::to_string(row.version),
                                    row.action, row.who, row.reason, row.digest, row.detail})
        feed(stream, part);
    return stream.finish();
}

void add_step(Turn& turn, AuditRow made) {
    std::vector<AuditRow> before = turn.delta.audit;
    if (before.empty()) before = turn.store().read_audit(0, {0, 1});
    made.number = before.empty() ? 1 : before.back().number + 1;
    made.at = turn.now;
    // As the stricter engine keeps them, or the hash would not be that of the row.
    for (std::string* text : {&made.action, &made.who, &made.reason, &made.digest, &made.detail})
        *text = storage::clean_text(*text);
    made.hash = step_hash(before.empty() ? std::array<std::uint8_t, 32>{} : before.back().hash, made);
    turn.delta.audit.push_back(std::move(made));
}

std::string files_digest(const tariffs::TableFiles& files) {
    data::Sha256Stream stream;
    for (const auto& [name, content] : files) {
        stream.feed(name + "/" + std::to_string(content.size()) + "/");
        stream.feed(content);
    }
    return data::to_hex(stream.finish());
}

std::optional<std::string> audit_fault(const std::vector<AuditRow>& steps, const std::vector<VersionRow>& versions,
                                       const std::function<std::string(int)>& digest_of) {
    std::array<std::uint8_t, 32> before{};
    std::int64_t number = 0;
    std::map<int, Told> told;
    int first = INT_MAX;
    for (const AuditRow& row : steps) {
        if (row.number != ++number) return "step " + std::to_string(number) + " is missing";
        if (step_hash(before, row) != row.hash)
            return "step " + std::to_string(number) + " does not match its hash: it or one before it was altered";
        before = row.hash;
        if (begins_a_version(row)) {
            told[row.version].begun = &row;
            first = std::min(first, row.version);
        }
        if (publishes(row)) told[row.version].published = &row;
    }
    for (const VersionRow& version : versions)
        if (auto fault = version_fault(version, told[version.number], version.number >= first, digest_of)) return fault;
    for (const auto& [version, its] : told)
        if (std::none_of(versions.begin(), versions.end(),
                         [&](const VersionRow& row) { return row.number == version; }))
            return "version " + std::to_string(version) + " was uploaded, and is gone";
    return std::nullopt;
}

}  // namespace roamguard::engine
