#pragma once

#include <string>

namespace roamguard::storage::postgres {

class Connection;

/// Brings the database's schema to this program's: numbered migrations, applied together with their number under the
/// lock of one row, so that instances which start at once do it once. Instances of the version before may be at work
/// meanwhile: it waits for their locks, about a minute, a little at a time. Throws StoreUnavailable with a sentence
/// that names the schema where it is newer than the program.
void apply_schema(const std::string& url);
/// Throws StoreUnavailable unless it is this program's.
void require_schema(Connection& db, const std::string& url);

}  // namespace roamguard::storage::postgres
