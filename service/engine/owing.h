#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/engine/turn.h"

// From a decision to rows: the messages it owes and the evidence of it.
namespace roamguard::engine {

/// A message that was owed, as answers name it.
struct Notification {
    std::string id, kind;
};

/// Writes every message the decision owes, rendered once, with its evidence, and what the platform and policy functions
/// are told of it. `cause` is the event's id, `seed` what ids
/// are derived from.
[[nodiscard]] std::vector<Notification> owe(Turn& turn, Working& customer, const protection::Terms& terms,
                                            const protection::Decision& decision, std::string_view cause,
                                            std::string_view seed);

/// Where a customer's SMS go: the number, or a machine's payer. Empty when there is none.
[[nodiscard]] std::string sms_recipient(const Working& customer);
/// The evidence of a new message.
void record_message(Turn& turn, Working& customer, const storage::MessageRow& row);

/// JSON text of the parts of a decision that evidence keeps: outcomes, place, price, holds, reasons, caps.
[[nodiscard]] std::string decision_json(const protection::Decision& decision, const protection::CustomerState& state,
                                        const protection::Terms& terms, Instant at);

/// A JSON string literal; invalid UTF-8 is replaced.
[[nodiscard]] std::string json_text(std::string_view text);
/// `"2026-…Z"`.
[[nodiscard]] std::string json_text(Instant at);

}  // namespace roamguard::engine
