#pragma once

#include "service/storage/sqlite_connection.h"

// Rows of the seam from rows of SQLite.
namespace roamguard::storage {

#define MESSAGE_COLUMNS                                                                                                \
    "row,id,customer,recipient,kind,channel,language,text,encoding,segments,template_id,template_hash,state,attempts," \
    "due,cause,cap,stage,threshold,question,error,created,expires,sent,delivered,leased,beside,topic,confirm_by"

#define VERSION_COLUMNS                                                                                            \
    "number,state,effective_at,created,created_by,published_by,note,digest,base,approved_by,approval,approved_at," \
    "approved_base"
#define AUDIT_COLUMNS "number,at,version,action,who,reason,digest,detail,hash"

[[nodiscard]] std::string_view bytes_of(const Digest& digest);
[[nodiscard]] std::string_view bytes_of(const std::array<std::uint8_t, 32>& hash);
[[nodiscard]] CustomerRow customer_from(const Use& use);
[[nodiscard]] MessageRow message_from(const Use& use);
/// `key, content, customer, result, received`.
[[nodiscard]] SeenRow seen_from(const Use& use);
/// `row, customer, number, previous, at, kind, body, hash`.
[[nodiscard]] EvidenceRow evidence_from(const Use& use);
[[nodiscard]] VersionRow version_from(const Use& use);
[[nodiscard]] AuditRow audit_from(const Use& use);

/// What Store::read_slice and Store::count_rows promise.
[[nodiscard]] Slice slice_of(Connection& db, Table table, const std::string& after, int limit);
[[nodiscard]] std::int64_t count_of(Connection& db, Table table);

}  // namespace roamguard::storage
