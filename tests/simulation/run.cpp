#include "tests/simulation/one_run.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "service/engine/outbox.h"

namespace roamguard::simulation {

const engine::Surroundings& usual_surroundings() {
    static const engine::Surroundings usual = [] {
        engine::Surroundings around;
        around.networks = geoip::Networks::load({}).value();
        around.templates = notifications::Templates::load("").value();
        around.regimes = std::make_shared<const customers::Regimes>(customers::Regimes::load("").value());
        around.home_country = *geoip::Country::parse("GB");
        around.rules.warn_lead_time = tariffs::Span{0};  // the model knows no forecasts
        around.platform.told = true;
        around.public_url = "https://roaming.example";
        return around;
    }();
    return usual;
}

std::optional<std::string> Run::all() {
    std::size_t at = 0;
    try {
        begin();
        for (; at < script_.steps.size();) {
            std::size_t end = at + 1;
            while (end < script_.steps.size() && script_.steps[end].together)
                ++end;
            live(at, end);
            at = end;
        }
        come_to_rest();
        look_back();
        return std::nullopt;
    } catch (const Broken& broken) {
        return fmt::format("at ({}): {}", at, broken.sentence);
    } catch (const std::exception& error) {
        return fmt::format("at ({}): {}", at, error.what());
    }
}

void Run::open() {
    weather_.dead = false;
    weather_.next = Trouble::none;
    store_ = with_troubles(home_.open(), weather_);
    auto around = std::make_shared<engine::Surroundings>(usual_surroundings());
    around->book = engine::load_book(*store_, *around->networks);
    engine_ = std::make_unique<engine::Engine>(
        *store_, around, engine::Options{},
        [this](std::uint8_t* into, std::size_t count) {
            for (std::size_t i = 0; i < count; ++i)
                into[i] = static_cast<std::uint8_t>(chance_.next());
        },
        [this] { return Instant{wall_}; });
    engine_->step_at_submit();
    sms_ = dispatcher("sms", phones_);
    platform_ = dispatcher("platform", operator_);
}

std::unique_ptr<Dispatcher> Run::dispatcher(const std::string& name, Beyond& beyond) {
    notifications::DispatcherOptions options;
    options.channel = name;
    options.max_attempts = 0;
    return std::make_unique<Dispatcher>(
        engine::outbox_of(*engine_, name, options.lease), channel_to(beyond), options,
        [this] { return chance_.fraction(); }, [](const std::string&) {}, [](bool) {},
        [this] { return Dispatcher::Clock::time_point(std::chrono::milliseconds(steady_)); });
}

void Run::close() {
    sms_.reset();
    platform_.reset();
    engine_.reset();
    store_.reset();
}

void Run::begin() {
    open();
    publish(script_.tariffs.front(), Instant{script_.tariffs.front().effective});
    for (int customer = 0; customer < travellers; ++customer)
        put_profile(customer, script_.profiles[static_cast<std::size_t>(customer)]);
    compare();
}

void Run::live(std::size_t from, std::size_t to) {
    const Step& first = script_.steps[from];
    if (first.restart) restart();
    wall_ -= first.clock_back.ms;
    advance(std::max<Time>(first.after.ms, 300));
    phones_.how = operator_.how = first.gateway;
    timers(first.timers_trouble);
    send_again();
    switch (first.what) {
        case Step::What::use:
        case Step::What::attach:
        case Step::What::detach:
        case Step::What::again:
            events(from, to);
            break;
        case Step::What::reused:
            reused(first);
            break;
        case Step::What::answer:
        case Step::What::reply:
            answer(first);
            break;
        case Step::What::profile:
            weather_.next = first.trouble;
            put_profile(first.customer,
                        script_.profiles[static_cast<std::size_t>(first.which) % script_.profiles.size()]);
            break;
        case Step::What::publish:
            weather_.next = first.trouble;
            publish(script_.tariffs[static_cast<std::size_t>(first.which) % script_.tariffs.size()], std::nullopt);
            break;
        case Step::What::receipt:
            receipt(first);
            break;
        case Step::What::wait:
            break;
    }
    weather_.next = Trouble::none;
    restart_if_dead();
    settle_down();
    deliver(first.outbox_trouble);
}

void Run::timers(Trouble trouble) {
    weather_.next = trouble;
    for (int turn = 0;; ++turn) {
        require(turn < 50, "what is due by the clock never comes to an end");
        (void)engine_->step(engine_->now());
        weather_.next = Trouble::none;
        restart_if_dead();
        if (store_->due_customers(engine_->now(), 1).empty()) break;
        advance(300);
    }
    for (int customer = 0; customer < travellers; ++customer)
        expect(customer, model_.clock(customer, now()));
    if (plant_ == Plant::silence_is_consent) consent_for_the_silent();
    compare();
}

void Run::settle_down() {
    advance(2'500);
    timers(Trouble::none);
}

void Run::deliver(Trouble trouble) {
    weather_.next = trouble;
    for (int round = 0; round < 3; ++round) {
        const int claimed = sms_->step() + platform_->step();
        restart_if_dead();
        if (claimed == 0) break;
    }
    weather_.next = Trouble::none;
    for (Beyond* beyond : {&phones_, &operator_}) {
        for (const notifications::Outgoing& one : beyond->open()) {
            const auto row = store_->read_message(one.id);
            require(row.has_value(), "message " + one.id + " was sent and is not in the outbox");
            if (row->state == storage::MessageState::sent || row->state == storage::MessageState::delivered)
                beyond->recorded(one.row);
        }
        require(beyond->fault().empty(), beyond->fault());
    }
}

std::optional<std::string> broken_by(const Script& script, testing::Kind kind, Plant plant) {
    return Run(script, kind, plant).all();
}

namespace {

/// What was broken without where and how much, so that shrinking does not wander to another fault.
std::string kind_of(const std::optional<std::string>& broken) {
    std::string kind;
    for (char c : broken ? broken->substr(broken->find(": ")) : "")
        if (c < '0' || c > '9') kind += c;
    return kind.substr(0, 30);
}

}  // namespace

Script shrunk(Script script, testing::Kind kind, Plant plant) {
    const std::string wanted = kind_of(broken_by(script, kind, plant));
    for (std::size_t size = std::max<std::size_t>(1, script.steps.size() / 2); size > 0;) {
        bool smaller = false;
        for (std::size_t at = 0; at < script.steps.size();) {
            Script fewer = script;
            const auto from = fewer.steps.begin() + static_cast<std::ptrdiff_t>(at);
            fewer.steps.erase(from, from + static_cast<std::ptrdiff_t>(std::min(size, script.steps.size() - at)));
            if (kind_of(broken_by(fewer, kind, plant)) == wanted) {
                script = std::move(fewer);
                smaller = true;
            } else {
                at += size;
            }
        }
        if (!smaller) size /= 2;
    }
    return script;
}

}  // namespace roamguard::simulation
