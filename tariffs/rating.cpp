#include <limits>
#include <stdexcept>

#include "tariffs/table.h"

namespace roamguard::tariffs {

std::int64_t charged_quantity(const Row& row, std::int64_t used) {
    if (used < 0) throw std::logic_error("a segment cannot have used less than nothing");
    if (used == 0) return 0;
    if (used <= row.minimum) return row.minimum;
    const std::int64_t beyond = used - row.minimum;
    const std::int64_t blocks = beyond / row.increment + (beyond % row.increment != 0 ? 1 : 0);
    std::int64_t charged = 0;
    if (__builtin_mul_overflow(blocks, row.increment, &charged) ||
        __builtin_add_overflow(charged, row.minimum, &charged))
        throw MoneyOverflow("a quantity is too large to be rounded up to whole increments");
    return charged;
}

Money price_of(const Row& row, std::int64_t used) {
    return {mul_div(row.price.micros, charged_quantity(row, used), row.unit.amount, Rounding::half_up),
            row.price.currency};
}

Money price_per_megabyte(const Row& row) {
    constexpr std::int64_t megabyte = std::int64_t{1} << 20;
    if (row.unit.kind != UnitKind::bytes) throw std::logic_error("only a data row has a price per megabyte");
    return {mul_div(row.price.micros, megabyte, row.unit.amount, Rounding::half_up), row.price.currency};
}

}  // namespace roamguard::tariffs
