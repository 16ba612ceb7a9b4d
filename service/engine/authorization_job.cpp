#include "service/engine/authorization_job.h"

#include <fmt/format.h>

#include "service/engine/events_job.h"

namespace roamguard::engine {
namespace {

std::string number_or_null(std::optional<std::int64_t> value) { return value ? std::to_string(*value) : "null"; }

std::string asked_json(const intake::AuthorizationRequest& request) {
    const intake::RoamingEvent& about = request.about;
    return fmt::format(
        "{{\"service\":\"{}\",\"network\":{},\"session\":{},\"called\":{},\"requested\":{},\"used\":{},\"final\":{},"
        "\"emergency\":{}}}",
        tariffs::word(about.service), json_text(about.plmn ? about.plmn->text() : about.tadig),
        json_text(about.session), json_text(about.called), number_or_null(request.requested),
        number_or_null(request.used), request.final, request.emergency);
}

std::string answer_json(const protection::AuthorizationDecision& answer) {
    return fmt::format(
        "{{\"decision\":\"{}\",\"reason\":\"{}\",\"granted\":{},\"validUntil\":{},\"pass\":{},\"confirmation\":{}}}",
        protection::word(answer.verdict), answer.reason, answer.granted,
        answer.granted > 0 ? json_text(answer.valid_until) : "null", json_text(answer.pass),
        json_text(answer.question));
}

/// Whether it leaves a trace: what is let through and changes nothing is not kept.
bool worth_keeping(const intake::AuthorizationRequest& request, const protection::AuthorizationDecision& answer) {
    const protection::Decision& decision = answer.decision;
    return answer.granted > 0 || request.used.value_or(0) > 0 || !decision.outcomes.empty() || !decision.owed.empty() ||
           !decision.holds.empty() || !decision.reasons.empty();
}

}  // namespace

void AuthorizationJob::want(Wants& wants) const {
    const std::vector<std::string> aliases = aliases_of(request_.about.subscriber);
    wants.aliases.insert(wants.aliases.end(), aliases.begin(), aliases.end());
    if (!request_.about.session.empty())
        wants.sessions.emplace_back(aliases.front(), session_number(request_.about.session));
}

void AuthorizationJob::run(Turn& turn) {
    notifications_.clear();
    const intake::RoamingEvent& about = request_.about;
    Working& customer = *resolve_customer(turn, about.subscriber).customer;
    const protection::Terms terms = turn.terms(customer);
    protection::Authorization asked;
    if (about.names_network()) asked.place = find_place(turn, about, terms.home_country);
    asked.service = about.service;
    asked.called = about.called;
    asked.session = about.session;
    asked.requested = request_.requested;
    asked.used = request_.used;
    asked.final = request_.final;
    asked.emergency = request_.emergency;
    const protection::Session session =
        about.session.empty() ? protection::Session{} : turn.session(customer.id, session_number(about.session));
    const std::string seed = fmt::format("authorization/{}/{}", customer.id, customer.state.entries);
    answer_ =
        protection::decide_authorization(asked, terms, turn.around.world(), turn.now, seed, customer.state, session);
    customer.changed = true;
    if (worth_keeping(request_, answer_))
        turn.record(
            customer, "authorization",
            fmt::format("{{\"asked\":{},\"answer\":{},\"decision\":{}}}", asked_json(request_), answer_json(answer_),
                        decision_json(answer_.decision, customer.state, terms, turn.now)));
    notifications_ = owe(turn, customer, terms, answer_.decision, "authorization", seed);
}

}  // namespace roamguard::engine
