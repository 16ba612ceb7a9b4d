#include "tests/simulation/run.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "notifications/dispatcher.h"
#include "service/engine/customer_jobs.h"
#include "service/engine/engine.h"
#include "service/engine/events_job.h"
#include "service/engine/evidence.h"
#include "service/engine/outbox.h"
#include "service/engine/outbox_jobs.h"
#include "service/engine/platform.h"
#include "service/engine/sms_job.h"
#include "service/engine/tariff_jobs.h"
#include "service/storage/codec.h"
#include "tests/engine/workshop.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/gateway.h"

namespace roamguard::simulation {
namespace {

using engine::EventsJob;
using notifications::Dispatcher;
using notifications::Msisdn;
using protection::CustomerState;
using tariffs::Instant;

constexpr Time beginning = 1'774'958'400'000;  // 2026-03-31T12:00:00Z

/// What every run reads and none changes, loaded once.
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

tariffs::Service service_of(Service service) {
    return service == Service::data       ? tariffs::Service::data
           : service == Service::voice_mo ? tariffs::Service::voice_mo
                                          : tariffs::Service::sms_mo;
}

Service service_of(tariffs::Service service) {
    return service == tariffs::Service::data       ? Service::data
           : service == tariffs::Service::voice_mo ? Service::voice_mo
                                                   : Service::sms_mo;
}

std::string text_of(const Message& message) {
    return message.cap.empty()
               ? message.kind
               : fmt::format("{} {} stage {} at {} %", message.kind, message.cap, message.stage, message.threshold);
}
std::string text_of(const std::vector<Message>& messages) {
    std::string text;
    for (const Message& message : messages)
        text += (text.empty() ? "" : ", ") + text_of(message);
    return text.empty() ? "nothing" : text;
}
std::string text_of(const Spend& spend) {
    return fmt::format("used {} overrun {} stage {} mark {}", spend.used, spend.overrun, spend.stage, spend.mark);
}
std::string text_of(const std::set<Hold>& holds) {
    std::string text;
    for (const Hold& hold : holds)
        text += fmt::format("{}{} ({} services){}", text.empty() ? "" : ", ", hold.cause, hold.services.size(),
                            hold.sleeping ? " asleep" : "");
    return text.empty() ? "none" : text;
}

/// Kinds the model speaks of, with what it says of them.
std::optional<Message> modelled(const std::string& kind, const std::string& cap, int stage, int threshold) {
    static const std::set<std::string> about_caps{"threshold", "confirm_cap", "cap_reached"};
    static const std::set<std::string> plain{"confirm_destination", "receipt", "declined", "released", "welcome",
                                             "trip_summary"};
    if (about_caps.count(kind)) return Message{kind, cap, stage, threshold};
    if (plain.count(kind)) return Message{kind, "", 0, 0};
    return std::nullopt;
}

/// What a question or a hold about a destination is about, in the model's words.
std::string place_word(const std::string& about) { return about.find('-') != std::string::npos ? "NT" : about; }

class Run {
public:
    Run(const Script& script, testing::Kind kind, Plant plant)
        : script_(script), plant_(plant), home_(kind), model_(script.networks, script.tariffs.front(), Settings{}) {
        weather_.plant = plant;
    }
    ~Run() { close(); }

    std::optional<std::string> all() {
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

private:
    /// An event as its sender keeps it until it is acknowledged.
    struct Sent {
        intake::RoamingEvent event;
        Step step;
        bool applied = false, acknowledged = false;
    };

    void open() {
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

    std::unique_ptr<Dispatcher> dispatcher(const std::string& name, Beyond& beyond) {
        notifications::DispatcherOptions options;
        options.channel = name;
        options.max_attempts = 0;
        return std::make_unique<Dispatcher>(
            engine::outbox_of(*engine_, name, options.lease), channel_to(beyond), options,
            [this] { return chance_.fraction(); }, [](const std::string&) {}, [](bool) {},
            [this] { return Dispatcher::Clock::time_point(std::chrono::milliseconds(steady_)); });
    }

    void close() {
        sms_.reset();
        platform_.reset();
        engine_.reset();
        store_.reset();
    }
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

    void begin() {
        open();
        publish(script_.tariffs.front(), Instant{script_.tariffs.front().effective});
        for (int customer = 0; customer < travellers; ++customer)
            put_profile(customer, script_.profiles[static_cast<std::size_t>(customer)]);
        compare();
    }

    // ---- one step

    void live(std::size_t from, std::size_t to) {
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
            case Step::What::again:
                events(from, to);
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

    /// What falls due by the clock, until nothing is.
    void timers(Trouble trouble) {
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

    void events(std::size_t from, std::size_t to) {
        std::vector<Sent*> sent;
        for (std::size_t i = from; i < to; ++i) {
            const Step& step = script_.steps[i];
            if (step.what != Step::What::again) {
                sent.push_back(&made(step, static_cast<Time>(i - from)));
            } else if (!sent_.empty()) {
                auto earlier = sent_.begin();
                std::advance(earlier, static_cast<std::size_t>(step.which) % sent_.size());
                sent.push_back(&earlier->second);
            }
        }
        weather_.next = script_.steps[from].trouble;
        send(sent);
    }

    /// `later` milliseconds, so that nothing of one batch happened at the same time.
    Sent& made(const Step& step, Time later) {
        const bool usage = step.what == Step::What::use;
        const Instant at{now() - step.ago.ms + later};
        intake::RoamingEvent event = engine::event_of("e-" + std::to_string(step.number),
                                                      usage ? intake::EventType::usage : intake::EventType::attach,
                                                      number_of(step.customer), at);
        event.plmn = geoip::Plmn::parse(step.plmn.substr(0, 3), step.plmn.substr(4));
        if (usage) {
            event.service = service_of(step.service);
            event.quantity = step.quantity;
            event.session = step.session;
            event.charged_as = static_cast<intake::ChargedAs>(step.charged_as);
            if (step.charged)
                event.charged = intake::Charged{{*step.charged, tariffs::Currency::parse("GBP").value()}, std::nullopt};
        }
        return sent_.emplace(step.number, Sent{std::move(event), step}).first->second;
    }

    /// One batch. What was not acknowledged is sent again at the next step, as a good sender would.
    void send(const std::vector<Sent*>& sent) {
        if (sent.empty()) return;
        std::vector<EventsJob> jobs;
        for (const Sent* one : sent)
            jobs.emplace_back(std::vector<intake::ReadEvent>{one->event});
        std::vector<engine::Job*> batch;
        for (EventsJob& job : jobs)
            batch.push_back(&job);
        const int before = weather_.commits;
        const auto faults = engine_->submit_together(batch);
        const bool applied = weather_.commits > before;
        for (std::size_t i = 0; i < sent.size(); ++i) {
            Sent& one = *sent[i];
            if (!faults[i]) {
                require(one.applied || applied,
                        "event " + one.event.id + " was acknowledged and nothing was committed");
                const auto& outcomes = jobs[i].results().front().outcomes;
                const bool duplicate = outcomes.front() == protection::Outcome::duplicate;
                require(duplicate == one.applied,
                        fmt::format("event {} is answered {} and was {} before", one.event.id,
                                    protection::word(outcomes.front()), one.applied ? "taken" : "not taken"));
                one.acknowledged = true;
            } else if (plant_ == Plant::acknowledged_too_soon) {
                one.acknowledged = true;
            }
            if (applied && !one.applied) happened(one);
        }
        weather_.next = Trouble::none;
        restart_if_dead();
    }

    void happened(Sent& one) {
        one.applied = true;
        const Step& step = one.step;
        const Time at = one.event.time.at.ms;
        if (step.what == Step::What::attach)
            return expect(step.customer, model_.attach(step.customer, step.plmn, at, now()));
        Usage usage{step.plmn, step.service, step.quantity, step.session, at, step.charged, step.charged_as};
        expect(step.customer, model_.use(step.customer, usage, now()));
    }

    void send_again() {
        bool any = false;
        for (auto& [number, one] : sent_)
            if (!one.acknowledged) {
                send({&one});
                any = true;
            }
        if (any) settle_down();
    }

    /// A trip that is over when it is heard of ends 2 s later, for what may come in another order.
    void settle_down() {
        advance(2'500);
        timers(Trouble::none);
    }

    // ---- answers, profiles, tariffs, receipts

    void answer(const Step& step) {
        std::vector<protection::Question> open = state_of(step.customer).questions;
        open.erase(std::remove_if(open.begin(), open.end(),
                                  [](const auto& one) { return one.state != protection::QuestionState::pending; }),
                   open.end());
        if (open.empty()) return;
        const protection::Question& question = open[static_cast<std::size_t>(step.which) % open.size()];
        const std::size_t choice = static_cast<std::size_t>(step.choice) % question.choices.size();
        weather_.next = step.trouble;
        const int before = weather_.commits;
        bool accepted = true;
        try {
            accepted = step.what == Step::What::reply ? by_sms(step, question, choice) : by_app(step, question, choice);
        } catch (const storage::StoreUnavailable&) {
        }
        require(accepted, "an open question did not take an answer it offered");
        if (weather_.commits == before) return;
        const bool of_cap = question.cause == protection::Cause::cap;
        const std::string& word = question.choices[choice];
        expect(step.customer, model_.answer(step.customer, of_cap ? "confirm_cap" : "confirm_destination",
                                            of_cap ? question.about : place_word(question.about),
                                            word == "extend"     ? Model::Choice::extend
                                            : word == "continue" ? Model::Choice::proceed
                                                                 : Model::Choice::decline,
                                            now()));
    }

    bool by_app(const Step& step, const protection::Question& question, std::size_t choice) {
        engine::AnswerJob job(id_of(step.customer), {question.id, question.choices[choice], "app", "app"});
        engine_->submit(job);
        return job.result() == protection::AnswerResult::accepted;
    }

    bool by_sms(const Step& step, const protection::Question& question, std::size_t choice) {
        engine::InboundSms sms;
        sms.from = *Msisdn::parse(number_of(step.customer));
        sms.text = fmt::format("{} {}", choice + 1, question.code);
        sms.id = "mo-" + std::to_string(step.number);
        engine::SmsJob job(sms);
        engine_->submit(job);
        return job.outcome() == (question.choices[choice] == "decline" ? "declined" : "confirmed");
    }

    /// As a service would that takes silence for a yes.
    void consent_for_the_silent() {
        for (int customer = 0; customer < travellers; ++customer)
            for (const protection::Question& question : state_of(customer).questions) {
                const bool last_minute = question.state == protection::QuestionState::pending &&
                                         question.asked + tariffs::hours(20) <= Instant{now()};
                if (!last_minute) continue;
                engine::AnswerJob job(id_of(customer), {question.id, question.choices.front(), "app", "app"});
                engine_->submit(job);
            }
    }

    void put_profile(int customer, const Profile& profile) {
        engine::ProfileJob job(engine::ProfileJob::How::put, {{*Msisdn::parse(number_of(customer)),
                                                               nlohmann::json::parse(json_of(profile, plant_))}});
        const int before = weather_.commits;
        try {
            engine_->submit(job);
            const auto& refusal = job.results().front().refusal;
            require(!refusal, "a profile was refused: " + (refusal ? refusal->detail : ""));
        } catch (const storage::StoreUnavailable&) {
        }
        if (weather_.commits > before) expect(customer, model_.put_profile(customer, profile, now()));
    }

    void publish(Tariff tariff, std::optional<Instant> effective) {
        const tariffs::TableFiles files{{"tariffs", csv_of(tariff)}};
        const auto& networks = *usual_surroundings().networks;
        auto compiled =
            tariffs::Table::compile(files, [&](geoip::Country country) { return networks.known_country(country); });
        require(compiled.table != nullptr, "the tariff does not compile:\n" + csv_of(tariff));
        try {
            engine::UploadJob upload(files, "ann", 0);
            engine_->submit(upload);
            const int force =
                engine::number_in_force(engine_->store().read_versions(), effective.value_or(engine_->now()));
            engine::PublishJob publication(upload.version().number, compiled.table, effective, {force, {}},
                                           {"bob", "", std::nullopt});
            engine_->submit(publication);
            require(publication.refusal() == engine::StepRefusal::none, "a tariff was refused");
            if (effective) return;  // the model has it from the beginning
            tariff.effective = publication.version().effective_at.value().ms;
            model_.publish(tariff);
        } catch (const storage::StoreUnavailable&) {
        }
    }

    void receipt(const Step& step) {
        const auto taken = phones_.taken();
        if (taken.empty()) return;
        const std::int64_t row = taken[static_cast<std::size_t>(step.which) % taken.size()];
        const auto how = static_cast<engine::Receipt>(step.choice % 4);
        engine::ReceiptJob job(row, how, "");
        weather_.next = step.trouble;
        try {
            engine_->submit(job);
        } catch (const storage::StoreUnavailable&) {
        }
    }

    // ---- the outbox

    void deliver(Trouble trouble) {
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

    // ---- against the model

    void expect(int customer, const std::vector<Message>& messages) {
        for (const Message& message : messages)
            if (const auto one = modelled(message.kind, message.cap, message.stage, message.threshold))
                expected_[customer].push_back(*one);
    }

    void compare() {
        std::map<int, std::vector<Message>> made;
        for (const auto& row : new_messages())
            if (const auto one = modelled(row.kind, row.cap, row.stage, row.threshold))
                made[traveller(row)].push_back(*one);
        for (int customer = 0; customer < travellers; ++customer) {
            const auto who = [&](const std::string& what) { return fmt::format("traveller {}: {}", customer, what); };
            std::sort(made[customer].begin(), made[customer].end());  // of one moment: in any order
            std::sort(expected_[customer].begin(), expected_[customer].end());
            require(made[customer] == expected_[customer],
                    who(fmt::format("owed {}; expected {}", text_of(made[customer]), text_of(expected_[customer]))));
            expected_[customer].clear();
            const CustomerState state = state_of(customer);
            compare_spending(customer, state);
            require(holds_of(state) == model_.holds(customer),
                    who(fmt::format("holds are {}; expected {}", text_of(holds_of(state)),
                                    text_of(model_.holds(customer)))));
            compare_questions(customer, state);
            const std::string country = country_of(state);
            require(country == model_.country(customer).value_or(""),
                    who(fmt::format("is in '{}'; expected '{}'", country, model_.country(customer).value_or(""))));
        }
    }

    std::vector<storage::MessageRow> new_messages() {
        std::vector<storage::MessageRow> rows = store_->read_messages({}, {0, 200});
        rows.erase(std::remove_if(rows.begin(), rows.end(), [&](const auto& row) { return row.row <= last_row_; }),
                   rows.end());
        std::reverse(rows.begin(), rows.end());
        if (!rows.empty()) last_row_ = rows.back().row;
        for (const auto& row : rows)
            require(!row.text.empty() && row.to == number_of(traveller(row)), "a message without text or number");
        all_messages_ += static_cast<int>(rows.size());
        return rows;
    }

    void compare_spending(int customer, const CustomerState& state) {
        std::map<std::pair<std::string, Time>, Spend> there;
        for (const protection::CapCount& count : state.counts)
            there[{count.cap, count.start.ms}] = {std::max<std::int64_t>(0, count.used), count.overrun, count.stage,
                                                  count.mark};
        for (auto [key, spend] : model_.spend(customer)) {
            spend.used = std::max<std::int64_t>(0, spend.used);
            const auto found = there.find(key);
            const Spend really = found == there.end() ? Spend{} : found->second;
            require(std::tie(really.used, really.overrun, really.stage, really.mark) ==
                        std::tie(spend.used, spend.overrun, spend.stage, spend.mark),
                    fmt::format("traveller {}: cap {} from {} has {}; expected {}", customer, key.first,
                                tariffs::to_rfc3339(Instant{key.second}), text_of(really), text_of(spend)));
        }
    }

    static std::string country_of(const CustomerState& state) {
        const protection::KnownPlace* place = state.place();
        if (!place) return "";
        return place->home() ? "GB" : place->country.none() ? "NT" : place->country.code();
    }

    static std::set<Hold> holds_of(const CustomerState& state) {
        std::set<Hold> holds;
        for (const protection::Hold& hold : state.holds) {
            Hold one;
            one.cause =
                hold.cause == protection::Cause::cap ? "cap:" + hold.about : "destination:" + place_word(hold.about);
            for (tariffs::Service service : hold.services)
                one.services.insert(service_of(service));
            one.sleeping = hold.asleep;
            holds.insert(one);
        }
        return holds;
    }

    void compare_questions(int customer, const CustomerState& state) {
        std::multiset<std::pair<std::string, std::string>> there, expected;
        for (const protection::Question& one : state.questions)
            if (one.state == protection::QuestionState::pending)
                there.insert(one.cause == protection::Cause::cap
                                 ? std::pair<std::string, std::string>("confirm_cap", one.about)
                                 : std::pair<std::string, std::string>("confirm_destination", place_word(one.about)));
        for (const Question& one : model_.questions(customer))
            if (one.state == Question::State::pending) expected.insert({one.kind, one.about});
        const auto text = [](const auto& all) {
            std::string list;
            for (const auto& [kind, about] : all)
                list += " " + kind + ":" + about;
            return list;
        };
        require(there == expected,
                fmt::format("traveller {}: open questions are{}; expected{}", customer, text(there), text(expected)));
    }

    // ---- at the end

    /// Everything works again, until nothing is left to do.
    void come_to_rest() {
        phones_.how = operator_.how = Gateway::up;
        for (int turn = 0; turn < 400; ++turn) {
            advance(30'000);
            timers(Trouble::none);
            send_again();
            compare();
            deliver(Trouble::none);
            const auto waits = [&](const char* channel) {
                return !store_->due_messages(channel, Instant{INT64_MAX}, 1).empty();
            };
            if (!waits("sms") && !waits("platform")) return;
        }
        throw Broken{"the outbox never empties"};
    }

    void look_back() {
        for (const auto& [number, one] : sent_)
            require(one.acknowledged && one.applied, "event " + one.event.id + " was never taken");
        for (const auto& [number, one] : sent_)
            if (one.acknowledged) look_for(one);
        for (const char* channel : {"", "platform"}) {
            storage::MessageFilter filter;
            filter.channel = channel;
            for (const storage::MessageRow& row : store_->read_messages(filter, {0, 100'000}))
                look_at(row, row.channel == "platform" ? operator_ : phones_);
        }
        for (int customer = 0; customer < travellers; ++customer) {
            look_at_evidence(customer);
            look_at_platform(customer);
        }
        const storage::Coverage coverage = store_->read_coverage(Instant{0});
        require(coverage.unconfirmed.empty(), "something was opened that no recorded answer confirms");
    }

    /// Sent once more, an acknowledged event must be known.
    void look_for(const Sent& one) {
        EventsJob job({one.event});
        engine_->submit(job);
        require(job.results().front().outcomes.front() == protection::Outcome::duplicate,
                "event " + one.event.id + " was acknowledged and is not known any more");
    }

    void look_at(const storage::MessageRow& row, const Beyond& beyond) {
        using State = storage::MessageState;
        require(row.state != State::queued, "message " + row.id + " still waits");
        const int arrivals = beyond.arrivals(row.row);
        const bool went = row.state == State::sent || row.state == State::delivered;
        require(!went || arrivals > 0 || beyond.lost(row.row), "message " + row.id + " is sent and never arrived");
        // Each attempt may arrive once; a second attempt only follows one whose end nobody recorded.
        require(arrivals <= row.attempts + beyond.excused(row.row),
                fmt::format("message {} arrived {} times in {} attempts", row.id, arrivals, row.attempts));
    }

    void look_at_evidence(int customer) {
        const auto row = store_->read_customer(id_of(customer));
        const CustomerState state = storage::decode_state(row->state);
        auto entries = store_->read_evidence(row->id, state.last_entry, 100'000);
        std::reverse(entries.begin(), entries.end());
        const auto fault = engine::verify(entries, state, row->key);
        require(!fault, "the evidence does not verify: " + (fault ? fault->sentence : ""));
        std::set<std::string> told;
        for (const storage::EvidenceRow& entry : entries)
            if (entry.kind == "message" || entry.kind == "platform")
                told.insert(nlohmann::json::parse(*engine::open(entry, row->key))["id"].get<std::string>());
        for (const char* channel : {"", "platform"}) {
            storage::MessageFilter filter;
            filter.customer = row->id;
            filter.channel = channel;
            for (const storage::MessageRow& message : store_->read_messages(filter, {0, 100'000}))
                require(told.erase(message.id) == 1, "message " + message.id + " is not in the evidence");
        }
        require(told.empty(),
                told.empty() ? "" : "message " + *told.begin() + " is in the evidence and not in the outbox");
    }

    /// The platform acts on the last state it heard: it must be the state there is.
    void look_at_platform(int customer) {
        const CustomerState state = state_of(customer);
        nlohmann::json heard = nlohmann::json::array();
        std::int64_t sequence = 0;
        for (const notifications::Outgoing& one : operator_.arrived()) {
            const auto body = nlohmann::json::parse(one.text)["data"];
            if (body["subscriber"]["id"] != state.profile.id || body["sequence"].get<std::int64_t>() < sequence)
                continue;
            sequence = body["sequence"].get<std::int64_t>();
            heard = body["holds"];
        }
        nlohmann::json there = engine::holds_in_force(state);
        for (nlohmann::json* holds : {&heard, &there})
            for (nlohmann::json& hold : *holds)
                for (const char* answer : {"declined", "confirmation"})  // what is off is news, how it is asked is not
                    hold.erase(answer);
        require(operator_.refused() || heard == there,
                fmt::format("traveller {}: the platform last heard {} and there is {}", customer, heard.dump(),
                            there.dump()));
    }

    // ---- who is who

    [[nodiscard]] storage::CustomerId id_of(int customer) {
        return store_->read_alias("m:" + number_of(customer)).value();
    }
    [[nodiscard]] CustomerState state_of(int customer) {
        return storage::decode_state(store_->read_customer(id_of(customer))->state);
    }
    [[nodiscard]] int traveller(const storage::MessageRow& row) {
        for (int customer = 0; customer < travellers; ++customer)
            if (id_of(customer) == row.customer) return customer;
        throw Broken{"a message of somebody unknown"};
    }

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

}  // namespace

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
