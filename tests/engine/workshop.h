#pragma once

#include <memory>
#include <string>
#include <thread>

#include "data/digest.h"
#include "service/engine/engine.h"
#include "service/engine/events_job.h"
#include "service/engine/outbox_jobs.h"
#include "service/engine/tariff_jobs.h"
#include "tests/storage/home.h"

namespace roamguard::engine {

/// An engine on a real store, stepped by hand with a clock of its own. Several may share one home, where it is one that
/// can be shared.
class Workshop {
public:
    static constexpr const char* plain_tariffs =
        "plan,destination,service,price,currency,unit,high_cost\n*,JP,data,3.00,GBP,MB,no\n*,*,data,8.00,GBP,MB,no\n";
    explicit Workshop(const std::string& tariffs = plain_tariffs) : Workshop(testing::Kind::sqlite, tariffs) {}
    explicit Workshop(testing::Kind kind, const std::string& tariffs = plain_tariffs)
        : Workshop(std::make_shared<testing::Home>(kind), tariffs) {}
    explicit Workshop(std::shared_ptr<testing::Home> home, const std::string& tariffs = plain_tariffs)
        : home_(std::move(home)) {
        auto around = std::make_shared<Surroundings>();
        around->networks = geoip::Networks::load({}).value();
        around->templates = notifications::Templates::load("").value();
        around->regimes = std::make_shared<const customers::Regimes>(customers::Regimes::load("").value());
        around->home_country = *geoip::Country::parse("GB");
        auto compiled = tariffs::Table::compile({{"tariffs", tariffs}}, [](geoip::Country) { return true; });
        around->book = std::make_shared<const tariffs::Book>(std::vector<tariffs::Version>{{1, {0}, compiled.table}});
        around_ = around;
        open();
    }
    ~Workshop() {
        engine.reset();
        store.reset();
    }

    /// As after a crash: everything in memory is gone, the store stays.
    void open() {
        engine.reset();
        store.reset();
        store = home_->open();
        engine = std::make_unique<Engine>(
            *store, around_, Options{},
            [](std::uint8_t* into, std::size_t count) {
                for (std::size_t i = 0; i < count; ++i)
                    into[i] = static_cast<std::uint8_t>(i * 7 + 1);
            },
            [this] { return now; });
    }

    /// A batch of one, from the thread that calls.
    void alone(Job& job) {
        std::thread hands_in([&] {
            try {
                engine->submit(job);
            } catch (const std::exception& error) {
                failed.emplace_back(error.what());
            }
        });
        while (engine->queued() == 0)
            std::this_thread::yield();
        engine->step(now);
        hands_in.join();
    }

    /// Runs jobs in one batch, in this order.
    template <class... Jobs>
    void together(Jobs&... jobs) {
        std::vector<std::thread> threads;
        std::size_t expected = 0;
        auto hand_in = [&](Job& job) {
            expected += std::max<std::size_t>(1, job.weight());
            threads.emplace_back([this, &job] {
                try {
                    engine->submit(job);
                } catch (const std::exception& error) {
                    failed.emplace_back(error.what());
                }
            });
            while (engine->queued() < expected)
                std::this_thread::yield();
        };
        (hand_in(jobs), ...);
        engine->step(now);
        for (std::thread& thread : threads)
            thread.join();
    }

    std::shared_ptr<testing::Home> home_;
    tariffs::Instant now{1'790'000'000'000};
    std::shared_ptr<const Surroundings> around_;
    std::unique_ptr<storage::Store> store;
    std::unique_ptr<Engine> engine;
    std::vector<std::string> failed;
};

inline intake::RoamingEvent event_of(const std::string& id, intake::EventType type, const std::string& number,
                                     tariffs::Instant at) {
    intake::RoamingEvent event;
    event.id = id;
    event.source = "/tests";
    event.type = type;
    event.type_name = "org.roamguard." + std::string(type == intake::EventType::usage ? "usage" : "attach") + ".v1";
    event.time.at = at;
    event.subscriber.msisdn = *notifications::Msisdn::parse(number);
    event.plmn = geoip::Plmn::parse("440", "10");
    event.data_json = "{}";
    const data::Sha256 digest = data::sha256(id);
    std::copy(digest.begin(), digest.begin() + 16, event.key.begin());
    event.content = event.key;
    return event;
}

inline intake::RoamingEvent attach(const std::string& id, const std::string& number, tariffs::Instant at) {
    return event_of(id, intake::EventType::attach, number, at);
}
inline intake::RoamingEvent usage(const std::string& id, const std::string& number, tariffs::Instant at,
                                  std::int64_t bytes) {
    intake::RoamingEvent event = event_of(id, intake::EventType::usage, number, at);
    event.quantity = bytes;
    return event;
}

}  // namespace roamguard::engine
