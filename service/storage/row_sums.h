#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "data/digest.h"
#include "service/storage/store.h"

namespace roamguard::storage {

/// How many rows, and the sum of their SHA-256 digests: whatever the order in which they came, equal sums are equal
/// rows. A value type.
class RowSum {
public:
    /// The rows that a slice of the table brought.
    void add(Table table, const Delta& rows);
    [[nodiscard]] std::int64_t rows() const { return rows_; }
    /// `count digest`, and back.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] static RowSum of(std::int64_t rows, const std::string& digest);

    friend bool operator==(const RowSum&, const RowSum&) = default;

private:
    void add(const data::Sha256& digest);

    std::int64_t rows_ = 0;
    std::array<std::uint64_t, 4> sum_{};
};

}  // namespace roamguard::storage
