#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <string>

#include "service/protection/confirmation.h"
#include "service/protection/decide.h"

// Contract, section 7: a confirmation ends exactly once.
namespace roamguard::protection {
namespace {

std::string document() {
    std::ifstream file(std::string(ROAMGUARD_SOURCE_DIR) + "/docs/reference/confirmations.md");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

}  // namespace

TEST_CASE("only an open question can end, and each ending leads to one state") {
    for (const QuestionState state :
         {QuestionState::confirmed, QuestionState::declined, QuestionState::expired, QuestionState::withdrawn})
        for (const Transition& one : transitions)
            CHECK_THROWS_AS(state_after(state, one.ending), std::logic_error);
    for (const Transition& one : transitions) {
        CHECK(one.from == QuestionState::pending);
        CHECK(one.to != QuestionState::pending);
        CHECK(state_after(QuestionState::pending, one.ending) == one.to);
    }
}

TEST_CASE("the document shows the transitions that there are, and no others") {
    const std::string text = document();
    for (const Transition& one : transitions) {
        INFO(one.word);
        CHECK(count_of(text, fmt::format("    pending --> {}: {}\n", word(one.to), one.word)) == 1);
        CHECK(count_of(text,
                       fmt::format("| `{}` | {} | `{}` | {} |\n", one.word, one.when, word(one.to), one.effect)) == 1);
    }
    CHECK(count_of(text, "    pending --> ") == transitions.size());
}

}  // namespace roamguard::protection
