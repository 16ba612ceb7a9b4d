#pragma once

#include <memory>
#include <string>

#include "service/storage/store.h"

// The engines behind the seam; open_store chooses by the address.
namespace roamguard::storage {

[[nodiscard]] std::unique_ptr<Store> open_sqlite(const std::string& path);
[[nodiscard]] std::unique_ptr<Store> open_postgres(const std::string& url);
/// Throws StoreUnavailable when libpq cannot read the address.
void check_postgres_url(const std::string& url);

}  // namespace roamguard::storage
