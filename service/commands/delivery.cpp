#include "service/commands/delivery.h"

#include <arpa/inet.h>

#include <algorithm>
#include <random>
#include <stdexcept>

#include "notifications/channels/kannel.h"
#include "notifications/channels/sandbox.h"
#include "notifications/channels/webhook.h"
#include "service/commands/log.h"
#include "service/engine/camara_retrieve.h"
#include "service/engine/outbox.h"
#include "service/engine/outbox_jobs.h"

namespace roamguard::commands {
namespace {

using notifications::Channel;
using notifications::DispatcherOptions;

/// `http://<listen>`, for whoever reaches us where nothing else is configured.
std::string own_url(const Configuration& configuration, const std::string& option) {
    const std::string& given = configuration.text(option);
    return given.empty() ? "http://" + configuration.text("listen") : given;
}

/// Host and port of a URL.
std::string host_of(const std::string& url) {
    const std::size_t scheme = url.find("://");
    const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
    return url.substr(begin, url.find_first_of("/?#", begin) - begin);
}

bool on_loopback(const std::string& url) {
    std::string host = host_of(url);
    if (const std::size_t at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
    if (host.rfind("[::1]", 0) == 0) return host.size() == 5 || host[5] == ':';
    host.resize(std::min(host.size(), host.find(':')));
    in_addr address{};
    return host == "localhost" || (inet_pton(AF_INET, host.c_str(), &address) == 1 && host.rfind("127.", 0) == 0);
}

/// One secret, or several separated by spaces or commas while they are being changed: each signs.
std::vector<notifications::WebhookSecret> secrets_of(const Configuration& configuration, const std::string& prefix) {
    const std::string option = prefix + ".webhook-secret";
    std::string text = configuration.text(option);
    std::replace(text.begin(), text.end(), ',', ' ');
    if (text.empty()) {
        if (!on_loopback(configuration.text(prefix + ".webhook-url")))
            throw std::runtime_error(option + " is missing: what leaves this machine must be signed");
        return {};
    }
    auto secrets = notifications::parse_webhook_secrets(text);
    if (!secrets) throw std::runtime_error(option + " must be whsec_ and base64");
    return std::move(*secrets);
}

std::unique_ptr<Channel> make_webhook(const Configuration& configuration, const std::string& prefix,
                                      notifications::WebhookOptions::Body body) {
    notifications::WebhookOptions options;
    options.option = prefix + ".webhook-url";
    options.url = configuration.text(options.option);
    if (options.url.empty()) throw std::runtime_error(options.option + " is missing");
    options.secrets = secrets_of(configuration, prefix);
    options.body = body;
    return notifications::make_webhook(std::move(options));
}

std::unique_ptr<Channel> make_kannel(const Configuration& configuration) {
    for (const char* option : {"sms.kannel.url", "sms.kannel.username", "sms.kannel.password"})
        if (configuration.text(option).empty()) throw std::runtime_error(std::string(option) + " is missing");
    notifications::KannelOptions options;
    options.url = configuration.text("sms.kannel.url");
    options.username = configuration.text("sms.kannel.username");
    options.password = configuration.text("sms.kannel.password");
    options.sender = configuration.text("sms.sender");
    options.smsc = configuration.text("sms.kannel.smsc");
    options.receipt_url = own_url(configuration, "sms.callback-url");
    return notifications::make_kannel(std::move(options));
}

std::unique_ptr<Channel> make_people(const Configuration& configuration, const std::string& channel) {
    const std::string& driver = configuration.text(channel + ".driver");
    if (driver == "webhook") return make_webhook(configuration, channel, notifications::WebhookOptions::Body::message);
    if (driver == "kannel") return make_kannel(configuration);
    return notifications::make_sandbox();
}

/// Policy functions gave their own addresses.
std::unique_ptr<Channel> make_nchf() {
    notifications::WebhookOptions options;
    options.option = "notifUri";
    options.content_type = "application/json";
    return notifications::make_webhook(std::move(options));
}

engine::CamaraRetrieveOptions camara_of(const Configuration& configuration) {
    engine::CamaraRetrieveOptions options;
    options.url = configuration.text("camara.retrieve-url");
    options.token = configuration.text("camara.retrieve-token");
    options.timeout_s =
        static_cast<int>(std::clamp<long long>(configuration.span_ms("camara.retrieve-timeout") / 1000, 1, 15));
    return options;
}

/// A lease must outlast a driver's patience, or a slow gateway gets everything twice.
tariffs::Span lease_of(const Configuration& configuration) {
    const tariffs::Span lease{configuration.span_ms("outbox.lease")};
    if (lease < tariffs::seconds(30)) throw std::runtime_error("outbox.lease must be at least 30s");
    return lease;
}

DispatcherOptions options_of(const Configuration& configuration, const std::string& channel) {
    DispatcherOptions options;
    options.channel = channel;
    options.lease = lease_of(configuration);
    if (channel == "sms" || channel == "app") options.max_attempts = 0;  // until its expiry: gateways come back
    if (channel == "sms") {
        options.rate_per_s = static_cast<double>(configuration.whole("sms.rate"));
        options.concurrency = static_cast<int>(std::clamp<long long>(configuration.whole("sms.concurrency"), 1, 64));
        options.claim_limit = std::max(64, 8 * options.concurrency);
    }
    if (channel == "platform" || channel == "nchf") {
        options.max_attempts = 0;
        options.waits = notifications::platform_waits();
    }
    if (channel == "nchf") {  // many endpoints: one that is dead says nothing of the others, and holds a thread
        options.circuit_after = 0;
        options.concurrency = 16;
    }
    if (channel == "camara") options.waits = {tariffs::seconds(1), tariffs::seconds(5)};
    return options;
}

/// The outbox, with each result counted once it is recorded.
notifications::Outbox counted(notifications::Outbox outbox, const std::string& channel, http::Metrics& metrics) {
    static constexpr const char* words[] = {"sent", "delivered", "later", "dead"};
    return {std::move(outbox.claim), [finish = std::move(outbox.finish), channel,
                                      &metrics](const std::vector<notifications::Finished>& finished) {
                finish(finished);
                for (const notifications::Finished& one : finished)
                    metrics.delivery(channel, words[static_cast<int>(one.result.fate)]);
            }};
}

/// Nobody can answer to a name, and texts ask for answers.
void warn_of_sender(const Configuration& configuration) {
    const std::string& sender = configuration.text("sms.sender");
    const bool number = !sender.empty() && sender.find_first_not_of("+0123456789") == std::string::npos;
    if (!number && configuration.text("sms.driver") != "sandbox")
        log_warning("sms.sender " + sender + " is a name: customers cannot reply to it, though texts ask them to");
}

}  // namespace

Delivery::Delivery(engine::Engine& engine, const Configuration& configuration, http::Metrics& metrics)
    : engine_(engine) {
    warn_of_sender(configuration);
    const auto add = [&](const std::string& name, std::unique_ptr<Channel> channel) {
        metrics.channel(name, http::ChannelState::up);
        dispatchers_[name] = std::make_unique<notifications::Dispatcher>(
            counted(engine::outbox_of(engine, name, lease_of(configuration)), name, metrics), std::move(channel),
            options_of(configuration, name),
            [generator = std::mt19937_64(std::random_device{}())]() mutable {
                return std::uniform_real_distribution<double>(0, 1)(generator);
            },
            [](const std::string& what) { log_warning(what); },
            [name, &metrics](bool up) {
                metrics.channel(name, up ? http::ChannelState::up : http::ChannelState::down);
            });
    };
    add("sms", make_people(configuration, "sms"));
    add("app", make_people(configuration, "app"));
    add("nchf", make_nchf());
    if (!configuration.text("platform.webhook-url").empty())
        add("platform", make_webhook(configuration, "platform", notifications::WebhookOptions::Body::as_is));
    if (!configuration.text("camara.retrieve-url").empty())
        add("camara", engine::make_camara_retrieve(engine, camara_of(configuration)));
    for (const char* name : {"platform", "camara"})
        if (!dispatchers_.count(name)) unconfigured_.emplace_back(name);
}

/// What was owed to somebody who is configured no more would be told as news when it is configured again. Where
/// instances share the store, another one may be configured otherwise: what it owes is not this one's to drop.
void Delivery::drop_unconfigured() {
    if (engine_.store().shared()) return;
    for (const std::string& channel : unconfigured_)
        for (;;) {
            const auto rows = engine_.store().due_messages(channel, {INT64_MAX}, 500);
            if (rows.empty()) break;
            engine::CancelJob job(rows, "the channel is not configured any more");
            engine_.submit(job);
        }
}

void Delivery::start() {
    drop_unconfigured();
    for (auto& [name, dispatcher] : dispatchers_)
        dispatcher->start();
}

void Delivery::stop() {
    for (auto& [name, dispatcher] : dispatchers_)  // together, so that their last sends end side by side
        dispatcher->begin_stop();
    for (auto& [name, dispatcher] : dispatchers_)
        dispatcher->stop();
}

void Delivery::wake() {
    for (auto& [name, dispatcher] : dispatchers_)
        dispatcher->wake();
}

void check_delivery(const Configuration& configuration) {
    (void)lease_of(configuration);
    (void)make_people(configuration, "sms");
    (void)make_people(configuration, "app");
    if (!configuration.text("platform.webhook-url").empty())
        (void)make_webhook(configuration, "platform", notifications::WebhookOptions::Body::as_is);
}

std::string public_url_of(const Configuration& configuration) {
    std::string url = own_url(configuration, "public-url");
    const bool web = url.rfind("http://", 0) == 0 || url.rfind("https://", 0) == 0;
    const bool plain = std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (!web || !plain || host_of(url).empty() || url.find_first_of("?#") != std::string::npos)
        throw std::runtime_error("public-url must be http://… or https://… without ? and #, not " + url);
    while (url.back() == '/')
        url.pop_back();
    return url;
}

engine::Surroundings::Platform platform_of(const Configuration& configuration) {
    return {!configuration.text("platform.webhook-url").empty(),
            configuration.text("links") == "none" ? "" : host_of(own_url(configuration, "public-url"))};
}

}  // namespace roamguard::commands
