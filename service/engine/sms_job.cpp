#include "service/engine/sms_job.h"

#include <algorithm>

#include <fmt/format.h>

#include "data/digest.h"
#include "service/engine/payers.h"

namespace roamguard::engine {
namespace {

std::string_view word(notifications::SmsReply::Says says) {
    using Says = notifications::SmsReply::Says;
    switch (says) {
        case Says::number:
            return "number";
        case Says::yes:
            return "yes";
        case Says::no:
            return "no";
        case Says::stop:
            return "stop";
        case Says::start:
            return "start";
        case Says::usage:
            return "usage";
        case Says::cap:
            return "cap";
        case Says::help:
            return "help";
        case Says::unreadable:
            return "unreadable";
    }
    throw std::logic_error("a reply without a word");
}

/// The identity of a delivery: what a gateway delivers twice has the same id (or time of receipt), sender and text.
std::optional<storage::Digest> key_of(const InboundSms& sms) {
    if (sms.id.empty() && !sms.received_at) return std::nullopt;
    const std::string which = sms.id.empty() ? fmt::format("at {}", sms.received_at->ms) : sms.id;
    const data::Sha256 whole =
        data::sha256(fmt::format("sms\n{}\n{}\n{}", sms.from.e164(), which, data::to_hex(data::sha256(sms.text))));
    storage::Digest key{};
    std::copy_n(whole.begin(), key.size(), key.begin());
    return key;
}

/// Written before the question was asked, a number or a yes is no answer to it, whatever it says. With the question's
/// code it is: nobody knew the code before.
bool older_than_questions(const InboundSms& sms, const notifications::SmsReply& reply,
                          const protection::CustomerState& state) {
    using Says = notifications::SmsReply::Says;
    if (!sms.received_at || !reply.code.empty() || (reply.says != Says::number && reply.says != Says::yes))
        return false;
    for (const protection::Question& question : state.questions)
        if (question.state == protection::QuestionState::pending && question.asked > *sms.received_at) return true;
    return false;
}

/// As little as a payer's own evidence needs: the rest stands in the line's.
std::string note_of_payer(const InboundSms& sms, const Working& line, std::string_view outcome,
                          const std::string& question, Instant now) {
    return fmt::format(
        "{{\"text\":{},\"gatewayId\":{},\"receivedAt\":{},\"line\":{},\"result\":\"{}\",\"confirmation\":{}}}",
        json_text(sms.text.substr(0, 1000)), json_text(sms.id), json_text(sms.received_at.value_or(now)),
        json_text(line.state.profile.id), outcome, json_text(question));
}

}  // namespace

SmsJob::SmsJob(InboundSms sms) : sms_(std::move(sms)), key_(key_of(sms_)) {}

void SmsJob::want(Wants& wants) const {
    wants.aliases.push_back(alias_of(sms_.from));
    if (key_) wants.keys.push_back(*key_);
}

void SmsJob::run(Turn& turn) {
    notifications_.clear();
    question_.clear();
    const storage::SeenRow* seen = key_ ? turn.seen(*key_) : nullptr;
    if (seen) {
        outcome_ = "duplicate";
        const storage::SeenResult first = storage::decode_seen(seen->result);
        question_ = first.question;
        for (const auto& [id, kind] : first.messages)
            notifications_.push_back({id, kind});
        return;
    }
    const auto owner = turn.find(alias_of(sms_.from));
    Working* customer = owner ? turn.customer(*owner) : nullptr;
    if (!customer) {
        outcome_ = "unknown_number";
        return;
    }
    decide(turn, *customer);
    if (!key_) return;
    storage::SeenResult kept;
    for (const Notification& one : notifications_)
        kept.messages.emplace_back(one.id, one.kind);
    kept.question = question_;
    turn.remember({*key_, *key_, customer->id, storage::encode(kept), turn.now});
}

void SmsJob::decide(Turn& turn, Working& writer) {
    using protection::Writer;
    notifications::SmsReply reply = notifications::read_sms_reply(sms_.text);
    const std::vector<Working*> lines = lines_of(turn, writer);
    std::vector<const protection::CustomerState*> states;
    for (const Working* line : lines)
        states.push_back(&line->state);
    protection::Meant meant = protection::meant_by(reply, writer.state, states, turn.now);
    Working& customer = meant.line ? *lines[*meant.line] : writer;
    if (older_than_questions(sms_, reply, customer.state)) {
        reply = {};
        meant.unclear = false;
    }
    const Writer who{meant.line ? Writer::As::payer : Writer::As::user, meant.unclear};
    const std::string seed =
        key_ ? "sms/" + data::to_hex(*key_) : fmt::format("sms/{}/{}/{}", writer.id, writer.state.entries, turn.now.ms);
    protection::ReplyDecision decided =
        protection::decide_reply(reply, turn.terms(customer), turn.around.world(), turn.now, seed, customer.state, who);
    const protection::Terms terms = turn.terms(customer);  // CAP changes them
    for (protection::Owed& owed : decided.decision.owed)
        owed.answers_sms = owed.to_payer == meant.line.has_value();
    customer.changed = true;
    outcome_ = protection::word(decided.result);
    question_ = decided.question;
    turn.record(
        customer, "reply",
        fmt::format("{{\"text\":{},\"gatewayId\":{},\"receivedAt\":{},\"from\":\"{}\",\"says\":\"{}\","
                    "\"result\":\"{}\",\"confirmation\":{},\"decision\":{}}}",
                    json_text(sms_.text.substr(0, 1000)), json_text(sms_.id),
                    json_text(sms_.received_at.value_or(turn.now)), meant.line ? "payer" : "user", word(reply.says),
                    outcome_, json_text(question_), decision_json(decided.decision, customer.state, terms, turn.now)));
    if (meant.line) turn.record(writer, "reply", note_of_payer(sms_, customer, outcome_, question_, turn.now));
    notifications_ = owe(turn, customer, terms, decided.decision, "sms", seed);
}

}  // namespace roamguard::engine
