#include "service/storage/sqlite_rows.h"

#include <cstring>

#include "data/digest.h"
#include "service/storage/slice_keys.h"

namespace roamguard::storage {
namespace {

template <class Array>
void read_bytes(const std::string& bytes, Array& into) {
    if (bytes.size() != into.size())
        throw StoreBroken("a stored digest has " + std::to_string(bytes.size()) + " bytes");
    std::memcpy(into.data(), bytes.data(), bytes.size());
}

void read_people(Connection& db, Table table, const std::string& after, int limit, Slice& slice) {
    if (table == Table::customers) {
        Use use = db.use("SELECT id,state,key,wake FROM customer WHERE id>? ORDER BY id LIMIT ?");
        use.bind(number_of(after)).bind(limit);
        for (; use.step(); ++slice.count)
            slice.rows.customers.push_back(customer_from(use));
        if (slice.count) slice.last = std::to_string(slice.rows.customers.back().id);
    } else if (table == Table::aliases) {
        Use use = db.use("SELECT alias,customer,since FROM alias WHERE alias>? ORDER BY alias LIMIT ?");
        use.bind(after).bind(limit);
        for (; use.step(); ++slice.count)
            slice.rows.aliases.push_back({use.text(0), use.integer(1), use.instant(2)});
        if (slice.count) slice.last = slice.rows.aliases.back().alias;
    } else if (table == Table::sessions) {
        const auto [customer, session] = pair_of(after);
        Use use = db.use(
            "SELECT customer,session,body,last FROM session WHERE (customer,session)>(?,?) ORDER BY customer,session "
            "LIMIT ?");
        use.bind(customer).bind(session).bind(limit);
        for (; use.step(); ++slice.count)
            slice.rows.sessions.push_back({use.integer(0), use.integer(1), use.text(2), use.instant(3)});
        if (slice.count)
            slice.last = pair_text(slice.rows.sessions.back().customer, slice.rows.sessions.back().session);
    } else {
        const std::string key = unhex(after);
        Use use = db.use("SELECT key,content,customer,result,received FROM seen WHERE key>? ORDER BY key LIMIT ?");
        use.blob(key).bind(limit);
        for (; use.step(); ++slice.count)
            slice.rows.seen.push_back(seen_from(use));
        if (slice.count) slice.last = data::to_hex(slice.rows.seen.back().key);
    }
}

/// The tables that are led by a row number.
void read_history(Connection& db, Table table, const std::string& after, int limit, Slice& slice) {
    Use use =
        db.use(table == Table::evidence   ? "SELECT row,customer,number,previous,at,kind,body,hash FROM evidence "
                                            "WHERE row>? ORDER BY row LIMIT ?"
               : table == Table::messages ? "SELECT " MESSAGE_COLUMNS " FROM message WHERE row>? ORDER BY row LIMIT ?"
               : table == Table::rejected
                   ? "SELECT row,at,source,event_id,type,code,detail,errors,body FROM rejected WHERE row>? ORDER "
                     "BY row LIMIT ?"
                   : "SELECT row,kind,key,customer,at,body FROM finding WHERE row>? ORDER BY row LIMIT ?");
    use.bind(number_of(after)).bind(limit);
    for (; use.step(); ++slice.count) {
        slice.last = std::to_string(use.integer(0));
        if (table == Table::evidence) slice.rows.evidence.push_back(evidence_from(use));
        if (table == Table::messages) slice.rows.messages.push_back(message_from(use));
        if (table == Table::rejected)
            slice.rows.rejected.push_back({use.integer(0), use.instant(1), use.text(2), use.text(3), use.text(4),
                                           use.text(5), use.text(6), use.text(7), use.text(8)});
        if (table == Table::findings)
            slice.rows.findings.push_back(
                {use.text(1), use.text(2), use.integer(3), use.instant(4), use.text(5), false, use.integer(0)});
    }
}

void read_settings(Connection& db, Table table, const std::string& after, int limit, Slice& slice) {
    if (table == Table::versions) {
        Use use = db.use("SELECT " VERSION_COLUMNS " FROM tariff_version WHERE number>? ORDER BY number LIMIT ?");
        use.bind(number_of(after)).bind(limit);
        for (; use.step(); ++slice.count)
            slice.rows.versions.push_back(version_from(use));
        if (slice.count) slice.last = std::to_string(slice.rows.versions.back().number);
    } else if (table == Table::files) {
        const auto [version, name] = named_of(after);
        Use use = db.use(
            "SELECT version,name,content FROM tariff_file WHERE (version,name)>(?,?) ORDER BY version,name LIMIT ?");
        use.bind(version).bind(name).bind(limit);
        for (; use.step(); ++slice.count) {
            slice.rows.files.push_back({use.number(0), {{use.text(1), use.text(2)}}});
            slice.last = std::to_string(use.integer(0)) + ":" + use.text(1);
        }
    } else if (table == Table::audit) {
        Use use = db.use("SELECT " AUDIT_COLUMNS " FROM tariff_audit WHERE number>? ORDER BY number LIMIT ?");
        use.bind(number_of(after)).bind(limit);
        for (; use.step(); ++slice.count)
            slice.rows.audit.push_back(audit_from(use));
        if (slice.count) slice.last = std::to_string(slice.rows.audit.back().number);
    } else {
        Use use = db.use("SELECT id,role,name,hash,created,revoked FROM api_key WHERE id>? ORDER BY id LIMIT ?");
        use.bind(after).bind(limit);
        for (; use.step(); ++slice.count)
            slice.rows.keys.push_back(
                {use.text(0), use.text(1), use.text(2), use.text(3), use.instant(4), use.maybe_instant(5)});
        if (slice.count) slice.last = slice.rows.keys.back().id;
    }
}

}  // namespace

std::string_view bytes_of(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}
std::string_view bytes_of(const std::array<std::uint8_t, 32>& hash) {
    return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

CustomerRow customer_from(const Use& use) {
    CustomerRow row;
    row.id = use.integer(0);
    row.state = use.text(1);
    row.key = use.text(2);
    row.wake = use.maybe_instant(3);
    return row;
}

MessageRow message_from(const Use& use) {
    MessageRow row;
    int i = 0;
    row.row = use.integer(i++);
    row.id = use.text(i++);
    row.customer = use.integer(i++);
    row.to = use.text(i++);
    row.kind = use.text(i++);
    row.channel = use.text(i++);
    row.language = use.text(i++);
    row.text = use.text(i++);
    row.encoding = use.text(i++);
    row.segments = use.number(i++);
    row.template_id = use.text(i++);
    row.template_hash = use.text(i++);
    row.state = parse_message_state(use.text(i++)).value();
    row.attempts = use.number(i++);
    row.due = use.maybe_instant(i++);
    row.cause = use.text(i++);
    row.cap = use.text(i++);
    row.stage = use.number(i++);
    row.threshold = use.number(i++);
    row.question = use.text(i++);
    row.error = use.text(i++);
    row.created = use.instant(i++);
    row.expires = use.instant(i++);
    row.sent = use.maybe_instant(i++);
    row.delivered = use.maybe_instant(i++);
    row.leased = use.integer(i++) != 0;
    row.beside = use.text(i++);
    row.topic = use.text(i++);
    row.confirm_by = use.maybe_instant(i++);
    return row;
}

SeenRow seen_from(const Use& use) {
    SeenRow row;
    read_bytes(use.text(0), row.key);
    read_bytes(use.text(1), row.content);
    row.customer = use.integer(2);
    row.result = use.text(3);
    row.received = use.instant(4);
    return row;
}

EvidenceRow evidence_from(const Use& use) {
    EvidenceRow row;
    row.row = use.integer(0);
    row.customer = use.integer(1);
    row.number = use.integer(2);
    row.previous = use.integer(3);
    row.at = use.instant(4);
    row.kind = use.text(5);
    row.body = use.text(6);
    read_bytes(use.text(7), row.hash);
    return row;
}

VersionRow version_from(const Use& use) {
    VersionRow row;
    int i = 0;
    row.number = use.number(i++);
    row.state = use.text(i++);
    row.effective_at = use.maybe_instant(i++);
    row.created = use.instant(i++);
    row.created_by = use.text(i++);
    row.published_by = use.text(i++);
    row.note = use.text(i++);
    row.digest = use.text(i++);
    row.base = use.number(i++);
    row.approved_by = use.text(i++);
    row.approval = use.text(i++);
    row.approved_at = use.maybe_instant(i++);
    row.approved_base = use.number(i++);
    return row;
}

AuditRow audit_from(const Use& use) {
    AuditRow row;
    int i = 0;
    row.number = use.integer(i++);
    row.at = use.instant(i++);
    row.version = use.number(i++);
    row.action = use.text(i++);
    row.who = use.text(i++);
    row.reason = use.text(i++);
    row.digest = use.text(i++);
    row.detail = use.text(i++);
    read_bytes(use.text(i++), row.hash);
    return row;
}

Slice slice_of(Connection& db, Table table, const std::string& after, int limit) {
    Slice slice;
    switch (table) {
        case Table::customers:
        case Table::aliases:
        case Table::sessions:
        case Table::seen:
            read_people(db, table, after, limit, slice);
            break;
        case Table::evidence:
        case Table::messages:
        case Table::rejected:
        case Table::findings:
            read_history(db, table, after, limit, slice);
            break;
        case Table::versions:
        case Table::files:
        case Table::audit:
        case Table::keys:
            read_settings(db, table, after, limit, slice);
            break;
    }
    return slice;
}

std::int64_t count_of(Connection& db, Table table) {
    static constexpr const char* counts[] = {
        "SELECT count(*) FROM customer",    "SELECT count(*) FROM alias",        "SELECT count(*) FROM session",
        "SELECT count(*) FROM seen",        "SELECT count(*) FROM evidence",     "SELECT count(*) FROM message",
        "SELECT count(*) FROM rejected",    "SELECT count(*) FROM finding",      "SELECT count(*) FROM tariff_version",
        "SELECT count(*) FROM tariff_file", "SELECT count(*) FROM tariff_audit", "SELECT count(*) FROM api_key"};
    Use use = db.use(counts[static_cast<std::size_t>(table)]);
    return use.step() ? use.integer(0) : 0;
}

}  // namespace roamguard::storage
