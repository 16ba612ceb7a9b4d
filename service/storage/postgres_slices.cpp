#include "data/digest.h"
#include "service/storage/postgres_rows.h"
#include "service/storage/slice_keys.h"

namespace roamguard::storage::postgres {
namespace {

Parameters after_number(const std::string& after, int limit) { return Parameters().add(number_of(after)).add(limit); }
Parameters after_text(const std::string& after, int limit) { return Parameters().text(after).add(limit); }
Parameters after_pair(const std::string& after, int limit) {
    const auto [first, second] = pair_of(after);
    return Parameters().add(first).add(second).add(limit);
}
Parameters after_name(const std::string& after, int limit) {
    const auto [number, name] = named_of(after);
    return Parameters().add(number).text(name).add(limit);
}

/// Each row of a statement that asks for a slice; `key` says where the last one stands.
template <class Take, class Key>
void fill(const Rows& rows, Slice& slice, Take take, Key key) {
    slice.count = rows.size();
    for (int i = 0; i < rows.size(); ++i)
        take(i);
    if (slice.count) slice.last = key(slice.count - 1);
}

void read_people(Connection& db, Table table, const std::string& after, int limit, Slice& slice) {
    const auto pair = [](const Rows& rows) {
        return [&rows](int i) { return pair_text(rows.integer(i, 0), rows.integer(i, 1)); };
    };
    if (table == Table::customers) {
        const Rows rows = db.run("SELECT id,state,key,wake FROM customer WHERE id>$1 ORDER BY id LIMIT $2",
                                 after_number(after, limit));
        fill(
            rows, slice, [&](int i) { slice.rows.customers.push_back(customer_from(rows, i)); },
            [&](int i) { return std::to_string(rows.integer(i, 0)); });
    } else if (table == Table::aliases) {
        const Rows rows = db.run("SELECT alias,customer,since FROM alias WHERE alias>$1 ORDER BY alias LIMIT $2",
                                 after_text(after, limit));
        fill(
            rows, slice,
            [&](int i) {
                slice.rows.aliases.push_back({rows.text(i, 0), rows.integer(i, 1), rows.instant(i, 2)});
            },
            [&](int i) { return rows.text(i, 0); });
    } else if (table == Table::sessions) {
        const Rows rows = db.run(
            "SELECT customer,session,body,last FROM session WHERE (customer,session)>($1,$2) ORDER BY "
            "customer,session LIMIT $3",
            after_pair(after, limit));
        fill(
            rows, slice,
            [&](int i) {
                slice.rows.sessions.push_back(
                    {rows.integer(i, 0), rows.integer(i, 1), rows.text(i, 2), rows.instant(i, 3)});
            },
            pair(rows));
    } else {
        const Rows rows =
            db.run("SELECT key,content,customer,result,received FROM seen WHERE key>$1 ORDER BY key LIMIT $2",
                   Parameters().bytes(unhex(after)).add(limit));
        fill(
            rows, slice, [&](int i) { slice.rows.seen.push_back(seen_from(rows, i)); },
            [&](int i) { return data::to_hex(rows.text(i, 0)); });
    }
}

void read_history(Connection& db, Table table, const std::string& after, int limit, Slice& slice) {
    if (table == Table::evidence) {
        const Rows rows = db.run(
            "SELECT row,customer,number,previous,at,kind,body,hash FROM evidence WHERE (customer,row)>($1,$2) ORDER BY "
            "customer,row LIMIT $3",
            after_pair(after, limit));
        fill(
            rows, slice, [&](int i) { slice.rows.evidence.push_back(evidence_from(rows, i)); },
            [&](int i) { return pair_text(rows.integer(i, 1), rows.integer(i, 0)); });
    } else if (table == Table::messages) {
        const Rows rows = db.run("SELECT " PG_MESSAGE_COLUMNS
                                 " FROM message WHERE (customer,row)>($1,$2) ORDER BY customer,row LIMIT $3",
                                 after_pair(after, limit));
        fill(
            rows, slice, [&](int i) { slice.rows.messages.push_back(message_from(rows, i)); },
            [&](int i) { return pair_text(rows.integer(i, 2), rows.integer(i, 0)); });
    } else if (table == Table::rejected) {
        const Rows rows = db.run(
            "SELECT row,at,source,event_id,type,code,detail,errors,body FROM rejected WHERE row>$1 ORDER BY row LIMIT "
            "$2",
            after_number(after, limit));
        fill(
            rows, slice,
            [&](int i) {
                slice.rows.rejected.push_back({rows.integer(i, 0), rows.instant(i, 1), rows.text(i, 2), rows.text(i, 3),
                                               rows.text(i, 4), rows.text(i, 5), rows.text(i, 6), rows.text(i, 7),
                                               rows.text(i, 8)});
            },
            [&](int i) { return std::to_string(rows.integer(i, 0)); });
    } else {
        const Rows rows = db.run("SELECT row,kind,key,customer,at,body FROM finding WHERE row>$1 ORDER BY row LIMIT $2",
                                 after_number(after, limit));
        fill(
            rows, slice,
            [&](int i) {
                slice.rows.findings.push_back({rows.text(i, 1), rows.text(i, 2), rows.integer(i, 3), rows.instant(i, 4),
                                               rows.text(i, 5), false, rows.integer(i, 0)});
            },
            [&](int i) { return std::to_string(rows.integer(i, 0)); });
    }
}

void read_settings(Connection& db, Table table, const std::string& after, int limit, Slice& slice) {
    if (table == Table::versions) {
        const Rows rows =
            db.run("SELECT " PG_VERSION_COLUMNS " FROM tariff_version WHERE number>$1 ORDER BY number LIMIT $2",
                   after_number(after, limit));
        fill(
            rows, slice, [&](int i) { slice.rows.versions.push_back(version_from(rows, i)); },
            [&](int i) { return std::to_string(rows.integer(i, 0)); });
    } else if (table == Table::files) {
        const Rows rows = db.run(
            "SELECT version,name,content FROM tariff_file WHERE (version,name)>($1,$2) ORDER BY version,name LIMIT $3",
            after_name(after, limit));
        fill(
            rows, slice,
            [&](int i) {
                slice.rows.files.push_back({rows.number(i, 0), {{rows.text(i, 1), rows.text(i, 2)}}});
            },
            [&](int i) { return std::to_string(rows.integer(i, 0)) + ":" + rows.text(i, 1); });
    } else if (table == Table::audit) {
        const Rows rows =
            db.run("SELECT " PG_AUDIT_COLUMNS " FROM tariff_audit WHERE number>$1 ORDER BY number LIMIT $2",
                   after_number(after, limit));
        fill(
            rows, slice, [&](int i) { slice.rows.audit.push_back(audit_from(rows, i)); },
            [&](int i) { return std::to_string(rows.integer(i, 0)); });
    } else {
        const Rows rows = db.run(
            "SELECT id,role,name,hash,created,revoked FROM api_key WHERE id>$1 ORDER BY id LIMIT "
            "$2",
            after_text(after, limit));
        fill(
            rows, slice,
            [&](int i) {
                slice.rows.keys.push_back({rows.text(i, 0), rows.text(i, 1), rows.text(i, 2), rows.text(i, 3),
                                           rows.instant(i, 4), rows.maybe_instant(i, 5)});
            },
            [&](int i) { return rows.text(i, 0); });
    }
}

}  // namespace

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
    return db.run(counts[static_cast<std::size_t>(table)]).integer(0, 0);
}

}  // namespace roamguard::storage::postgres
