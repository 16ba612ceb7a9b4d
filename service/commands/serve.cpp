#include <fmt/format.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "service/commands/commands.h"
#include "service/commands/delivery.h"
#include "service/commands/log.h"
#include "service/engine/clock_leaps.h"
#include "service/engine/retention_job.h"
#include "service/engine/tariff_jobs.h"
#include "service/http/api.h"
#include "service/http/camara_error.h"
#include "service/http/keys.h"
#include "service/http/senders.h"

namespace roamguard::commands {
namespace {

using engine::Surroundings;
using tariffs::Instant;

void random_bytes(std::uint8_t* into, std::size_t count) {
    if (RAND_bytes(into, static_cast<int>(count)) != 1) throw std::runtime_error("the system gives no random bytes");
}

std::string joined(const std::vector<std::string>& sentences) {
    std::string all;
    for (const std::string& sentence : sentences)
        all += (all.empty() ? "" : "; ") + sentence;
    return all;
}

std::shared_ptr<const geoip::Networks> load_networks(const Configuration& configuration) {
    auto loaded = geoip::Networks::load(
        {configuration.text("networks"), configuration.text("networks-overlay"), configuration.text("neighbours")});
    if (!loaded) throw std::runtime_error("networks: " + joined(loaded.error().sentences));
    return *loaded;
}

/// The configured file; a relative one that is not in the working folder is looked for beside the program's build
/// folder too, where set-up puts it.
std::filesystem::path ip_database(const Configuration& configuration) {
    const std::filesystem::path path = configuration.text("geoip-database");
    std::error_code error;
    if (path.is_absolute() || std::filesystem::exists(path, error)) return path;
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
    const std::filesystem::path beside = program.parent_path().parent_path() / path;
    return !error && std::filesystem::exists(beside, error) ? beside : path;
}

std::shared_ptr<const notifications::Templates> load_templates(const Configuration& configuration) {
    auto loaded = notifications::Templates::load(configuration.text("templates.dir"));
    if (!loaded) throw std::runtime_error("templates: " + joined(loaded.error()));
    return *loaded;
}

std::shared_ptr<const customers::Regimes> load_regimes(const Configuration& configuration) {
    auto loaded = customers::Regimes::load(configuration.text("regimes.dir"));
    if (!loaded) throw std::runtime_error("regimes: " + joined(loaded.error()));
    return std::make_shared<const customers::Regimes>(std::move(*loaded));
}

/// How much is granted at once, and for how long.
void read_grants(const Configuration& configuration, protection::Rules& rules) {
    const auto data = tariffs::parse_quantity(configuration.text("authorizations.max-grant"));
    if (!data || data->kind != tariffs::UnitKind::bytes)
        throw std::runtime_error("authorizations.max-grant must be an amount of data such as 100 MB, not " +
                                 configuration.text("authorizations.max-grant"));
    const auto span = [&](const char* name) {
        const tariffs::Span read{configuration.span_ms(name)};
        if (read < tariffs::seconds(1)) throw std::runtime_error(std::string(name) + " must be at least 1s");
        return read;
    };
    rules.max_grant_bytes = data->amount;
    rules.max_grant_seconds = span("authorizations.max-grant-voice").ms / 1000;
    rules.max_grant_messages = configuration.whole("authorizations.max-grant-messages");
    if (rules.max_grant_messages < 1) throw std::runtime_error("authorizations.max-grant-messages must be at least 1");
    rules.grant_for = span("authorizations.grant-for");
    rules.grant_reserve_for = span("authorizations.reserve-for");
}

protection::Rules rules_of(const Configuration& configuration) {
    protection::Rules rules;
    read_grants(configuration, rules);
    rules.welcome_repeat_after = {configuration.span_ms("welcome.repeat-after")};
    rules.trip_home_dwell = {configuration.span_ms("trip.home-dwell")};
    rules.confirm_repeat_after = {configuration.span_ms("confirm.repeat-after")};
    rules.question_expiry = {configuration.span_ms("confirm.expiry")};
    rules.warn_lead_time = {configuration.span_ms("warn.lead-time")};
    rules.camara_settle_after = {configuration.span_ms("camara.settle-after")};
    rules.vowifi_roams = configuration.yes("vowifi.roams");
    rules.billing_tolerance_ppm = configuration.whole("billing.tolerance") * 10'000;
    rules.keep_periods = tariffs::Span{configuration.span_ms("events.max-age")} < tariffs::days(40)
                             ? tariffs::days(40)
                             : tariffs::Span{configuration.span_ms("events.max-age")};
    const std::string& links = configuration.text("links");
    rules.links = links == "none" ? notifications::Links::none
                  : links == "on" ? notifications::Links::on
                                  : notifications::Links::zero_rated;
    return rules;
}

/// Everything a batch reads but the tariffs; throws with a sentence naming the option at fault.
std::shared_ptr<Surroundings> load_surroundings(const Configuration& configuration, std::string& ip_warning) {
    auto around = std::make_shared<Surroundings>();
    around->networks = load_networks(configuration);
    around->templates = load_templates(configuration);
    around->regimes = load_regimes(configuration);
    around->rules = rules_of(configuration);
    auto ips = geoip::IpCountry::open(ip_database(configuration));
    if (ips)
        around->ips = *ips;
    else
        ip_warning = ips.error();
    around->four_eyes = configuration.yes("tariffs.four-eyes");
    const auto home = geoip::Country::parse(configuration.text("home.country"));
    if (!home || !around->networks->known_country(*home))
        throw std::runtime_error("home.country must be an ISO 3166-1 alpha-2 code, not " +
                                 configuration.text("home.country"));
    around->home_country = *home;
    for (const std::string& text : configuration.list("home.plmns")) {
        const auto plmn = geoip::Plmn::parse(text);
        if (!plmn) throw std::runtime_error("home.plmns must be MCC-MNC such as 460-01, not " + text);
        around->home_plmns.push_back(*plmn);
    }
    around->platform = platform_of(configuration);
    around->public_url = public_url_of(configuration);
    around->app_confirm_within = {configuration.span_ms("app.confirm-within")};
    around->camara_asks = !configuration.text("camara.retrieve-url").empty();
    auto words = engine::StatusWords::parse(configuration.text("nchf.statuses"));
    if (!words) throw std::runtime_error(words.error());
    around->policy_words = std::move(*words);
    around->default_regime = configuration.text("default-regime");
    if (!around->regimes->find(around->default_regime))
        throw std::runtime_error("default-regime: there is no regime " + around->default_regime + "; there are " +
                                 joined(around->regimes->ids()));
    around->book = std::make_shared<const tariffs::Book>();
    return around;
}

/// SIGHUP: what can be read anew replaces the old; what cannot is named, and the last good one stays.
void reload(engine::Engine& engine, const Configuration& configuration, http::Server& server) {
    try {
        server.reload_certificates();
    } catch (const std::exception& error) {
        log_error(std::string("the certificates were not reloaded, the last good ones stay: ") + error.what());
    }
    try {
        auto networks = load_networks(configuration);
        engine.change([&](Surroundings& around) { around.networks = networks; });
        log_info(fmt::format("reloaded {} networks", networks->size()));
    } catch (const std::exception& error) {
        log_error(std::string("the networks were not reloaded, the last good ones stay: ") + error.what());
    }
    try {
        auto templates = load_templates(configuration);
        engine.change([&](Surroundings& around) { around.templates = templates; });
    } catch (const std::exception& error) {
        log_error(std::string("the templates were not reloaded, the last good ones stay: ") + error.what());
    }
    auto ips = geoip::IpCountry::open(ip_database(configuration));
    if (ips) {
        engine.change([&](Surroundings& around) { around.ips = *ips; });
        log_info("reloaded the IP database");
    } else {
        log_error("the IP database was not reloaded, the last good one stays: " + ips.error());
    }
}

struct Address {
    std::string host;
    int port = 0;
};

Address address_of(const std::string& listen) {
    const std::size_t colon = listen.rfind(':');
    if (colon == std::string::npos) throw std::runtime_error("listen must be HOST:PORT, not " + listen);
    Address address{listen.substr(0, colon), 0};
    if (address.host.size() > 2 && address.host.front() == '[')
        address.host = address.host.substr(1, address.host.size() - 2);
    try {
        std::size_t used = 0;
        address.port = std::stoi(listen.substr(colon + 1), &used);
        if (used != listen.size() - colon - 1 || address.port < 0 || address.port > 65535)
            throw std::invalid_argument("");
    } catch (const std::logic_error&) {
        throw std::runtime_error("listen must be HOST:PORT, not " + listen);
    }
    return address;
}

bool loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0; }

engine::Engine::Meters meters_of(http::Metrics& metrics) {
    engine::Engine::Meters meters;
    meters.batch = [&metrics](std::size_t requests, double seconds) { metrics.batch(requests, seconds); };
    meters.checkpoint = [&metrics](double seconds) { metrics.checkpoint(seconds); };
    meters.consents = [&metrics](engine::Turn::Consents consents) { metrics.consents(consents); };
    return meters;
}

/// Blocks the signals in every thread; wait_for_end() takes them.
sigset_t block_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : {SIGTERM, SIGINT, SIGHUP})
        sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
    return set;
}

/// Retention runs in the engine's turns, a slice at a time, so that no event waits behind a long deletion. True when
/// there may be more to delete at once.
bool retain(engine::Engine& engine, const Configuration& configuration) {
    constexpr int slice = 2000;
    const tariffs::Span events{configuration.span_ms("retention.events")};
    const tariffs::Span messages{configuration.span_ms("retention.messages")};
    const tariffs::Span remembered =
        std::max(events, tariffs::Span{configuration.span_ms("events.max-age")} + tariffs::days(1));
    const Instant now = engine.now();
    engine::RetentionJob job({now - remembered, now - remembered, now - events, now - events, now - messages, slice});
    try {
        engine.submit(job);
        return job.gone() >= slice;
    } catch (const std::exception& error) {
        log_warning(std::string("retention was put off: ") + error.what());
        return false;
    }
}

void wait_for_end(const sigset_t& set, engine::Engine& engine, const Configuration& configuration,
                  http::Server& server) {
    constexpr timespec minute{60, 0}, hour{3600, 0}, soon{0, 200'000'000};
    timespec interval = minute;
    engine::ClockLeaps leaps;
    (void)leaps.calm(engine.now(), std::chrono::steady_clock::now());
    for (;;) {
        const int got = sigtimedwait(&set, nullptr, &interval);
        if (got == SIGTERM || got == SIGINT) return;
        if (got == SIGHUP) {
            reload(engine, configuration, server);
        } else if (leaps.calm(engine.now(), std::chrono::steady_clock::now())) {
            interval = retain(engine, configuration) ? soon : minute;
        } else {
            log_warning("nothing is deleted for a day: the clock has leapt ahead by more than an hour");
            interval = hour;
        }
    }
}

/// The API keys in force: read again when the store has news of them. Internally synchronised.
class LiveKeys {
public:
    explicit LiveKeys(storage::Store& store) : store_(store) { reload(); }
    void reload() {
        using Keyless = http::Keys::Keyless;
        const std::lock_guard lock(mutex_);
        std::vector<storage::KeyRow> rows = store_.read_keys();
        // Once there were keys, revoking the last one opens nothing.
        const Keyless keyless = rows.empty() ? Keyless::every_role : Keyless::no_role;
        keys_ = std::make_shared<const http::Keys>(std::move(rows), keyless);
    }
    [[nodiscard]] std::shared_ptr<const http::Keys> now() const {
        const std::lock_guard lock(mutex_);
        return keys_;
    }

private:
    storage::Store& store_;
    mutable std::mutex mutex_;
    std::shared_ptr<const http::Keys> keys_;
};

/// Where several instances share the store: what another one published or a command changed is in force here within a
/// second or so. A thread of its own, since it waits.
class News {
public:
    News(engine::Engine& engine, LiveKeys& keys) : engine_(engine), keys_(keys) {
        if (engine.store().shared()) thread_ = std::thread([this] { loop(); });
    }
    ~News() {
        stopping_ = true;
        if (thread_.joinable()) thread_.join();
    }
    News(const News&) = delete;
    News& operator=(const News&) = delete;

private:
    void loop() {
        bool missed = false;  // what could not be read is read when the store is back
        while (!stopping_)
            try {
                if (!engine_.store().wait_for_news(std::chrono::milliseconds(500)) && !missed) continue;
                missed = true;
                keys_.reload();
                auto book = engine::load_book(engine_.store(), *engine_.around()->networks);
                engine_.change([&](Surroundings& around) { around.book = book; });
                missed = false;
            } catch (const storage::StoreBroken& error) {
                engine_.broke(error);
                return;
            } catch (const std::exception& error) {
                log_warning(std::string("news of tariffs and keys wait: ") + error.what());
                std::this_thread::sleep_for(std::chrono::milliseconds(500));
            }
    }

    engine::Engine& engine_;
    LiveKeys& keys_;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

struct StopFirst {
    engine::Engine& engine;
    ~StopFirst() { engine.stop(); }
};

void run(const Configuration& configuration) {
    const sigset_t signals = block_signals();
    const Address address = address_of(configuration.text("listen"));
    const http::Senders senders(configuration.list("events.webhook-secrets"));
    const std::unique_ptr<storage::Store> store = storage::open_store(configuration.text("store"));
    LiveKeys keys(*store);
    if (keys.now()->open() && !loopback(address.host))
        throw std::runtime_error(
            "without any API key the service listens on loopback only: make one with `roamguard keys create`, or "
            "listen on 127.0.0.1");
    std::string ip_warning;
    auto around = load_surroundings(configuration, ip_warning);
    around->book = engine::load_book(*store, *around->networks);
    if (!ip_warning.empty()) log_warning("no IP database: " + ip_warning);

    http::Metrics metrics;
    engine::Options options;
    options.max_queued = static_cast<std::size_t>(configuration.whole("events.max-queued"));
    engine::Engine engine(*store, around, options, random_bytes, {});  // by the clock of the store
    engine.meter(meters_of(metrics));
    engine.on_broken([address = configuration.text("store")](const std::string& what) {
        storage::leave_doubt(address);
        log_error("the store is broken, the process ends so that a restart can recover it: " + what);
        std::_Exit(70);
    });
    Delivery delivery(engine, configuration, metrics);
    engine.on_messages([&delivery] { delivery.wake(); });
    const StopFirst stop_first{engine};  // whatever is thrown from here on: the engine must not wake what is gone

    intake::Limits limits;
    limits.max_batch = static_cast<std::size_t>(configuration.whole("events.max-batch"));
    limits.max_age = {configuration.span_ms("events.max-age")};
    limits.max_ahead = {configuration.span_ms("events.max-ahead")};
    limits.camara_compat = configuration.list("camara.compat");
    http::Api api{engine,
                  metrics,
                  limits,
                  static_cast<int>(configuration.whole("events.allowed-rate")),
                  configuration.text("sms.driver"),
                  ip_warning,
                  configuration.text("app.driver")};
    std::vector<http::Route> routes = http::all_routes(api);

    http::ServerOptions server_options;
    server_options.host = address.host;
    server_options.port = address.port;
    server_options.threads = static_cast<int>(configuration.whole("http.threads"));
    server_options.certificate = configuration.text("tls.certificate");
    server_options.private_key = configuration.text("tls.key");
    server_options.client_ca = configuration.text("tls.client-ca");
    http::Server server(server_options, std::move(routes), [&](http::Request& request, const http::Route& route) {
        auto refusal = senders.speaks_for(request, route) ? senders.authorize(request, engine.now())
                                                          : keys.now()->authorize(request, route);
        return refusal && http::speaks_camara(route)
                   ? std::optional(http::correlated(request, http::as_camara_error(*refusal)))
                   : refusal;
    });
    server.on_done([&metrics](const std::string& pattern, const std::string& method, int status, double seconds) {
        metrics.request(pattern, method, status, seconds);
    });
    server.on_error([](const std::string& reference, const std::string& what) {
        log_error("request " + reference + " failed: " + what);
    });

    engine.start();
    const News news(engine, keys);
    delivery.start();
    server.start();
    log_info(fmt::format("Roamguard {} listens on {}:{}{}", ROAMGUARD_VERSION, address.host, server.port(),
                         keys.now()->open() ? " (no API key: loopback only, every caller has every role)" : ""));
    wait_for_end(signals, engine, configuration, server);
    log_info("stopping: no new requests, what was accepted is finished");
    server.stop();
    delivery.stop();
    engine.stop();
    log_info("stopped");
}

}  // namespace

int serve(const Configuration& configuration) {
    start_logging(configuration.text("log.level"));
    try {
        run(configuration);
        return 0;
    } catch (const std::exception& error) {
        log_error(error.what());
        return 1;
    }
}

int check(const Configuration& configuration) {
    try {
        (void)address_of(configuration.text("listen"));
        storage::check_store_url(configuration.text("store"));
        check_delivery(configuration);
        (void)http::Senders(configuration.list("events.webhook-secrets"));
        std::string ip_warning;
        (void)load_surroundings(configuration, ip_warning);
        if (!ip_warning.empty()) std::cout << "warning: no IP database: " << ip_warning << "\n";
        std::cout << "the configuration is valid\n";
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}

}  // namespace roamguard::commands
