#include <algorithm>

#include "service/engine/customer_jobs.h"
#include "service/engine/links.h"
#include "service/http/api.h"
#include "service/http/framing.h"
#include "service/http/question_page.h"

// The page that a link in a message leads to. A GET decides nothing: messengers fetch links before anybody reads them,
// and scanners run what they find. Whoever has the link may answer, once.
namespace roamguard::http {
namespace {

using protection::AnswerResult;
using protection::Question;
using protection::QuestionState;

constexpr std::size_t max_form = 1024;

/// The customer and the question a link leads to.
struct Linked {
    storage::CustomerId customer = 0;
    std::optional<Seen> seen;
    const Question* question = nullptr;  ///< of `seen`; none: nobody knows the link
};

/// What leads nowhere is looked up all the same, so that its answer takes as long.
Linked follow(Api& api, const std::string& token) {
    Linked linked;
    linked.customer = api.store().read_alias(engine::alias_of_token(token)).value_or(0);
    linked.seen = see_customer(api, linked.customer);
    if (linked.seen) linked.question = engine::question_of(token, linked.seen->row.key, linked.seen->state);
    return linked;
}

bool open(const Question& question, tariffs::Instant now) {
    return question.state == QuestionState::pending && question.expires > now;
}

QuestionPage page_of(const Linked& linked, const notifications::Templates& templates, const Question& question) {
    return {templates, question, linked.seen->state, linked.seen->terms};
}

/// `scheme://host` as a browser writes where a form stands.
std::string origin_of(const std::string& url) { return url.substr(0, url.find('/', url.find("://") + 3)); }

/// Sent by a page that is not ours, as a browser says. Ours asks that no referrer be told, so its forms come with the
/// origin `null`.
bool from_elsewhere(const Request& request, const std::string& public_url) {
    if (const auto site = request.header("sec-fetch-site")) return *site != "same-origin" && *site != "none";
    const auto origin = request.header("origin");
    if (!origin || *origin == "null" || *origin == origin_of(public_url)) return false;
    const std::string host = request.header("host").value_or("");
    return *origin != "http://" + host && *origin != "https://" + host;
}

/// The form's `choice`; empty where there is none, or more than one.
std::string chosen(const Request& request) {
    std::string choice;
    if (request.header("content-type").value_or("").rfind("application/x-www-form-urlencoded", 0) != 0) return choice;
    for (auto& [name, value] : read_form(request.body).value_or(Fields{})) {
        if (name != "choice") continue;
        if (!choice.empty()) return {};
        choice = value;
    }
    return choice;
}

/// The text that confirms an answer in writing.
std::string written(Api& api, const engine::AnswerJob& job) {
    for (const engine::Notification& one : job.notifications())
        if (one.kind == "receipt" || one.kind == "declined")
            if (const auto row = api.store().read_message(one.id)) return row->text;
    return {};
}

Response answer(Api& api, const Linked& linked, const notifications::Templates& templates, const std::string& choice) {
    engine::AnswerJob job(linked.customer, {linked.question->id, choice, "link", ""});
    if (submit(api, job)) return page_without_question(templates, linked.seen->terms.language, NoQuestion::later);
    for (const engine::Notification& one : job.notifications())
        api.metrics.message(one.kind);
    switch (job.result()) {
        case AnswerResult::accepted:
            return page_of(linked, templates, job.question()).answered(written(api, job));
        case AnswerResult::already_decided:
            return page_of(linked, templates, job.question()).closed();
        case AnswerResult::not_offered:
        case AnswerResult::payer_decides:
        case AnswerResult::unknown_question:
            break;
    }
    return page_without_question(templates, linked.seen->terms.language, NoQuestion::unknown);
}

Response respond(Api& api, const Request& request) {
    const auto around = api.engine.around();
    const notifications::Templates& templates = *around->templates;
    const std::string language = language_of(request, templates);
    try {
        const bool posted = request.method == "POST";
        if (posted && from_elsewhere(request, around->public_url))
            return page_without_question(templates, language, NoQuestion::elsewhere);
        const Linked linked = follow(api, request.captures[0]);
        if (!linked.question) return page_without_question(templates, language, NoQuestion::unknown);
        if (!open(*linked.question, api.engine.now())) return page_of(linked, templates, *linked.question).closed();
        const QuestionPage page = page_of(linked, templates, *linked.question);
        if (!posted) return page.asked(200, QuestionPage::Notice::none);
        const std::string choice = chosen(request);
        const auto& choices = linked.question->choices;
        if (std::find(choices.begin(), choices.end(), choice) == choices.end())
            return page.asked(422, QuestionPage::Notice::wrong_choice);
        return answer(api, linked, templates, choice);
    } catch (const storage::StoreBroken&) {
        throw;
    } catch (const storage::StoreUnavailable&) {
        return page_without_question(templates, language, NoQuestion::later);
    }
}

/// Whoever has the link may call; there is no key.
Route route(Api& api, const char* method, const char* summary, std::size_t max_body, Doc doc) {
    return {method,        "/c/{token}", {},
            summary,       max_body,     [&api](const Request& request) { return respond(api, request); },
            std::move(doc)};
}

}  // namespace

void add_link_routes(std::vector<Route>& routes, Api& api) {
    constexpr const char* token = "What the link in a message ends with.";
    routes.push_back(route(api, "GET", "Shows the question that a link in a message is about.", 0,
                           Doc("showQuestion", "Pages")
                               .says("In the customer's language, with a button for each choice; needs no script. It "
                                     "decides nothing, however often it is fetched.")
                               .path("token", "string", token)
                               .gives_as(200, "text/html", "string", "The question.")
                               .gives_as(404, "text/html", "string", "Nobody knows this link.")
                               .gives_as(410, "text/html", "string", "It was used, or its time is over.")
                               .gives_as(503, "text/html", "string", "The store did not answer.")
                               .with("Retry-After")));
    routes.push_back(route(api, "POST", "Answers the question that a link in a message is about.", max_form,
                           Doc("answerByLink", "Pages")
                               .says("What the page's buttons send. Works once; the answer is final, and a written "
                                     "receipt follows.")
                               .path("token", "string", token)
                               .takes("application/x-www-form-urlencoded", "LinkAnswer")
                               .gives_as(200, "text/html", "string", "Decided, with a reference.")
                               .gives_as(403, "text/html", "string", "Sent by the page of another web site.")
                               .gives_as(404, "text/html", "string", "Nobody knows this link.")
                               .gives_as(410, "text/html", "string", "It was used, or its time is over.")
                               .gives_as(422, "text/html", "string",
                                         "`choice` is none of the question's; it is "
                                         "shown again.")
                               .gives_as(503, "text/html", "string", "Not now: try again.")
                               .with("Retry-After")));
}

}  // namespace roamguard::http
