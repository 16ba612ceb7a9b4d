#include "service/storage/postgres_rows.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace roamguard::storage::postgres {
namespace {

using Kind = Column::Kind;

template <class Array>
void read_bytes(const std::string& bytes, Array& into) {
    if (bytes.size() != into.size())
        throw StoreBroken("a stored digest has " + std::to_string(bytes.size()) + " bytes");
    std::memcpy(into.data(), bytes.data(), bytes.size());
}

/// The columns of one statement: of each row, each column's value.
template <class Row>
class Table {
public:
    explicit Table(const std::vector<Row>& rows) {
        for (const Row& row : rows)
            rows_.push_back(&row);
    }
    template <class Which>
    Table(const std::vector<Row>& rows, Which which) {
        for (const Row& row : rows)
            if (which(row)) rows_.push_back(&row);
    }
    template <class Key>
    Table& by(Key key) {
        std::stable_sort(rows_.begin(), rows_.end(), [&](const Row* a, const Row* b) { return key(*a) < key(*b); });
        return *this;
    }
    template <class Value>
    Table& integers(Value value) {
        return add(Kind::integers, value);
    }
    template <class Value>
    Table& texts(Value value) {
        return add(Kind::texts, value);
    }
    template <class Value>
    Table& bytes(Value value) {
        return add(Kind::bytes, value);
    }
    void into(Connection& db, const char* sql) {
        if (!rows_.empty()) db.queue(sql, std::move(parameters_));
    }

private:
    template <class Value>
    Table& add(Kind kind, Value value) {
        Column column(kind);
        for (const Row* row : rows_)
            column.add(value(*row));
        parameters_.add(std::move(column));
        return *this;
    }

    std::vector<const Row*> rows_;
    Parameters parameters_;
};

std::string_view view(const std::string& text) { return text; }
std::int64_t whole(std::int64_t value) { return value; }
#define TEXT(field) [](const auto& row) { return view(row.field); }
#define WHOLE(field) [](const auto& row) { return whole(row.field); }
#define MOMENT(field) [](const auto& row) { return row.field; }

void queue_customers(Connection& db, const Delta& delta) {
    Table<CustomerRow>(delta.customers)
        .by(WHOLE(id))
        .integers(WHOLE(id))
        .bytes(TEXT(state))
        .bytes(TEXT(key))
        .integers(MOMENT(wake))
        .into(db,
              "INSERT INTO customer(id,state,key,wake) SELECT * FROM unnest($1,$2,$3,$4) ON CONFLICT(id) DO UPDATE SET "
              "state=excluded.state,key=excluded.key,wake=excluded.wake");
    if (!delta.dropped_aliases.empty()) {
        Column dropped(Kind::texts);
        for (const std::string& alias : delta.dropped_aliases)
            dropped.add(alias);
        db.queue("DELETE FROM alias WHERE alias=ANY($1)", Parameters().add(std::move(dropped)));
    }
    using Was = AliasRow::Was;
    Table<AliasRow>(delta.aliases, [](const AliasRow& row) { return row.was == Was::taken; })
        .by(TEXT(alias))
        .texts(TEXT(alias))
        .integers(WHOLE(customer))
        .integers(MOMENT(since))
        .into(db,
              "INSERT INTO alias(alias,customer,since) SELECT * FROM unnest($1,$2,$3) ON CONFLICT(alias) DO UPDATE SET "
              "customer=excluded.customer,since=excluded.since");
    Table<AliasRow>(delta.aliases, [](const AliasRow& row) { return row.was == Was::free; })
        .by(TEXT(alias))
        .texts(TEXT(alias))
        .integers(WHOLE(customer))
        .integers(MOMENT(since))
        .into(db, "INSERT INTO alias(alias,customer,since) SELECT * FROM unnest($1,$2,$3)");
}

void queue_events(Connection& db, const Delta& delta) {
    Table<SessionRow>(delta.sessions)
        .integers(WHOLE(customer))
        .integers(WHOLE(session))
        .bytes(TEXT(body))
        .integers(MOMENT(last))
        .into(db,
              "INSERT INTO session(customer,session,body,last) SELECT * FROM unnest($1,$2,$3,$4) ON "
              "CONFLICT(customer,session) DO UPDATE SET body=excluded.body,last=excluded.last");
    Table<SeenRow>(delta.seen)
        .by(MOMENT(key))
        .bytes([](const SeenRow& row) { return bytes_of(row.key); })
        .bytes([](const SeenRow& row) { return bytes_of(row.content); })
        .integers(WHOLE(customer))
        .bytes(TEXT(result))
        .integers(MOMENT(received))
        .into(db, "INSERT INTO seen(key,content,customer,result,received) SELECT * FROM unnest($1,$2,$3,$4,$5)");
    Table<EvidenceRow>(delta.evidence)
        .integers(WHOLE(customer))
        .integers(WHOLE(row))
        .integers(WHOLE(number))
        .integers(WHOLE(previous))
        .integers(MOMENT(at))
        .texts(TEXT(kind))
        .bytes(TEXT(body))
        .bytes([](const EvidenceRow& row) {
            return std::string_view(reinterpret_cast<const char*>(row.hash.data()), row.hash.size());
        })
        .into(db,
              "INSERT INTO evidence(customer,row,number,previous,at,kind,body,hash) SELECT * FROM "
              "unnest($1,$2,$3,$4,$5,$6,$7,$8)");
}

void queue_messages(Connection& db, const Delta& delta) {
    Table<MessageRow> table(delta.messages);
    table.integers(WHOLE(row)).texts(TEXT(id)).integers(WHOLE(customer)).texts(TEXT(to)).texts(TEXT(kind));
    table.texts(TEXT(channel)).texts(TEXT(language)).texts(TEXT(text)).texts(TEXT(encoding)).integers(WHOLE(segments));
    table.texts(TEXT(template_id)).texts(TEXT(template_hash));
    table.texts([](const MessageRow& row) { return word(row.state); }).integers(WHOLE(attempts)).integers(MOMENT(due));
    table.texts(TEXT(cause)).texts(TEXT(cap)).integers(WHOLE(stage)).integers(WHOLE(threshold)).texts(TEXT(question));
    table.texts(TEXT(error)).integers(MOMENT(created)).integers(MOMENT(expires)).integers(MOMENT(sent));
    table.integers(MOMENT(delivered)).integers(WHOLE(leased)).texts(TEXT(beside)).texts(TEXT(topic));
    table.integers(MOMENT(confirm_by));
    table.into(db, "INSERT INTO message(" PG_MESSAGE_COLUMNS
                   ") SELECT * FROM unnest($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,"
                   "$22,$23,$24,$25,$26,$27,$28,$29) ON CONFLICT(customer,row) DO UPDATE SET "
                   "recipient=excluded.recipient,channel=excluded.channel,text=excluded.text,state=excluded.state,"
                   "attempts=excluded.attempts,due=excluded.due,error=excluded.error,expires=excluded.expires,"
                   "sent=excluded.sent,delivered=excluded.delivered,leased=excluded.leased,"
                   "confirm_by=excluded.confirm_by,beside=excluded.beside");
}

void queue_lists(Connection& db, const Delta& delta) {
    Table<RejectedRow>(delta.rejected)
        .integers(WHOLE(row))
        .integers(MOMENT(at))
        .texts(TEXT(source))
        .texts(TEXT(event_id))
        .texts(TEXT(type))
        .texts(TEXT(code))
        .texts(TEXT(detail))
        .texts(TEXT(errors))
        .bytes(TEXT(body))
        .into(db,
              "INSERT INTO rejected(row,at,source,event_id,type,code,detail,errors,body) SELECT coalesce(nullif(given,"
              "0),nextval('rejected_row')),at,source,event_id,type,code,detail,errors,body FROM unnest($1,$2,$3,$4,$5,"
              "$6,$7,$8,$9) AS new(given,at,source,event_id,type,code,detail,errors,body)");
    // Of several findings with one key the last counts, and one statement takes each key once.
    std::map<std::pair<std::string_view, std::string_view>, const FindingRow*> newest;
    for (const FindingRow& row : delta.findings)
        newest[{row.kind, row.key}] = &row;
    std::vector<FindingRow> findings;
    for (const auto& [key, row] : newest)
        findings.push_back(*row);
    Table<FindingRow>(findings, [](const FindingRow& row) { return row.gone; })
        .texts(TEXT(kind))
        .texts(TEXT(key))
        .into(db,
              "DELETE FROM finding USING unnest($1,$2) AS gone(kind,key) WHERE finding.kind=gone.kind AND "
              "finding.key=gone.key");
    Table<FindingRow>(findings, [](const FindingRow& row) { return !row.gone; })
        .texts(TEXT(kind))
        .texts(TEXT(key))
        .integers(WHOLE(customer))
        .integers(MOMENT(at))
        .texts(TEXT(body))
        .integers(WHOLE(row))
        .into(db,
              "INSERT INTO finding(row,kind,key,customer,at,body) SELECT coalesce(nullif(given,0),nextval("
              "'finding_row')),kind,key,customer,at,body FROM unnest($1,$2,$3,$4,$5,$6) AS "
              "new(kind,key,customer,at,body,given) ON CONFLICT(kind,key) DO UPDATE SET "
              "row=excluded.row,customer=excluded.customer,at=excluded.at,body=excluded.body");
    Table<KeyRow>(delta.keys)
        .texts(TEXT(id))
        .texts(TEXT(role))
        .texts(TEXT(name))
        .bytes(TEXT(hash))
        .integers(MOMENT(created))
        .integers(MOMENT(revoked))
        .into(db,
              "INSERT INTO api_key(id,role,name,hash,created,revoked) SELECT * FROM unnest($1,$2,$3,$4,$5,$6) ON "
              "CONFLICT(id) DO UPDATE SET role=excluded.role,name=excluded.name,hash=excluded.hash,"
              "created=excluded.created,revoked=excluded.revoked");
}

void queue_erasures(Connection& db, const Delta& delta) {
    if (delta.erased.empty()) return;
    for (const char* sql : {"DELETE FROM session WHERE customer=ANY($1)", "DELETE FROM finding WHERE customer=ANY($1)",
                            "UPDATE message SET recipient='',text='',due=NULL,leased=0,confirm_by=NULL,state=CASE "
                            "state WHEN 'queued' THEN 'cancelled' ELSE state "
                            "END WHERE customer=ANY($1) AND NOT (state='queued' AND channel IN ('platform','nchf'))"}) {
        Column erased(Kind::integers);
        for (CustomerId customer : delta.erased)
            erased.add(customer);
        db.queue(sql, Parameters().add(std::move(erased)));
    }
}

}  // namespace

std::string_view bytes_of(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

CustomerRow customer_from(const Rows& rows, int row) {
    return {rows.integer(row, 0), rows.text(row, 1), rows.text(row, 2), rows.maybe_instant(row, 3)};
}

MessageRow message_from(const Rows& rows, int at) {
    MessageRow row;
    int i = 0;
    row.row = rows.integer(at, i++);
    row.id = rows.text(at, i++);
    row.customer = rows.integer(at, i++);
    row.to = rows.text(at, i++);
    row.kind = rows.text(at, i++);
    row.channel = rows.text(at, i++);
    row.language = rows.text(at, i++);
    row.text = rows.text(at, i++);
    row.encoding = rows.text(at, i++);
    row.segments = rows.number(at, i++);
    row.template_id = rows.text(at, i++);
    row.template_hash = rows.text(at, i++);
    row.state = parse_message_state(rows.text(at, i++)).value();
    row.attempts = rows.number(at, i++);
    row.due = rows.maybe_instant(at, i++);
    row.cause = rows.text(at, i++);
    row.cap = rows.text(at, i++);
    row.stage = rows.number(at, i++);
    row.threshold = rows.number(at, i++);
    row.question = rows.text(at, i++);
    row.error = rows.text(at, i++);
    row.created = rows.instant(at, i++);
    row.expires = rows.instant(at, i++);
    row.sent = rows.maybe_instant(at, i++);
    row.delivered = rows.maybe_instant(at, i++);
    row.leased = rows.integer(at, i++) != 0;
    row.beside = rows.text(at, i++);
    row.topic = rows.text(at, i++);
    row.confirm_by = rows.maybe_instant(at, i++);
    return row;
}

SeenRow seen_from(const Rows& rows, int at) {
    SeenRow row;
    read_bytes(rows.text(at, 0), row.key);
    read_bytes(rows.text(at, 1), row.content);
    row.customer = rows.integer(at, 2);
    row.result = rows.text(at, 3);
    row.received = rows.instant(at, 4);
    return row;
}

EvidenceRow evidence_from(const Rows& rows, int at) {
    EvidenceRow row;
    row.row = rows.integer(at, 0);
    row.customer = rows.integer(at, 1);
    row.number = rows.integer(at, 2);
    row.previous = rows.integer(at, 3);
    row.at = rows.instant(at, 4);
    row.kind = rows.text(at, 5);
    row.body = rows.text(at, 6);
    read_bytes(rows.text(at, 7), row.hash);
    return row;
}

VersionRow version_from(const Rows& rows, int at) {
    VersionRow row;
    int i = 0;
    row.number = rows.number(at, i++);
    row.state = rows.text(at, i++);
    row.effective_at = rows.maybe_instant(at, i++);
    row.created = rows.instant(at, i++);
    row.created_by = rows.text(at, i++);
    row.published_by = rows.text(at, i++);
    row.note = rows.text(at, i++);
    row.digest = rows.text(at, i++);
    row.base = rows.number(at, i++);
    row.approved_by = rows.text(at, i++);
    row.approval = rows.text(at, i++);
    row.approved_at = rows.maybe_instant(at, i++);
    row.approved_base = rows.number(at, i++);
    return row;
}

AuditRow audit_from(const Rows& rows, int at) {
    AuditRow row;
    int i = 0;
    row.number = rows.integer(at, i++);
    row.at = rows.instant(at, i++);
    row.version = rows.number(at, i++);
    row.action = rows.text(at, i++);
    row.who = rows.text(at, i++);
    row.reason = rows.text(at, i++);
    row.digest = rows.text(at, i++);
    row.detail = rows.text(at, i++);
    read_bytes(rows.text(at, i++), row.hash);
    return row;
}

void queue_changes(Connection& db, const Delta& delta) {
    queue_customers(db, delta);
    queue_events(db, delta);
    queue_messages(db, delta);
    queue_lists(db, delta);
    queue_erasures(db, delta);  // last, so that nothing of the same batch outlives an erasure
    if (!delta.versions.empty() || !delta.keys.empty()) db.queue("UPDATE news SET counter=counter+1 WHERE id=1");
}

void write_versions(Connection& db, const Delta& delta) {
    for (const VersionRow& row : delta.versions) {
        Parameters parameters;
        Column effective(Kind::integers), approved(Kind::integers);  // single values that may be NULL
        effective.add(row.effective_at);
        approved.add(row.approved_at);
        parameters.add(row.number).text(row.state).add(std::move(effective)).add(row.created).text(row.created_by);
        parameters.text(row.published_by).text(row.note).text(row.digest).add(row.base).text(row.approved_by);
        parameters.text(row.approval).add(std::move(approved)).add(row.approved_base);
        const bool made = std::any_of(delta.files.begin(), delta.files.end(),
                                      [&](const auto& files) { return files.first == row.number; }) &&
                          &row == &*std::find_if(delta.versions.begin(), delta.versions.end(),
                                                 [&](const VersionRow& one) { return one.number == row.number; });
        const Rows done =
            made ? db.run("INSERT INTO tariff_version(" PG_VERSION_COLUMNS
                          ") VALUES($1,$2,($3::int8[])[1],$4,$5,$6,$7,$8,$9,$10,$11,($12::int8[])[1],$13)",
                          std::move(parameters))
                 : db.run("INSERT INTO tariff_version AS old(" PG_VERSION_COLUMNS
                          ") VALUES($1,$2,($3::int8[])[1],$4,$5,$6,$7,$8,$9,$10,$11,($12::int8[])[1],$13) ON "
                          "CONFLICT(number) DO UPDATE SET state=excluded.state,effective_at=excluded.effective_at,"
                          "published_by=excluded.published_by,note=excluded.note,approved_by=excluded.approved_by,"
                          "approval=excluded.approval,approved_at=excluded.approved_at,"
                          "approved_base=excluded.approved_base WHERE old.state='draft'",
                          std::move(parameters));
        if (done.changed() != 1) throw StoreConflict("version " + std::to_string(row.number) + " is no draft any more");
    }
    for (const AuditRow& row : delta.audit) {
        Parameters parameters;
        parameters.add(row.number).add(row.at).add(row.version).text(row.action).text(row.who).text(row.reason);
        parameters.text(row.digest).text(row.detail);
        parameters.bytes({reinterpret_cast<const char*>(row.hash.data()), row.hash.size()});
        (void)db.run("INSERT INTO tariff_audit(" PG_AUDIT_COLUMNS ") VALUES($1,$2,$3,$4,$5,$6,$7,$8,$9)",
                     std::move(parameters));
    }
    for (const auto& [version, files] : delta.files) {
        Column names(Kind::texts), contents(Kind::bytes);
        for (const auto& [name, content] : files) {
            names.add(name);
            contents.add(content);
        }
        (void)db.run("INSERT INTO tariff_file(version,name,content) SELECT $1,* FROM unnest($2,$3)",
                     Parameters().add(version).add(std::move(names)).add(std::move(contents)));
    }
}

}  // namespace roamguard::storage::postgres
