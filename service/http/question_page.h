#pragma once

#include <string>
#include <string_view>

#include "notifications/templates.h"
#include "service/http/server.h"
#include "service/protection/decide.h"

// The page behind a link in a message: what was asked, a button for each choice, and what became of it. By
// `web/question.mustache`, in the words of the customer's language (`page.…` in words.txt). It needs no script, sets no
// cookie and loads nothing.
namespace roamguard::http {

/// One question in the words of one language. Reads only while it lives, on one thread.
class QuestionPage {
public:
    QuestionPage(const notifications::Templates& templates, const protection::Question& question,
                 const protection::CustomerState& state, const protection::Terms& terms)
        : templates_(templates), question_(question), state_(state), terms_(terms) {}

    enum class Notice { none, wrong_choice };
    /// The question with its choices.
    [[nodiscard]] Response asked(int status, Notice notice) const;
    /// It was answered just now; `written` is the text that says so in writing, empty where there is none.
    [[nodiscard]] Response answered(const std::string& written) const;
    /// It is closed, or past its time: 410.
    [[nodiscard]] Response closed() const;

private:
    const notifications::Templates& templates_;
    const protection::Question& question_;
    const protection::CustomerState& state_;
    const protection::Terms& terms_;
};

/// Pages about no question that could be shown: nobody knows the link (404), the answer came from another web site
/// (403), it could not be taken now (503).
enum class NoQuestion { unknown, elsewhere, later };
[[nodiscard]] Response page_without_question(const notifications::Templates& templates, std::string_view language,
                                             NoQuestion why);

/// The language that a browser asks for and there are texts in; English where there is none.
[[nodiscard]] std::string language_of(const Request& request, const notifications::Templates& templates);

}  // namespace roamguard::http
