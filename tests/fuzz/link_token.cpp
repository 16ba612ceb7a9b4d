#include "service/engine/links.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard;

namespace {

const std::string key(32, 'k');

protection::CustomerState with_a_question() {
    protection::CustomerState state;
    protection::Question question;
    question.id = "q-1";
    question.choices = {"extend", "decline"};
    state.questions = {question};
    return state;
}

}  // namespace

/// Whatever is tried as a token leads nowhere, unless it is the token.
FUZZ(input) {
    static const protection::CustomerState state = with_a_question();
    static const std::string token = engine::token_of(key, state.questions.front());
    const auto* found = engine::question_of(input, key, state);
    HOLDS((found != nullptr) == (input == token));
    HOLDS(engine::alias_of_token(input).size() == 66);

    // A text that is kept hides the link, and is the same text again when it is sent.
    const std::string text = std::string(input) + engine::link_to("https://roam.example", token) + " ";
    const std::string kept = engine::masked(text, token);
    HOLDS(kept.find("/c/" + token) == std::string::npos || input.find("/c/" + token) != std::string_view::npos);
    storage::MessageRow message;
    message.text = kept;
    message.question = "q-1";
    if (input.find("/c/") == std::string_view::npos) HOLDS(engine::text_to_send(message, key, state) == text);
}
