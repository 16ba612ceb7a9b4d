#pragma once

#include "notifications/dispatcher.h"
#include "service/engine/engine.h"
#include "service/storage/codec.h"
#include "tests/engine/workshop.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/gateway.h"
#include "tests/simulation/run.h"

namespace roamguard::simulation {

using notifications::Dispatcher;
using protection::CustomerState;
using tariffs::Instant;

/// What every run reads and none changes, loaded once.
[[nodiscard]] const engine::Surroundings& usual_surroundings();

[[nodiscard]] tariffs::Service service_of(Service service);
[[nodiscard]] Service service_of(tariffs::Service service);
/// What a question or a hold about a destination is about, in the model's words.
[[nodiscard]] std::string place_word(const std::string& about);

/// One script lived through. `run.cpp` is the machine and the order of things, `run_happenings.cpp` what happens to it,
/// `run_compare.cpp` holds it against the model after each step, `run_end.cpp` looks back when all is over. One thread.
class Run {
public:
    Run(const Script& script, testing::Kind kind, Plant plant)
        : script_(script), plant_(plant), home_(kind), model_(script.networks, script.tariffs.front(), Settings{}) {
        weather_.plant = plant;
    }
    ~Run() { close(); }
    std::optional<std::string> all();

private:
    /// An event as its sender keeps it until it is acknowledged.
    struct Sent {
        intake::RoamingEvent event;
        Step step;
        bool applied = false, acknowledged = false;
    };

    void restart() {
        close();
        open();
    }
    void restart_if_dead() {
        if (weather_.dead) restart();
    }
    void advance(Time by) {
        wall_ += by;
        steady_ += by;
    }
    [[nodiscard]] Time now() { return engine_->now().ms; }
    void open();
    std::unique_ptr<Dispatcher> dispatcher(const std::string& name, Beyond& beyond);
    void close();

    void begin();
    void live(std::size_t from, std::size_t to);
    /// What falls due by the clock, until nothing is.
    void timers(Trouble trouble);
    /// A trip that is over when it is heard of ends 2 s later, for what may come in another order.
    void settle_down();
    void deliver(Trouble trouble);

    void events(std::size_t from, std::size_t to);
    /// `later` milliseconds, so that nothing of one batch happened at the same time.
    Sent& made(const Step& step, Time later);
    /// One batch. What was not acknowledged is sent again at the next step, as a good sender would.
    void send(const std::vector<Sent*>& sent);
    void happened(Sent& one);
    void send_again();
    /// Other content under an id that was taken: refused, and the first stands.
    void reused(const Step& step);
    void answer(const Step& step);
    bool by_app(const Step& step, const protection::Question& question, std::size_t choice);
    bool by_sms(const Step& step, const protection::Question& question, std::size_t choice);
    /// As a service would that takes silence for a yes.
    void consent_for_the_silent();
    void put_profile(int customer, const Profile& profile);
    void publish(Tariff tariff, std::optional<Instant> effective);
    void receipt(const Step& step);

    // Against the model
    void expect(int customer, const std::vector<Message>& messages);
    void compare();
    std::vector<storage::MessageRow> new_messages();
    void compare_spending(int customer, const CustomerState& state);
    static std::string country_of(const CustomerState& state);
    static std::set<Hold> holds_of(const CustomerState& state);
    void compare_questions(int customer, const CustomerState& state);

    // At the end
    /// Everything works again, until nothing is left to do.
    void come_to_rest();
    void look_back();
    /// Sent once more, an acknowledged event must be known.
    void look_for(const Sent& one);
    void look_at(const storage::MessageRow& row, const Beyond& beyond);
    void look_at_evidence(int customer);
    /// The platform acts on the last state it heard: it must be the state there is.
    void look_at_platform(int customer);

    // Who is who
    [[nodiscard]] storage::CustomerId id_of(int customer);
    [[nodiscard]] CustomerState state_of(int customer);
    [[nodiscard]] int traveller(const storage::MessageRow& row);

    const Script& script_;
    Plant plant_;
    testing::Home home_;
    Weather weather_;
    Dice chance_{script_.seed ^ 0x5eed};
    Time wall_ = beginning, steady_ = 0;
    std::unique_ptr<storage::Store> store_;
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<Dispatcher> sms_, platform_;
    Beyond phones_, operator_;
    Model model_;
    std::map<int, Sent> sent_;
    std::map<int, std::vector<Message>> expected_;
    std::int64_t last_row_ = 0;
    int all_messages_ = 0;
};

}  // namespace roamguard::simulation
