#include "service/storage/row_sums.h"

#include <charconv>
#include <stdexcept>

#include "service/storage/clean_text.h"

namespace roamguard::storage {
namespace {

/// A row as bytes, so that no two different rows are the same ones: texts and bytes are led by their length.
class RowBytes {
public:
    RowBytes& whole(std::int64_t value) {
        for (int shift = 0; shift < 64; shift += 8)
            bytes_ += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xff);
        return *this;
    }
    RowBytes& moment(Instant value) { return whole(value.ms); }
    RowBytes& moment(const std::optional<Instant>& value) { return whole(value ? 1 : 0).whole(value ? value->ms : 0); }
    RowBytes& bytes(std::string_view value) {
        whole(static_cast<std::int64_t>(value.size()));
        bytes_ += value;
        return *this;
    }
    template <class Array>
    RowBytes& digest(const Array& value) {
        return bytes({reinterpret_cast<const char*>(value.data()), value.size()});
    }
    /// As the engine keeps it that is the stricter one.
    RowBytes& text(std::string_view value) { return bytes(clean_text(value)); }
    [[nodiscard]] data::Sha256 sum() const { return data::sha256(bytes_); }

private:
    std::string bytes_;
};

RowBytes bytes_of(const CustomerRow& row) {
    return RowBytes().whole(row.id).bytes(row.state).bytes(row.key).moment(row.wake);
}
RowBytes bytes_of(const AliasRow& row) { return RowBytes().text(row.alias).whole(row.customer).moment(row.since); }
RowBytes bytes_of(const SessionRow& row) {
    return RowBytes().whole(row.customer).whole(row.session).bytes(row.body).moment(row.last);
}
RowBytes bytes_of(const SeenRow& row) {
    return RowBytes().digest(row.key).digest(row.content).whole(row.customer).bytes(row.result).moment(row.received);
}
RowBytes bytes_of(const EvidenceRow& row) {
    return RowBytes()
        .whole(row.row)
        .whole(row.customer)
        .whole(row.number)
        .whole(row.previous)
        .moment(row.at)
        .text(row.kind)
        .bytes(row.body)
        .digest(row.hash);
}
RowBytes bytes_of(const MessageRow& row) {
    RowBytes bytes;
    bytes.whole(row.row).text(row.id).whole(row.customer).text(row.to).text(row.kind).text(row.channel);
    bytes.text(row.language).text(row.text).text(row.encoding).text(row.template_id).text(row.template_hash);
    bytes.whole(row.segments).text(word(row.state)).whole(row.attempts).moment(row.due).whole(row.leased ? 1 : 0);
    bytes.text(row.cause).text(row.cap).whole(row.stage).whole(row.threshold).text(row.question).text(row.error);
    bytes.moment(row.created).moment(row.expires).moment(row.sent).moment(row.delivered).moment(row.confirm_by);
    bytes.text(row.topic).text(row.beside);
    return bytes;
}
RowBytes bytes_of(const RejectedRow& row) {
    RowBytes bytes;
    bytes.whole(row.row).moment(row.at).text(row.source).text(row.event_id).text(row.type).text(row.code);
    bytes.text(row.detail).text(row.errors).bytes(row.body);
    return bytes;
}
RowBytes bytes_of(const FindingRow& row) {
    return RowBytes().whole(row.row).text(row.kind).text(row.key).whole(row.customer).moment(row.at).text(row.body);
}
RowBytes bytes_of(const VersionRow& row) {
    RowBytes bytes;
    bytes.whole(row.number).text(row.state).moment(row.effective_at).moment(row.created).text(row.created_by);
    bytes.text(row.published_by).text(row.note).text(row.digest).whole(row.base).text(row.approved_by);
    bytes.text(row.approval).moment(row.approved_at).whole(row.approved_base);
    return bytes;
}
RowBytes bytes_of(const AuditRow& row) {
    RowBytes bytes;
    bytes.whole(row.number).moment(row.at).whole(row.version).text(row.action).text(row.who).text(row.reason);
    bytes.text(row.digest).text(row.detail).digest(row.hash);
    return bytes;
}
RowBytes bytes_of(const KeyRow& row) {
    return RowBytes()
        .text(row.id)
        .text(row.role)
        .text(row.name)
        .bytes(row.hash)
        .moment(row.created)
        .moment(row.revoked);
}

}  // namespace

void RowSum::add(Table table, const Delta& rows) {
    const auto all = [&](const auto& list) {
        for (const auto& row : list)
            add(bytes_of(row).sum());
    };
    switch (table) {
        case Table::customers:
            return all(rows.customers);
        case Table::aliases:
            return all(rows.aliases);
        case Table::sessions:
            return all(rows.sessions);
        case Table::seen:
            return all(rows.seen);
        case Table::evidence:
            return all(rows.evidence);
        case Table::messages:
            return all(rows.messages);
        case Table::rejected:
            return all(rows.rejected);
        case Table::findings:
            return all(rows.findings);
        case Table::versions:
            return all(rows.versions);
        case Table::files:
            for (const auto& [version, files] : rows.files)
                for (const auto& [name, content] : files)
                    add(RowBytes().whole(version).text(name).bytes(content).sum());
            return;
        case Table::audit:
            return all(rows.audit);
        case Table::keys:
            return all(rows.keys);
    }
}

void RowSum::add(const data::Sha256& digest) {
    ++rows_;
    for (std::size_t i = 0; i < digest.size(); i += 8) {
        std::uint64_t part = 0;
        for (std::size_t byte = 0; byte < 8; ++byte)
            part = part << 8 | digest[i + byte];
        sum_[i / 8] += part;
    }
}

std::string RowSum::text() const {
    std::string text = std::to_string(rows_) + " ";
    for (const std::uint64_t part : sum_)
        for (int shift = 60; shift >= 0; shift -= 4)
            text += "0123456789abcdef"[part >> shift & 15];
    return text;
}

RowSum RowSum::of(std::int64_t rows, const std::string& digest) {
    RowSum sum;
    sum.rows_ = rows;
    for (std::size_t i = 0; i < sum.sum_.size(); ++i) {
        const std::string part = digest.size() == 64 ? digest.substr(i * 16, 16) : "";
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), sum.sum_[i], 16);
        if (part.empty() || error != std::errc{} || end != part.data() + part.size())
            throw std::runtime_error("the progress of the migration cannot be read");
    }
    return sum;
}

}  // namespace roamguard::storage
