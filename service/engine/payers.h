#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/engine/turn.h"

// Who decides for whom. A line's profile names its payer's number; the payer's own state lists the lines, so that an
// SMS from that number finds them. A payer nobody knows yet becomes a customer.
namespace roamguard::engine {

/// Why this profile cannot have the payer it names: a payer has no payer. Nothing where it can.
[[nodiscard]] std::optional<std::string> payer_objection(Turn& turn, const customers::Profile& profile);
/// The line's payer was `before`; both payers' lists follow.
void follow_payer(Turn& turn, Working& line, const notifications::Msisdn& before);
/// Nobody pays for this line any more.
void drop_payer(Turn& turn, Working& line);
/// The lines that name this customer as their payer.
[[nodiscard]] std::vector<Working*> lines_of(Turn& turn, const Working& payer);
/// The payer has another number: the lines name it.
void renumber_payer(Turn& turn, const Working& payer, const notifications::Msisdn& before);
/// The language the line's payer reads; empty where none is known.
[[nodiscard]] std::string payers_language(Turn& turn, const customers::Profile& line);

}  // namespace roamguard::engine
