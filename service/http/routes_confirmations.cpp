#include "service/engine/customer_jobs.h"
#include "service/http/api.h"
#include "service/json/reader.h"

namespace roamguard::http {
namespace {

using nlohmann::json;
using protection::AnswerResult;

Response list_questions(Api& api, const Request& request) {
    const auto number = request.parameter("msisdn");
    if (!number) return problem(422, "invalid_parameter", "msisdn is required");
    const auto id = find_customer(api, *number);
    const auto seen = id ? see_customer(api, *id) : std::nullopt;
    if (!seen) return no_such_customer();
    json items = json::array();
    for (auto question = seen->state.questions.rbegin(); question != seen->state.questions.rend(); ++question)
        items.push_back(question_json(*question));
    return list_response(std::move(items), std::nullopt);
}

tl::expected<protection::Answer, Response> read_answer(const Request& request) {
    auto body = roamguard::json::read_json(request.body, 8);
    if (!body) return tl::unexpected(problem(400, body.error().code, "the body is not JSON: " + body.error().detail));
    if (!body->is_object()) return tl::unexpected(problem(422, "invalid_body", "the body must be a JSON object"));
    protection::Answer answer;
    answer.question = request.captures[0];
    for (const auto& [name, value] : body->items()) {
        if (name != "choice" && name != "by" && name != "actor")
            return tl::unexpected(problem(422, "unknown_field", name + " is none of choice, by, actor",
                                          {{"/" + name, "unknown_field", "unknown field"}}));
        if (!value.is_string() || value.get<std::string>().size() > 200)
            return tl::unexpected(problem(422, "invalid_field", name + " must be a text of at most 200 bytes",
                                          {{"/" + name, "invalid_type", "must be a text"}}));
        (name == "choice" ? answer.choice : name == "by" ? answer.by : answer.actor) = value.get<std::string>();
    }
    if (answer.choice.empty())
        return tl::unexpected(problem(422, "invalid_field", "choice is required",
                                      {{"/choice", "required", "one of the question's choices"}}));
    if (answer.by != "app" && answer.by != "care")
        return tl::unexpected(
            problem(422, "invalid_field", "by must be app or care", {{"/by", "invalid_value", "must be app or care"}}));
    return answer;
}

Response decide(Api& api, const Request& request) {
    auto answer = read_answer(request);
    if (!answer) return answer.error();
    const auto customer = api.store().read_question(answer->question);
    if (!customer) return problem(404, "unknown_confirmation", "there is no confirmation with this id");
    if (answer->actor.empty()) answer->actor = request.role_name;
    engine::AnswerJob job(*customer, *answer);
    if (auto refusal = submit(api, job)) return *refusal;
    switch (job.result()) {
        case AnswerResult::unknown_question:
            return problem(404, "unknown_confirmation", "there is no confirmation with this id any more");
        case AnswerResult::already_decided:
            return problem(409, "already_decided",
                           "this confirmation is " + std::string(protection::word(job.question().state)) + " already",
                           {}, {{"confirmation", question_json(job.question())}});
        case AnswerResult::not_offered:
            return problem(422, "not_offered", "choice: this question does not offer " + answer->choice,
                           {{"/choice", "not_offered", "one of the question's choices"}});
        case AnswerResult::payer_decides:
            return problem(409, "payer_decides",
                           "by: the payer of this line decides; an app answers for the payer, whose number is then the "
                           "actor",
                           {{"/actor", "payer_decides", "the payer's number in E.164"}});
        case AnswerResult::accepted:
            break;
    }
    json out = question_json(job.question());
    out["data"] = protection::word(job.data());
    out["notifications"] = json::array();
    for (const engine::Notification& one : job.notifications()) {
        out["notifications"].push_back({{"id", one.id}, {"kind", one.kind}});
        api.metrics.message(one.kind);
    }
    return json_response(out);
}

}  // namespace

void add_confirmation_routes(std::vector<Route>& routes, Api& api) {
    routes.push_back({"GET",
                      "/v1/confirmations",
                      {"care"},
                      "A customer's confirmations, newest first.",
                      0,
                      [&api](const Request& request) { return list_questions(api, request); },
                      Doc("listConfirmations", "Confirmations")
                          .says("Open ones are `pending`. `choices` are numbered as the message printed them.")
                          .needs_query("msisdn", "SubscriberName", "Whose.")
                          .gives(200, "ConfirmationList", "The customer's confirmations, in one page.")
                          .may(404, "Nobody is known by this number.")
                          .may(422, "`msisdn` is missing.")});
    routes.push_back(
        {"POST",
         "/v1/confirmations/{id}",
         {"care"},
         "Answers a confirmation for the customer.",
         4096,
         [&api](const Request& request) { return decide(api, request); },
         Doc("answerConfirmation", "Confirmations")
             .says("The hold ends with the answer, and the customer gets a written receipt. Each "
                   "confirmation ends once.")
             .path("id", "string", "The confirmation's `id`.")
             .takes("application/json", "ConfirmationAnswer")
             .gives(200, "ConfirmationAnswered", "Decided.")
             .may(400, "The body is not JSON.")
             .may(404, "There is no confirmation with this id.")
             .may(409,
                  "`already_decided`: `confirmation` shows how. `payer_decides`: `by` is `app`, and `actor` is not "
                  "the number of the line's payer.")
             .may(422, "`not_offered`, or a field is wrong.")
             .commits()});
}

}  // namespace roamguard::http
