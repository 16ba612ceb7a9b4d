#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tariffs/sheet.h"

namespace roamguard::tariffs {

// What the cells of a row say, where that depends on no other file. Nothing is returned for a cell that is empty, not
// there or at fault; what is wrong is listed in the row's faults.

/// Digits and a point, not negative, in millionths.
[[nodiscard]] std::optional<std::int64_t> read_price(SheetRow& row, std::size_t column);
[[nodiscard]] std::optional<Currency> read_currency(SheetRow& row, std::size_t column);
struct NarrowedService {
    Service service = Service::data;
    std::optional<Called> called;  ///< for voice_mo only
};
[[nodiscard]] std::optional<NarrowedService> read_service(SheetRow& row, std::size_t column);
/// A quantity of the kind the service is counted in.
[[nodiscard]] std::optional<Quantity> read_quantity(SheetRow& row, std::size_t column, Service service);
/// `incl` where it is empty.
[[nodiscard]] Tax read_tax(SheetRow& row, std::size_t column);
/// A percentage without its sign, in millionths.
[[nodiscard]] std::optional<std::int64_t> read_percent(SheetRow& row, std::size_t column);
/// A percentage from 0 to 100 with at most 4 decimals. A rate below one is a warning.
[[nodiscard]] std::optional<TaxRate> read_tax_rate(SheetRow& row, std::size_t column, FaultList& warnings);
[[nodiscard]] HighCost read_high_cost(SheetRow& row, std::size_t column);
/// Names made up by the operator: plans, zones, passes. At most 100 bytes.
[[nodiscard]] std::string_view read_name(SheetRow& row, std::size_t column);

/// The fault code of a number that cannot be read: decimal_comma, exponent, ...
[[nodiscard]] std::string_view code_of(DecimalFault fault);

}  // namespace roamguard::tariffs
