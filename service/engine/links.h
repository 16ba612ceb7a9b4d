#pragma once

#include <string>
#include <string_view>

#include "service/engine/turn.h"

// Links in messages: `<public-url>/c/<token>` leads to the page of one question. The token is derived from the
// customer's key and what the question asks, so that no store holds it: the store knows the alias of its digest, and
// the texts it keeps carry `…` in its place until they are sent. Erasure destroys the key, and every link with it.
namespace roamguard::engine {

/// 24 characters of base64url over 144 bits. They follow from the customer's key, the question's id and its terms that
/// outlast its end: a question of other choices, price or limits has another token.
[[nodiscard]] std::string token_of(std::string_view key, const protection::Question& question);
/// The key of the alias that leads from a token to its customer.
[[nodiscard]] std::string alias_of_token(std::string_view token);

/// The question a token belongs to; nullptr when none that is remembered. Compares in constant time.
[[nodiscard]] const protection::Question* question_of(std::string_view token, std::string_view key,
                                                      const protection::CustomerState& state);

/// A question's link is to go out: its alias is put in the store, the oldest of more than sixteen goes. Returns the
/// token.
[[nodiscard]] std::string open_link(Turn& turn, Working& customer, const protection::Question& question);
/// None of the customer's links leads anywhere any more.
void drop_links(Turn& turn, Working& customer);

[[nodiscard]] std::string link_to(std::string_view public_url, std::string_view token);
/// A text with `…` in the token's place, and a message's text with the token in its place again. Where the question is
/// forgotten, or the customer erased, the text stays as it is kept.
[[nodiscard]] std::string masked(std::string text, std::string_view token);
[[nodiscard]] std::string text_to_send(const storage::MessageRow& message, std::string_view key,
                                       const protection::CustomerState& state);

}  // namespace roamguard::engine
