#include "notifications/channels/webhook.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "notifications/http_client.h"
#include "notifications/pacing.h"

namespace roamguard::notifications {
namespace {

using Fate = Attempt::Fate;

ClientOptions client_options(int timeout_s) {
    ClientOptions options;
    options.timeout_s = timeout_s;
    options.max_answer_bytes = 16 * 1024;  // of an answer only the status counts, and a small JSON
    options.answer = ClientOptions::Answer::head_counts;
    return options;
}

std::string event_of(const Outgoing& message) {
    const nlohmann::json event{{"specversion", "1.0"},
                               {"type", "org.roamguard.message.v1"},
                               {"source", "/roamguard"},
                               {"id", message.id},
                               {"time", tariffs::to_rfc3339(message.created)},
                               {"datacontenttype", "application/json"},
                               {"data",
                                {{"id", message.id},
                                 {"to", message.to},
                                 {"kind", message.kind},
                                 {"channel", message.channel},
                                 {"language", message.language},
                                 {"text", message.text},
                                 {"encoding", message.encoding},
                                 {"segments", message.segments},
                                 {"expiresAt", tariffs::to_rfc3339(message.expires)}}}};
    return event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool says_delivered(const std::string& answer) {
    const nlohmann::json json = nlohmann::json::parse(answer, nullptr, false);
    if (!json.is_object()) return false;
    const auto delivered = json.find("delivered");
    return delivered != json.end() && delivered->is_boolean() && delivered->get<bool>();
}

/// The request itself is refused, and the same request will be again.
bool refused_for_good(int status) {
    return status >= 400 && status < 500 && status != 408 && status != 425 && status != 429;
}

/// Where each message names its own server: one that is dead must not hold the threads that the others need. After
/// three failures in a row a server is left alone for a while, with one probe at a time. Internally synchronised.
class Servers {
public:
    bool may_try(const std::string& server) {
        const std::lock_guard lock(mutex_);
        const auto found = failing_.find(server);
        if (found == failing_.end() || found->second.closed()) return true;
        if (Circuit::Clock::now() < found->second.next_try()) return false;
        found->second.probe_begins();
        return true;
    }
    void tried(const std::string& server, const Attempt& attempt) {
        const std::lock_guard lock(mutex_);
        if (attempt.fate != Fate::later) {
            failing_.erase(server);
            return;
        }
        Circuit& circuit = failing_.try_emplace(server, 3, tariffs::seconds(30)).first->second;
        circuit.failed(circuit.trial(), Circuit::Clock::now(), attempt.error);
    }

private:
    std::mutex mutex_;
    std::map<std::string, Circuit> failing_;
};

class Webhook final : public Channel {
public:
    explicit Webhook(WebhookOptions options)
        : options_{std::move(options)}, clients_{client_options(options_.timeout_s)} {
        if (options_.url.empty()) return;
        fixed_ = parse_target(options_.url);
        if (!fixed_) throw std::runtime_error(fmt::format("{}: an http:// or https:// URL is needed", options_.option));
    }

    Attempt send(const Outgoing& message) override {
        const std::optional<Target> target = fixed_ ? fixed_ : parse_target(message.to);
        if (!target) return {Fate::dead, "its address is no http:// or https:// URL", {}};
        if (fixed_) return post(message, *target);
        if (!servers_.may_try(target->server))
            return {Fate::later, target->server + " does not answer; it is tried again soon", {}};
        Attempt attempt = post(message, *target);
        servers_.tried(target->server, attempt);
        return attempt;
    }

private:
    Attempt post(const Outgoing& message, const Target& target) {
        const bool whole = options_.body == WebhookOptions::Body::message;
        const std::string body = whole ? event_of(message) : message.text;
        const Reply reply = clients_.send(target.server, "POST", target.path, body,
                                          whole ? "application/cloudevents+json" : options_.content_type,
                                          headers_for(message, body, target.authorization));
        return fate_of(reply, target.server, message.now);
    }

    using Headers = std::vector<std::pair<std::string, std::string>>;
    [[nodiscard]] Headers headers_for(const Outgoing& message, const std::string& body,
                                      const std::string& authorization) const;
    [[nodiscard]] Attempt fate_of(const Reply& reply, const std::string& server, tariffs::Instant now) const;

    const WebhookOptions options_;
    std::optional<Target> fixed_;
    ClientPool clients_;
    Servers servers_;
};

Attempt Webhook::fate_of(const Reply& reply, const std::string& server, tariffs::Instant now) const {
    const bool whole = options_.body == WebhookOptions::Body::message;
    if (reply.status == 0) return {Fate::later, reply.error, {}};
    if (reply.status >= 200 && reply.status < 300)
        return {whole && says_delivered(reply.body) ? Fate::delivered : Fate::sent, {}, {}};
    std::string error = fmt::format("{} answered {}", server, reply.status);
    if (reply.status >= 300 && reply.status < 400) error += ", and redirects are not followed";
    if (whole && refused_for_good(reply.status)) return {Fate::dead, std::move(error), {}};
    const bool asks_for_time = reply.status == 429 || reply.status == 503;
    return {Fate::later, std::move(error), asks_for_time ? retry_after(reply, now) : std::nullopt};
}

Webhook::Headers Webhook::headers_for(const Outgoing& message, const std::string& body,
                                      const std::string& authorization) const {
    const std::int64_t timestamp_s = message.now.ms / 1000;
    Headers headers{{"webhook-id", message.id}, {"webhook-timestamp", std::to_string(timestamp_s)}};
    std::string signatures;
    for (const WebhookSecret& secret : options_.secrets)
        signatures += (signatures.empty() ? "" : " ") + sign_webhook(secret, message.id, timestamp_s, body);
    if (!signatures.empty()) headers.emplace_back("webhook-signature", std::move(signatures));
    if (!authorization.empty()) headers.emplace_back("Authorization", authorization);
    return headers;
}

}  // namespace

std::unique_ptr<Channel> make_webhook(WebhookOptions options) { return std::make_unique<Webhook>(std::move(options)); }

}  // namespace roamguard::notifications
