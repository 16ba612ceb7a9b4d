#include "notifications/channels/kannel.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "notifications/http_client.h"

namespace roamguard::notifications {
namespace {

constexpr int every_receipt = 31;  ///< delivered, failed, buffered, accepted, rejected by the SMSC
constexpr std::int64_t longest_validity = 63 * 7 * 24 * 60;  ///< minutes: what an SMSC can be told
constexpr std::size_t longest_sentence = 100;
constexpr std::size_t telling_part = 8;  ///< so many characters in a row of the text give it away

ClientOptions client_options(const KannelOptions& options) {
    ClientOptions client;
    client.timeout_s = options.timeout_s;
    client.max_answer_bytes = 4096;
    client.answer = ClientOptions::Answer::head_counts;
    client.stale = ClientOptions::Stale::told;  // Kannel's GET sends an SMS each time
    return client;
}

Target target_of(const std::string& url, const char* option) {
    const std::optional<Target> target = parse_target(url);
    if (!target) throw std::runtime_error(fmt::format("{}: an http:// or https:// URL is needed", option));
    return *target;
}

/// What Kannel fills in later has one percent sign; those that are ours are doubled.
std::string literal(std::string_view text) {
    std::string doubled;
    for (const char c : text)
        doubled += c == '%' ? std::string_view{"%%"} : std::string_view{&c, 1};
    return doubled;
}

bool gives_away(const std::string& sentence, const std::string& text) {
    const std::size_t part = std::min(telling_part, text.size());
    for (std::size_t i = 0; part != 0 && i + part <= text.size(); ++i)
        if (sentence.find(text.substr(i, part)) != std::string::npos) return true;
    return false;
}

/// Kannel's first line as `: sentence`, where it is plain words: one with digits may hold the number, and one that
/// repeats the text is not for the log.
std::string said(const Reply& reply, const Outgoing& message) {
    const std::string sentence = reply.body.substr(0, reply.body.find_first_of("\r\n"));
    const bool plain = !sentence.empty() && sentence.size() <= longest_sentence &&
                       std::all_of(sentence.begin(), sentence.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  std::string_view{" .,()/-'"}.find(c) != std::string_view::npos;
                       });
    if (!plain || gives_away(sentence, message.text)) return {};
    return ": " + sentence;
}

class Kannel final : public Channel {
public:
    explicit Kannel(KannelOptions options)
        : options_{std::move(options)},
          target_{target_of(options_.url, "sms.kannel.url")},
          clients_{client_options(options_)} {
        if (target_.path.find('?') != std::string::npos)
            throw std::runtime_error("sms.kannel.url: the URL of sendsms has no query, Roamguard adds its own");
        if (!options_.receipt_url.empty()) (void)target_of(options_.receipt_url, "sms.callback-url");
        while (!options_.receipt_url.empty() && options_.receipt_url.back() == '/')
            options_.receipt_url.pop_back();
    }

    Attempt send(const Outgoing& message) override {
        std::vector<std::pair<std::string, std::string>> headers;
        if (!target_.authorization.empty()) headers.emplace_back("Authorization", target_.authorization);
        const Reply reply = clients_.send(target_.server, "GET", target_.path + query(message), {}, {}, headers);
        return fate_of(reply, message);
    }

private:
    [[nodiscard]] std::string query(const Outgoing& message) const;
    [[nodiscard]] std::string receipt_address(const std::string& id) const;
    static Attempt fate_of(const Reply& reply, const Outgoing& message);

    KannelOptions options_;
    const Target target_;
    ClientPool clients_;
};

Attempt Kannel::fate_of(const Reply& reply, const Outgoing& message) {
    using Fate = Attempt::Fate;
    switch (reply.status) {
        case 0:  // not reached, too slow, or ended in between: then Kannel may have taken it, and may take it again
            return {Fate::later, reply.error, {}};
        case 202:  // `0: Accepted`, `3: Queued` while no SMSC is up, `Sent.` of a Kannel that answers at once
            return {Fate::sent, {}, {}};
        case 400:
            return {Fate::dead, "Kannel refused the message (400)" + said(reply, message), {}};
        case 403:
            if (reply.body.rfind("Not routable", 0) == 0)
                return {Fate::dead, "Kannel has no route for the message (403)", {}};
            return {Fate::later,
                    "Kannel refused the credentials (403): check sms.kannel.username, sms.kannel.password and "
                    "Kannel's allowed addresses",
                    {}};
        default:
            return {Fate::later, fmt::format("Kannel answered {}", reply.status) + said(reply, message),
                    retry_after(reply, message.now)};
    }
}

std::string Kannel::query(const Outgoing& message) const {
    const std::int64_t minutes = (message.expires - message.now).ms / 60'000;
    std::string text =
        fmt::format("?username={}&password={}&from={}&to={}&charset=UTF-8&coding={}&text={}&validity={}",
                    query_encoded(options_.username), query_encoded(options_.password), query_encoded(options_.sender),
                    query_encoded(message.to), message.encoding == "gsm7" ? 0 : 2, query_encoded(message.text),
                    std::clamp<std::int64_t>(minutes, 1, longest_validity));
    if (!options_.smsc.empty()) text += "&smsc=" + query_encoded(options_.smsc);
    if (!options_.receipt_url.empty())
        text += fmt::format("&dlr-mask={}&dlr-url={}", every_receipt, query_encoded(receipt_address(message.id)));
    return text;
}

/// Kannel fills in %d (what happened), %F (the SMSC's id), %A (its words) and %T (when), URL-encoded.
std::string Kannel::receipt_address(const std::string& id) const {
    return literal(options_.receipt_url + "/v1/sms/dlr?id=" + query_encoded(id)) +
           "&status=%d&smsc-id=%F&reply=%A&at=%T";
}

}  // namespace

std::unique_ptr<Channel> make_kannel(KannelOptions options) { return std::make_unique<Kannel>(std::move(options)); }

}  // namespace roamguard::notifications
