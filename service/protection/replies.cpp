#include <algorithm>

#include "service/protection/rules.h"

// Contract, section 7: what a customer's SMS does.
namespace roamguard::protection {
namespace {

using customers::CapRule;
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
    Writer writer;
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

/// Whether the writer decides it, user or payer.
bool decides(const Replying& r, const Question& question) {
    return payer_decides(r.d.state, question) == (r.writer.as == Writer::As::payer);
}

/// The open questions that the writer decides.
std::vector<Question*> open_questions(const Replying& r) {
    std::vector<Question*> open;
    for (Question& question : r.d.state.questions)
        if (question.state == QuestionState::pending && decides(r, question)) open.push_back(&question);
    return open;
}

/// Whether a payer has been asked, and it is not the writer.
bool payer_is_asked(const Replying& r) {
    if (r.writer.as == Writer::As::payer) return false;
    return std::any_of(r.d.state.questions.begin(), r.d.state.questions.end(), [&](const Question& question) {
        return question.state == QuestionState::pending && !decides(r, question);
    });
}

CapCount* running_count(CustomerState& state, const Question& question, Instant now) {
    for (CapCount& count : state.counts)
        if (count.cap == question.about && count.start == question.period_start && count.end > now) return &count;
    return nullptr;
}

/// Whether the pass it bought is valid still.
bool pays(const Deciding& d, const Question& question) {
    return std::any_of(d.state.passes.begin(), d.state.passes.end(),
                       [&](const HeldPass& pass) { return pass.question == question.id && !pass.ended; });
}

/// A pass is bought for good: no later answer opens or closes anything of it.
bool bought(const Question& question) { return question.chosen.starts_with("pass:"); }

/// Whether what a confirmed question opened is open still: its stage in the same period, its destination on the same
/// trip.
bool opened(const Deciding& d, const Question& question) {
    if (question.state != QuestionState::confirmed || bought(question) || !d.terms.holds) return false;
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
    if (question.state != QuestionState::confirmed || bought(question)) return false;
    if (question.cause == Cause::destination) {
        const DestinationAnswer* answer = trip_answer(d.state, question.about);
        return answer && !answer->confirmed && question.trip == d.state.trip.number;
    }
    const CapCount* count = running_count(d.state, question, d.now);
    return count && count->stage == question.stage && count->reached;
}

/// Whether the hold it asked about stands, if only asleep at home; one that a pass lifts does not. A destination's has
/// no period and no stage, nor has its question.
bool held(const Deciding& d, const Question& question) {
    const Hold* hold = find_hold(d.state, question.cause, question.about);
    return hold && (hold->asleep || !hold->in_force().empty()) && hold->period_start == question.period_start &&
           hold->stage == question.stage;
}

/// The question a reply is about, or why there is none.
struct Subject {
    Question* question = nullptr;
    Note none = Note::nothing_open;
};

/// The one with the code, else the one that is open, else the latest that still matters. A user may close again what a
/// payer opened, and have a payer asked again; a payer has to do with the payer's questions alone.
Subject subject_of(const Replying& r) {
    if (r.writer.unclear) return {nullptr, Note::several_open};
    const std::vector<Question*> open = open_questions(r);
    const auto theirs = [&](const Question& question) {
        return r.writer.as == Writer::As::user || decides(r, question);
    };
    const Note unclear = open.empty()       ? Note::nothing_open
                         : open.size() == 1 ? Note::not_understood
                                            : Note::several_open;
    auto& all = r.d.state.questions;
    if (!r.reply.code.empty()) {
        for (Question* question : open)
            if (question->code == r.reply.code) return {question, unclear};
        const auto closed = std::find_if(all.rbegin(), all.rend(), [&](const Question& question) {
            return question.code == r.reply.code && question.state != QuestionState::pending && theirs(question);
        });
        return {closed == all.rend() ? nullptr : &*closed, unclear};
    }
    if (!open.empty()) return {open.size() == 1 ? open.front() : nullptr, unclear};
    const auto latest = std::find_if(all.rbegin(), all.rend(), [&](const Question& question) {
        return question.state != QuestionState::pending && theirs(question) &&
               (opened(r.d, question) || held(r.d, question) || pays(r.d, question));
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

/// A text to the writer.
void tell(Replying& r, Owed owed) {
    if (r.writer.as == Writer::As::payer) owed = for_payer(r.d.state, std::move(owed));
    r.d.out.owed.push_back(std::move(owed));
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
    owed.facts.payer_decides = payer_is_asked(r);
    if (const CapRule* own = own_cap_of(r.d.terms); own && r.writer.as == Writer::As::user)
        owed.facts.limit = amount_of(*own, own->limit);
    if (const std::vector<Question*> open = open_questions(r); open.size() == 1 && !r.writer.unclear) {
        const Question& question = *open.front();
        for (const std::string& choice : question.choices)
            owed.facts.choices.push_back(printed_choice(question, choice, r.d.terms));
        owed.facts.code = question.code;
        owed.question = question.id;
    }
    tell(r, std::move(owed));
}

void answer(Replying& r, Question& question, const std::string& choice) {
    settle_answer(r.d, question, Answer{question.id, choice, "sms", r.writer.as == Writer::As::payer ? "payer" : ""});
    r.out.result = choice == "decline" ? ReplyResult::declined : ReplyResult::confirmed;
}

/// A no after a confirmation. What was used meanwhile stays used. A payer is not told that the user did it: nothing is
/// asked and nothing costs more.
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
        if (place->destination() == question.about) hold(d, again, "the customer took the consent back");
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
    Owed owed = written_answer(d, Kind::declined, question, "decline");
    if (r.writer.as == Writer::As::payer)
        owe_of_question(d, question, std::move(owed));
    else
        d.out.owed.push_back(std::move(owed));
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
               ? place->destination() == question.about
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
    const bool no = r.reply.says == SmsReply::Says::no;
    const bool closes = subject.question && no && opened(r.d, *subject.question);
    if (!closes && !r.writer.unclear && open_questions(r).empty() && payer_is_asked(r)) return help(r, Note::none);
    if (!subject.question) return help(r, subject.none);
    Question& question = *subject.question;
    r.out.question = question.id;
    const std::optional<std::string> choice = selected(r.reply, question);
    const bool pending = question.state == QuestionState::pending;
    const bool yes = r.reply.says == SmsReply::Says::yes;  // to a closed question: to whichever choice, asked anew
    if (!choice && (pending || !yes)) return help(r, Note::not_understood);
    if (pending) return answer(r, question, *choice);
    if (closes) return close_again(r, question);
    const bool wishes = !choice || *choice != "decline";
    if (wishes && may_ask_again(r.d, question)) return ask_again(r, question);
    help(r, Note::already_decided, &question);
}

/// CAP. What changes nothing at once is answered like any automatic text.
void wish_cap(Replying& r) {
    const CapRule* rule = own_cap_of(r.d.terms);
    const std::optional<std::int64_t> limit = rule ? wished_limit(*rule, r.reply) : std::nullopt;
    if (!limit) return help(r, Note::not_understood);
    const bool sets = *limit <= rule->limit && changes_cap(r.d, *rule, *limit);
    if (!sets && !may_tell(r.d.state, r.d.now)) {
        r.out.result = ReplyResult::silent;
        return;
    }
    if (*limit > rule->limit) {
        ask_own_cap(r.d, *rule, *limit);
        r.out.question = r.d.out.question;
        r.out.result = ReplyResult::cap_asked;
        return;
    }
    drop_wish(r.d);
    r.d.out.owed.push_back(about_own_cap(r.d, Kind::receipt, *rule, *limit));
    if (sets) set_own_cap(r.d, rule->id, *limit);
    r.out.result = ReplyResult::cap_set;
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
        case SmsReply::Says::cap:
            return wish_cap(r);
        case SmsReply::Says::help: {
            const std::size_t open = open_questions(r).size();
            if (r.writer.unclear || open > 1) return help(r, Note::several_open);
            return help(r, open == 0 && !payer_is_asked(r) ? Note::nothing_open : Note::none);
        }
        case SmsReply::Says::unreadable:
            return help(r, Note::not_understood);
    }
}

}  // namespace

ReplyDecision decide_reply(const SmsReply& reply, const Terms& terms, const World& world, Instant now,
                           std::string_view seed, CustomerState& state, Writer writer) {
    ReplyDecision result;
    Deciding d{terms, world, now, seed, state, result.decision};
    settle(d);
    if (terms.inbound) {
        result.result = ReplyResult::silent;
    } else {
        Replying replying{d, result, reply, writer};
        decide_by(replying);
    }
    finish(d);
    return result;
}

}  // namespace roamguard::protection
