#include "service/engine/outbox_jobs.h"

#include <fmt/format.h>

#include <map>
#include <stdexcept>

#include "service/engine/links.h"
#include "service/engine/owing.h"
#include "service/storage/due.h"

namespace roamguard::engine {
namespace {

using storage::MessageRow;
using storage::MessageState;

void note(Turn& turn, const MessageRow& message) {
    Working* customer = turn.customer(message.customer);
    if (!customer || customer->state.erased) return;
    turn.record(
        *customer, "delivery",
        fmt::format("{{\"message\":{},\"kind\":{},\"channel\":{},\"state\":\"{}\",\"attempts\":{},\"error\":{}}}",
                    json_text(message.id), json_text(message.kind), json_text(message.channel),
                    storage::word(message.state), message.attempts, json_text(message.error)));
}

void end(Turn& turn, MessageRow& message, MessageState state, std::string error = {}) {
    message.state = state;
    message.error = std::move(error);
    message.leased = false;
    message.confirm_by.reset();
    turn.finish_message(message);
    const Working* customer = turn.customer(message.customer);
    if (customer && customer->state.erased) {  // what was still owed to machines is told; nothing personal stays
        message.text.clear();
        message.to.clear();
    }
    note(turn, message);
}

/// The app did not get it there: the same words by SMS, once. A message that went out beside an SMS, or was followed by
/// one, needs none.
void follow_by_sms(Turn& turn, MessageRow& message) {
    if (message.channel != "app" || !message.beside.empty() || message.expires <= turn.now) return;
    Working* customer = turn.customer(message.customer);
    if (!customer || customer->state.erased) return;
    const std::string number = sms_recipient(*customer);
    if (number.empty()) return;
    MessageRow sms = message;
    sms.id = message.id + "-sms";
    sms.channel = "sms";
    sms.to = number;
    sms.state = MessageState::queued;
    sms.attempts = 0;
    sms.due.reset();
    sms.sent.reset();
    sms.delivered.reset();
    sms.error.clear();
    sms.confirm_by.reset();
    sms.beside = message.id;
    message.beside = sms.id;
    record_message(turn, *customer, sms);
    turn.send(*customer, std::move(sms));
}

void fail(Turn& turn, MessageRow& message, MessageState state, std::string error) {
    end(turn, message, state, std::move(error));
    follow_by_sms(turn, message);
}

void sent(Turn& turn, MessageRow& message) {
    const auto confirm_by = message.confirm_by;
    message.sent = turn.now;
    end(turn, message, MessageState::sent);
    message.confirm_by = confirm_by;
}

void delivered(Turn& turn, MessageRow& message) {
    message.delivered = turn.now;
    if (!message.sent) message.sent = turn.now;
    end(turn, message, MessageState::delivered);
}

/// A newer one of its topic waits behind it: this one need not be tried again.
bool superseded(Turn& turn, const MessageRow& message) {
    if (message.topic.empty()) return false;
    const Working* customer = turn.customer(message.customer);
    if (!customer) return false;
    const std::vector<protection::Waiting> waiting = customer->state.waiting;
    for (const protection::Waiting& one : waiting) {
        if (one.message <= message.row) continue;
        const MessageRow* other = turn.message(one.message);
        if (other && other->channel == message.channel && other->topic == message.topic) return true;
    }
    return false;
}

void later(Turn& turn, MessageRow& message, const Delivery& delivery) {
    if (superseded(turn, message)) return end(turn, message, MessageState::cancelled, "superseded");
    message.leased = false;
    message.due = turn.now + delivery.wait;
    message.error = delivery.error;
}

}  // namespace

// A message changes only while its customer is held, so every job here names its messages.
void ClaimJob::want(Wants& wants) const { wants.messages.insert(wants.messages.end(), rows_.begin(), rows_.end()); }
void OverdueJob::want(Wants& wants) const { wants.messages.insert(wants.messages.end(), rows_.begin(), rows_.end()); }
void DeliveryJob::want(Wants& wants) const {
    for (const Delivery& delivery : deliveries_)
        wants.messages.push_back(delivery.row);
}

void ClaimJob::run(Turn& turn) {
    claimed_.clear();
    for (std::int64_t row : rows_) {
        MessageRow* message = turn.message(row);
        if (!message || !storage::is_due(*message, turn.now)) continue;
        if (message->state != MessageState::queued) {  // nothing that has ended may stay in the way
            message->due.reset();
            message->leased = false;
            continue;
        }
        if (message->expires <= turn.now) {
            end(turn, *message, MessageState::expired, "not delivered before it became pointless");
            continue;
        }
        ++message->attempts;
        message->leased = true;
        message->due = turn.now + lease_;
        claimed_.push_back(*message);
        if (const Working* customer = turn.customer(message->customer))
            claimed_.back().text = text_to_send(*message, customer->key, customer->state);
    }
}

void OverdueJob::run(Turn& turn) {
    for (std::int64_t row : rows_) {
        MessageRow* message = turn.message(row);
        if (!message || !message->confirm_by || *message->confirm_by > turn.now) continue;
        if (message->state == MessageState::queued) {
            fail(turn, *message, MessageState::failed, "not confirmed in time");
            continue;
        }
        message->confirm_by.reset();
        if (message->state != MessageState::sent) continue;
        message->error = "not confirmed in time";
        note(turn, *message);
        follow_by_sms(turn, *message);
    }
}

void CancelJob::run(Turn& turn) {
    for (std::int64_t row : rows_) {
        MessageRow* message = turn.message(row);
        if (message && message->state == MessageState::queued) end(turn, *message, MessageState::cancelled, why_);
    }
}

void DeliveryJob::run(Turn& turn) {
    for (const Delivery& delivery : deliveries_) {
        MessageRow* message = turn.message(delivery.row);
        if (!message || message->state != MessageState::queued || message->attempts != delivery.attempt) continue;
        switch (delivery.how) {
            case Delivery::How::later:
                later(turn, *message, delivery);
                break;
            case Delivery::How::dead:
                fail(turn, *message, MessageState::failed, delivery.error);
                break;
            case Delivery::How::delivered:
                delivered(turn, *message);
                break;
            case Delivery::How::sent:
                sent(turn, *message);
                break;
        }
    }
}

std::optional<Receipt> parse_receipt(std::string_view text) {
    static const std::map<std::string_view, Receipt> words{
        {"1", Receipt::delivered},         {"delivered", Receipt::delivered}, {"2", Receipt::failed},
        {"failed", Receipt::failed},       {"16", Receipt::failed},           {"rejected", Receipt::failed},
        {"34", Receipt::expired},          {"expired", Receipt::expired},     {"4", Receipt::on_its_way},
        {"buffered", Receipt::on_its_way}, {"8", Receipt::on_its_way},        {"accepted", Receipt::on_its_way},
        {"66", Receipt::on_its_way},       {"unknown", Receipt::on_its_way}};
    const auto found = words.find(text);
    return found == words.end() ? std::nullopt : std::optional(found->second);
}

void ReceiptJob::run(Turn& turn) {
    MessageRow* message = turn.message(row_);
    if (!message) throw std::logic_error("a receipt for a message that is not there");
    const bool open = message->state == MessageState::queued || message->state == MessageState::sent;
    switch (receipt_) {
        case Receipt::on_its_way:
            // The gateway has it although its answer never came: it must not be sent again.
            if (message->state == MessageState::queued && message->attempts > 0) sent(turn, *message);
            break;
        case Receipt::delivered:
            if (message->state != MessageState::delivered && message->state != MessageState::cancelled)
                delivered(turn, *message);
            break;
        case Receipt::failed:
            if (open) fail(turn, *message, MessageState::failed, detail_);
            break;
        case Receipt::expired:
            if (open) fail(turn, *message, MessageState::expired, detail_);
            break;
    }
    message_ = *turn.message(row_);
}

void RetryJob::run(Turn& turn) {
    refusal_.clear();
    MessageRow* message = turn.message(row_);
    if (!message || (message->state != MessageState::failed && message->state != MessageState::expired)) {
        refusal_ = "only a failed or expired message can be retried";
        return;
    }
    Working* customer = turn.customer(message->customer);
    if (!customer || customer->state.erased || message->text.empty()) {
        refusal_ = "the customer was erased";
        return;
    }
    const bool to_people = message->channel == "sms" || message->channel == "app";
    if (to_people && message->to.empty())
        message->to = message->channel == "app" ? customer->state.profile.app_address : sms_recipient(*customer);
    if (to_people && message->to.empty()) {
        refusal_ = "the customer still has no address";
        return;
    }
    message->state = MessageState::queued;
    message->error.clear();
    message->leased = false;
    message->expires = turn.now + tariffs::hours(24);
    turn.enqueue(*customer, *message);
    message_ = *message;
    note(turn, *message);
}

}  // namespace roamguard::engine
