#include "service/engine/outbox_jobs.h"

#include <fmt/format.h>

#include "service/engine/owing.h"

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
    turn.finish_message(message);
    note(turn, message);
}

}  // namespace

void ClaimJob::run(Turn& turn) {
    claimed_.clear();
    for (std::int64_t row : rows_) {
        MessageRow* message = turn.message(row);
        if (!message || message->state != MessageState::queued || !message->due || *message->due > turn.now) continue;
        if (message->expires <= turn.now) {
            end(turn, *message, MessageState::expired, "not delivered before it became pointless");
            continue;
        }
        ++message->attempts;
        message->due = turn.now + lease_;
        claimed_.push_back(*message);
    }
}

void DeliveryJob::run(Turn& turn) {
    for (const Delivery& delivery : deliveries_) {
        MessageRow* message = turn.message(delivery.row);
        if (!message || message->state != MessageState::queued || message->attempts != delivery.attempt) continue;
        switch (delivery.how) {
            case Delivery::How::later:
                message->due = turn.now + delivery.wait;
                message->error = delivery.error;
                break;
            case Delivery::How::dead:
                end(turn, *message, MessageState::failed, delivery.error);
                break;
            case Delivery::How::delivered:
                message->delivered = turn.now;
                [[fallthrough]];
            case Delivery::How::sent:
                message->sent = turn.now;
                end(turn, *message,
                    delivery.how == Delivery::How::delivered ? MessageState::delivered : MessageState::sent);
                break;
        }
    }
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
    const customers::Profile& profile = customer->state.profile;
    if (message->to.empty()) message->to = message->channel == "app" ? profile.app_address : profile.msisdn.e164();
    if (message->to.empty()) {
        refusal_ = "the customer still has no address";
        return;
    }
    message->state = MessageState::queued;
    message->error.clear();
    message->expires = turn.now + tariffs::hours(24);
    bool first = true;
    for (const protection::Waiting& waiting : customer->state.waiting)
        if (waiting.channel == message->channel) first = false;
    message->due = first ? std::optional(turn.now) : std::nullopt;
    customer->state.waiting.push_back({message->channel, message->row});
    customer->changed = true;
    message_ = *message;
    note(turn, *message);
}

}  // namespace roamguard::engine
