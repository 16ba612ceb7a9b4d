#pragma once

#include <memory>
#include <string>

#include "service/storage/store.h"

// The engines behind the seam; open_store chooses by the address.
namespace roamguard::storage {

[[nodiscard]] std::unique_ptr<Store> open_sqlite(const std::string& path, Opening opening);
[[nodiscard]] std::unique_ptr<Store> open_postgres(const std::string& url, Opening opening);
/// Throws StoreUnavailable when libpq cannot read the address.
void check_postgres_url(const std::string& url);
[[nodiscard]] std::string shown_postgres_url(const std::string& url);

/// The newest schema of an embedded store that this program knows.
[[nodiscard]] int known_sqlite_schema();

/// What both refuse in the same words.
[[nodiscard]] std::string unfinished(const Transfer& transfer);
[[nodiscard]] std::string other_schema(std::int64_t there, std::int64_t known);
inline constexpr const char* moved_elsewhere = "another migration writes to this store too";

}  // namespace roamguard::storage
