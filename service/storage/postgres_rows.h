#pragma once

#include "service/storage/postgres_connection.h"

// Rows of the seam from rows of the server, and what a batch changes as statements.
namespace roamguard::storage::postgres {

#define PG_MESSAGE_COLUMNS                                                                                             \
    "row,id,customer,recipient,kind,channel,language,text,encoding,segments,template_id,template_hash,state,attempts," \
    "due,cause,cap,stage,threshold,question,error,created,expires,sent,delivered,leased,beside,topic,confirm_by"

#define PG_VERSION_COLUMNS                                                                                         \
    "number,state,effective_at,created,created_by,published_by,note,digest,base,approved_by,approval,approved_at," \
    "approved_base"
#define PG_AUDIT_COLUMNS "number,at,version,action,who,reason,digest,detail,hash"

[[nodiscard]] std::string_view bytes_of(const Digest& digest);
[[nodiscard]] CustomerRow customer_from(const Rows& rows, int row);
[[nodiscard]] MessageRow message_from(const Rows& rows, int row);
/// `key, content, customer, result, received`.
[[nodiscard]] SeenRow seen_from(const Rows& rows, int row);
[[nodiscard]] EvidenceRow evidence_from(const Rows& rows, int row);
[[nodiscard]] VersionRow version_from(const Rows& rows, int row);
[[nodiscard]] AuditRow audit_from(const Rows& rows, int row);

/// What Store::read_slice and Store::count_rows promise.
[[nodiscard]] Slice slice_of(Connection& db, Table table, const std::string& after, int limit);
[[nodiscard]] std::int64_t count_of(Connection& db, Table table);

/// Queues everything a delta changes, however many rows in a handful of statements. Rows whose keys another instance
/// may be writing too go in the order of the keys, so that two batches which meet wait rather than deadlock.
void queue_changes(Connection& db, const Delta& delta);
/// Tariff versions and the steps that made them, a statement each, run at once: a version that was published meanwhile,
/// or a step that another instance took at the same time, is a StoreConflict.
void write_versions(Connection& db, const Delta& delta);

}  // namespace roamguard::storage::postgres
