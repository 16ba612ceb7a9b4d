#include <algorithm>

#include "service/protection/rules.h"

// Contract, section 7: where the customer is not the payer, the payer's answer decides and the user is told.
namespace roamguard::protection {
namespace {

using notifications::SmsReply;

bool is_answer(const SmsReply& reply) {
    return reply.says == SmsReply::Says::number || reply.says == SmsReply::Says::yes ||
           reply.says == SmsReply::Says::no;
}

/// As the user reads it: who else is asked, or has answered, and nothing to choose.
Owed for_user(Owed owed) {
    owed.facts.payer_decides = true;
    owed.facts.choices.clear();
    owed.facts.code.clear();
    owed.facts.links = notifications::Links::none;
    return owed;
}

/// A question of one line, as far as the writer decides it.
struct Candidate {
    std::optional<std::size_t> line;
    const Question* question = nullptr;
    bool open = false;
};

bool open_on_a_line(const Candidate& one) { return one.open && one.line.has_value(); }

/// All questions the writer decides: of their own line, then of those they pay for.
std::vector<Candidate> candidates(const CustomerState& own, const std::vector<const CustomerState*>& lines,
                                  Instant now) {
    std::vector<Candidate> all;
    const auto add = [&](const Question& question, std::optional<std::size_t> line) {
        all.push_back({line, &question, question.state == QuestionState::pending && question.expires > now});
    };
    for (const Question& question : own.questions)
        if (!payer_decides(own, question)) add(question, std::nullopt);
    for (std::size_t i = 0; i < lines.size(); ++i)
        for (const Question& question : lines[i]->questions)
            if (payer_decides(*lines[i], question)) add(question, i);
    return all;
}

/// The open one with the code, else the closed one that was asked last. A wrong code may be meant for any open one.
Meant by_code(const std::vector<Candidate>& all, const std::string& code) {
    const Candidate* closed = nullptr;
    const Candidate* open = nullptr;
    for (const Candidate& one : all) {
        if (one.question->code != code) continue;
        if (one.open && open) return {std::nullopt, true};  // two lines have the same code by chance
        if (one.open)
            open = &one;
        else if (!closed || closed->question->asked <= one.question->asked)
            closed = &one;
    }
    if (const Candidate* meant = open ? open : closed) return {meant->line, false};
    return {std::nullopt, std::any_of(all.begin(), all.end(), open_on_a_line)};
}

}  // namespace

bool payer_decides(const CustomerState& state, const Question& question) {
    return question.payer_decides && !state.profile.payer.none();
}

Meant meant_by(const SmsReply& reply, const CustomerState& own, const std::vector<const CustomerState*>& lines,
               Instant now) {
    if (lines.empty()) return {};
    const std::vector<Candidate> all = candidates(own, lines, now);
    const auto open = [](const Candidate& one) { return one.open; };
    if (reply.says == SmsReply::Says::help) return {std::nullopt, std::any_of(all.begin(), all.end(), open_on_a_line)};
    if (!is_answer(reply)) return {};
    if (!reply.code.empty()) return by_code(all, reply.code);
    if (lines.size() > 1) return {std::nullopt, !all.empty()};
    if (std::count_if(all.begin(), all.end(), open) > 1) return {std::nullopt, true};
    if (const auto only = std::find_if(all.begin(), all.end(), open); only != all.end()) return {only->line, false};
    const auto last = std::max_element(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) {
        return a.question->asked < b.question->asked;
    });
    return {last == all.end() ? std::nullopt : last->line, false};
}

Owed for_payer(const CustomerState& state, Owed owed) {
    owed.to_payer = true;
    owed.facts.line = state.profile.msisdn.none() ? state.profile.id : state.profile.msisdn.masked();
    return owed;
}

void owe_of_question(Deciding& d, const Question& question, Owed owed) {
    if (!payer_decides(d.state, question)) {
        d.out.owed.push_back(std::move(owed));
        return;
    }
    d.out.owed.push_back(for_payer(d.state, owed));
    if (d.state.profile.kind != customers::LineKind::m2m)  // nobody reads what a machine is told
        d.out.owed.push_back(for_user(std::move(owed)));
}

}  // namespace roamguard::protection
