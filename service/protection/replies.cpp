#include <algorithm>

#include "service/protection/rules.h"

// Contract, section 7: what a customer's SMS does.
namespace roamguard::protection {
namespace {

using notifications::Kind;
using notifications::Note;
using notifications::SmsReply;

constexpr std::size_t most_automatic = 3;
constexpr tariffs::Span automatic_within = tariffs::hours(1);

/// One reply under way.
struct Replying {
    Deciding& d;
    ReplyDecision& out;
    const SmsReply& reply;
};

/// A text that the rules about place and price have no part in.
notifications::Facts plain_facts(const Deciding& d, Kind kind) {
    notifications::Facts facts;
    facts.kind = kind;
    facts.language = d.terms.language;
    facts.time_zone = d.terms.time_zone;
    return facts;
}

/// Whether one more automatic text may go out within the hour; if so it is counted.
bool may_tell(CustomerState& state, Instant now) {
    auto& told = state.automatic;
    std::erase_if(told, [&](Instant at) { return now - at >= automatic_within; });
    if (told.size() >= most_automatic) return false;
    told.push_back(now);
    return true;
}

std::vector<Question*> open_questions(CustomerState& state) {
    std::vector<Question*> open;
    for (Question& question : state.questions)
        if (question.state == QuestionState::pending) open.push_back(&question);
    return open;
}

CapCount* running_count(CustomerState& state, const Question& question, Instant now) {
    for (CapCount& count : state.counts)
        if (count.cap == question.about && count.start == question.period_start && count.end > now) return &count;
    return nullptr;
}

/// Whether what a confirmed question opened is open still: its stage in the same period, its destination on the same
/// trip.
bool opened(const Deciding& d, const Question& question) {
    if (question.state != QuestionState::confirmed || !d.terms.holds) return false;
    if (question.cause == Cause::destination) {
        const DestinationAnswer* answer = trip_answer(d.state, question.about);
        return answer && answer->confirmed && question.trip == d.state.trip.number;
    }
    const customers::CapRule* rule = rule_named(d.terms, question.about);
    const CapCount* count = running_count(d.state, question, d.now);
    return rule && at_limit(*rule, d.terms) == customers::AtLimit::hold && count &&
           count->stage == question.stage + 1 && !count->reached;
}

/// Whether a confirmed question's stage or destination was closed again since, by a NO.
bool closed_again(const Deciding& d, const Question& question) {
    if (question.state != QuestionState::confirmed) return false;
    if (question.cause == Cause::destination) {
        const DestinationAnswer* answer = trip_answer(d.state, question.about);
        return answer && !answer->confirmed && question.trip == d.state.trip.number;
    }
    const CapCount* count = running_count(d.state, question, d.now);
    return count && count->stage == question.stage && count->reached;
}

/// Whether the hold it asked about stands, if only asleep at home.
bool held(const Deciding& d, const Question& question) {
    const Hold* hold = find_hold(d.state, question.cause, question.about);
    return hold && (question.cause == Cause::destination ||
                    (hold->period_start == question.period_start && hold->stage == question.stage));
}

/// The question a reply is about, or why there is none.
struct Subject {
    Question* question = nullptr;
    Note none = Note::nothing_open;
};

/// The one with the code, else the one that is open, else the latest that still matters.
Subject subject_of(const Replying& r) {
    const std::vector<Question*> open = open_questions(r.d.state);
    const Note unclear = open.empty()       ? Note::nothing_open
                         : open.size() == 1 ? Note::not_understood
                                            : Note::several_open;
    auto& all = r.d.state.questions;
    if (!r.reply.code.empty()) {
        for (Question* question : open)
            if (question->code == r.reply.code) return {question, unclear};
        const auto closed = std::find_if(all.rbegin(), all.rend(),
                                         [&](const Question& question) { return question.code == r.reply.code; });
        return {closed == all.rend() ? nullptr : &*closed, unclear};
    }
    if (!open.empty()) return {open.size() == 1 ? open.front() : nullptr, unclear};
    const auto latest = std::find_if(all.rbegin(), all.rend(), [&](const Question& question) {
        return opened(r.d, question) || held(r.d, question);
    });
    return {latest == all.rend() ? nullptr : &*latest, unclear};
}

/// The choice a reply selects; nothing when it selects none beyond doubt.
std::optional<std::string> selected(const SmsReply& reply, const Question& question) {
    if (reply.says == SmsReply::Says::no) return "decline";
    if (reply.says == SmsReply::Says::number) {
        const auto index = static_cast<std::size_t>(reply.number) - 1;
        return index < question.choices.size() ? std::optional(question.choices[index]) : std::nullopt;
    }
    std::optional<std::string> costly;
    for (const std::string& choice : question.choices) {
        if (choice == "decline") continue;
        if (costly) return std::nullopt;
        costly = choice;
    }
    return costly;
}

/// What was answered in the end, as printed; nothing where silence or leaving closed the question.
std::optional<notifications::Choice> final_answer(const Deciding& d, const Question& question) {
    if (closed_again(d, question)) return printed_choice(question, "decline", d.terms);
    if (question.state != QuestionState::confirmed && question.state != QuestionState::declined) return std::nullopt;
    return printed_choice(question, question.chosen, d.terms);
}

/// One help answer, with the question that is open if there is one.
void help(Replying& r, Note note, const Question* closed = nullptr) {
    if (!may_tell(r.d.state, r.d.now)) {
        r.out.result = ReplyResult::silent;
        return;
    }
    r.out.result = ReplyResult::helped;
    Owed owed;
    owed.facts = plain_facts(r.d, Kind::help);
    owed.facts.note = note;
    if (closed) owed.facts.chosen = final_answer(r.d, *closed);
    if (const std::vector<Question*> open = open_questions(r.d.state); open.size() == 1) {
        const Question& question = *open.front();
        for (const std::string& choice : question.choices)
            owed.facts.choices.push_back(printed_choice(question, choice, r.d.terms));
        owed.facts.code = question.code;
        owed.question = question.id;
    }
    r.d.out.owed.push_back(std::move(owed));
}

void answer(Replying& r, Question& question, const std::string& choice) {
    settle_answer(r.d, question, Answer{question.id, choice, "sms", ""});
    r.out.result = choice == "decline" ? ReplyResult::declined : ReplyResult::confirmed;
}

/// A no after a confirmation. What was used meanwhile stays used.
void close_again(Replying& r, const Question& question) {
    Deciding& d = r.d;
    const KnownPlace* place = d.state.place();
    Hold again;
    again.cause = question.cause;
    again.about = question.about;
    again.since = d.now;
    again.declined = true;
    again.question = question.id;
    if (question.cause == Cause::destination) {
        trip_answer(d.state, question.about)->confirmed = false;
        again.services = {tariffs::Service::data};
        if (place && place->destination() == question.about) hold(d, again, "the customer took the consent back");
    } else {
        CapCount& count = *running_count(d.state, question, d.now);
        count.stage = question.stage;
        count.reached = true;
        count.early = count.used < question.limit;
        count.mark = 100;
        again.period_start = count.start;
        again.stage = count.stage;
        again.services = rule_named(d.terms, question.about)->services;
        again.asleep = place && place->home();
        hold(d, again, "the customer took the consent back");
    }
    d.out.owed.push_back(written_answer(d, Kind::declined, question, "decline"));
    d.out.reasons.push_back("no by sms: " + question.about + " is closed again");
    d.out.question = question.id;
    r.out.result = ReplyResult::reopened;
}

bool same_subject(const Question& a, const Question& b) {
    return a.cause == b.cause && a.about == b.about && a.period_start == b.period_start && a.stage == b.stage &&
           a.trip == b.trip;
}

/// Whether a wish to continue may put the question anew: it binds still, and was not repeated lately. The first asking
/// is no repeat: who declined by mistake need not wait.
bool may_ask_again(const Deciding& d, const Question& question) {
    if (!held(d, question) || open_question(d.state, question.cause, question.about)) return false;
    bool first = true;
    for (const Question& one : d.state.questions) {
        if (!same_subject(one, question)) continue;
        if (!first && d.now - one.asked < d.rules().confirm_repeat_after) return false;
        first = false;
    }
    const KnownPlace* place = d.state.place();
    return question.cause == Cause::destination
               ? place && place->destination() == question.about
               : rule_named(d.terms, question.about) && running_count(d.state, question, d.now);
}

void ask_again(Replying& r, const Question& question) {
    Deciding& d = r.d;
    const KnownPlace place = d.state.place() ? *d.state.place() : KnownPlace{};
    find_hold(d.state, question.cause, question.about)->declined = false;
    d.out.reasons.push_back("a wish to continue: asked again about " + question.about);
    if (question.cause == Cause::destination)
        ask_destination(d, place, d.now);
    else
        ask_cap(d, *rule_named(d.terms, question.about), *running_count(d.state, question, d.now), place, d.now);
    r.out.question = d.out.question;
    r.out.result = ReplyResult::asked_again;
}

/// A number, a yes or a no.
void decide_answering(Replying& r) {
    const Subject subject = subject_of(r);
    if (!subject.question) return help(r, subject.none);
    Question& question = *subject.question;
    r.out.question = question.id;
    const std::optional<std::string> choice = selected(r.reply, question);
    const bool pending = question.state == QuestionState::pending;
    const bool yes = r.reply.says == SmsReply::Says::yes;  // to a closed question: to whichever choice, asked anew
    if (!choice && (pending || !yes)) return help(r, Note::not_understood);
    if (pending) return answer(r, question, *choice);
    if (r.reply.says == SmsReply::Says::no && opened(r.d, question)) return close_again(r, question);
    const bool wishes = !choice || *choice != "decline";
    if (wishes && may_ask_again(r.d, question)) return ask_again(r, question);
    help(r, Note::already_decided, &question);
}

/// STOP and START. One that changes nothing is answered like any automatic text.
void switch_texts(Replying& r) {
    if (r.d.terms.may_opt_out.empty()) return help(r, Note::not_understood);
    const bool stop = r.reply.says == SmsReply::Says::stop;
    std::set<Kind>& off = r.d.state.profile.opt_out;
    const std::set<Kind> before = off;
    for (const Kind kind : r.d.terms.may_opt_out) {
        if (stop)
            off.insert(kind);
        else
            off.erase(kind);
    }
    if (off == before && !may_tell(r.d.state, r.d.now)) {
        r.out.result = ReplyResult::silent;
        return;
    }
    r.out.result = stop ? ReplyResult::stopped : ReplyResult::started;
    r.d.out.reasons.emplace_back(stop ? "texts switched off by sms" : "texts switched on by sms");
    Owed owed;
    owed.facts = plain_facts(r.d, Kind::receipt);
    owed.facts.note = stop ? Note::stopped : Note::started;
    r.d.out.owed.push_back(std::move(owed));
}

notifications::CapLine cap_line(const Deciding& d, const CapView& view) {
    const auto amount = [&](std::int64_t value) {
        notifications::Amount shown;
        if (view.volume)
            shown.bytes = value;
        else
            shown.money = tariffs::Money{value, view.currency};
        return shown;
    };
    notifications::CapLine line;
    line.services = rule_named(d.terms, view.id)->services;
    if (view.limit) line.limit = amount(*view.limit);
    line.used = amount(view.used);
    line.tax = view.tax;
    line.per_trip = view.trip > 0 || view.end == Instant{};  // no end: a trip's cap before the trip
    if (!line.per_trip) line.period_end = view.end;
    return line;
}

void tell_usage(Replying& r) {
    if (!may_tell(r.d.state, r.d.now)) {
        r.out.result = ReplyResult::silent;
        return;
    }
    r.out.result = ReplyResult::told_usage;
    Owed owed;
    owed.facts = plain_facts(r.d, Kind::usage);
    for (const CapView& view : cap_views(r.d.state, r.d.terms, r.d.now))
        owed.facts.caps.push_back(cap_line(r.d, view));
    const Trip& trip = r.d.state.trip;
    for (const tariffs::Money& money : trip.spent)
        if (!trip.ended && money.micros > 0) owed.facts.spent.push_back(money);
    r.d.out.owed.push_back(std::move(owed));
}

void decide_by(Replying& r) {
    switch (r.reply.says) {
        case SmsReply::Says::number:
        case SmsReply::Says::yes:
        case SmsReply::Says::no:
            return decide_answering(r);
        case SmsReply::Says::stop:
        case SmsReply::Says::start:
            return switch_texts(r);
        case SmsReply::Says::usage:
            return tell_usage(r);
        case SmsReply::Says::help: {
            const std::size_t open = open_questions(r.d.state).size();
            return help(r, open == 0 ? Note::nothing_open : open == 1 ? Note::none : Note::several_open);
        }
        case SmsReply::Says::unreadable:
            return help(r, Note::not_understood);
    }
}

}  // namespace

ReplyDecision decide_reply(const SmsReply& reply, const Terms& terms, const World& world, Instant now,
                           std::string_view seed, CustomerState& state) {
    ReplyDecision result;
    Deciding d{terms, world, now, seed, state, result.decision};
    settle(d);
    if (terms.inbound) {
        result.result = ReplyResult::silent;
    } else {
        Replying replying{d, result, reply};
        decide_by(replying);
    }
    if (!result.decision.holds.empty()) ++state.hold_sequence;
    state.wake = next_wake(state, *world.rules);
    return result;
}

}  // namespace roamguard::protection
