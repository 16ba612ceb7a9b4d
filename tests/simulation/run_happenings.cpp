#include "tests/simulation/one_run.h"

#include <algorithm>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "service/engine/customer_jobs.h"
#include "service/engine/events_job.h"
#include "service/engine/outbox_jobs.h"
#include "service/engine/sms_job.h"
#include "service/engine/tariff_jobs.h"

namespace roamguard::simulation {

using engine::EventsJob;
using notifications::Msisdn;

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

void Run::events(std::size_t from, std::size_t to) {
    std::vector<Sent*> sent;
    Time later = 0;
    for (std::size_t i = from; i < to; ++i) {
        const Step& step = script_.steps[i];
        if (step.what != Step::What::again) {
            if (!step.at_once) ++later;
            sent.push_back(&made(step, later));
        } else if (!sent_.empty()) {
            auto earlier = sent_.begin();
            std::advance(earlier, static_cast<std::size_t>(step.which) % sent_.size());
            sent.push_back(&earlier->second);
        }
    }
    weather_.next = script_.steps[from].trouble;
    send(sent);
}

Run::Sent& Run::made(const Step& step, Time later) {
    const bool usage = step.what == Step::What::use;
    const Instant at{now() - step.ago.ms + later};
    intake::RoamingEvent event = engine::event_of("e-" + std::to_string(step.number),
                                                  usage                             ? intake::EventType::usage
                                                  : step.what == Step::What::detach ? intake::EventType::detach
                                                                                    : intake::EventType::attach,
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

void Run::send(const std::vector<Sent*>& sent) {
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
            require(one.applied || applied, "event " + one.event.id + " was acknowledged and nothing was committed");
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

void Run::happened(Sent& one) {
    one.applied = true;
    const Step& step = one.step;
    const Time at = one.event.time.at.ms;
    if (step.what == Step::What::detach)  // "a detach never ends a trip"
        return expect(step.customer, model_.clock(step.customer, now()));
    if (step.what == Step::What::attach)
        return expect(step.customer, model_.attach(step.customer, step.plmn, at, now()));
    Usage usage{step.plmn, step.service, step.quantity, step.session, at, step.charged, step.charged_as};
    expect(step.customer, model_.use(step.customer, usage, now()));
}

void Run::reused(const Step& step) {
    if (sent_.empty()) return;
    auto earlier = sent_.begin();
    std::advance(earlier, static_cast<std::size_t>(step.which) % sent_.size());
    if (!earlier->second.acknowledged) return;
    intake::RoamingEvent other = earlier->second.event;
    other.quantity += 1;
    other.plmn = geoip::Plmn::parse(step.plmn.substr(0, 3), step.plmn.substr(4));
    other.content[0] ^= 1;
    EventsJob job({other});
    weather_.next = step.trouble;
    try {
        engine_->submit(job);
    } catch (const storage::StoreUnavailable&) {
        return;
    }
    const engine::EventResult& result = job.results().front();
    require(result.outcomes.front() == protection::Outcome::rejected && result.refusal &&
                result.refusal->code == "id_reused",
            "event " + other.id + " came with other content and was taken");
}

void Run::send_again() {
    bool any = false;
    for (auto& [number, one] : sent_)
        if (!one.acknowledged) {
            send({&one});
            any = true;
        }
    if (any) settle_down();
}

void Run::answer(const Step& step) {
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

bool Run::by_app(const Step& step, const protection::Question& question, std::size_t choice) {
    engine::AnswerJob job(id_of(step.customer), {question.id, question.choices[choice], "app", "app"});
    engine_->submit(job);
    return job.result() == protection::AnswerResult::accepted;
}

bool Run::by_sms(const Step& step, const protection::Question& question, std::size_t choice) {
    engine::InboundSms sms;
    sms.from = *Msisdn::parse(number_of(step.customer));
    sms.text = fmt::format("{} {}", choice + 1, question.code);
    sms.id = "mo-" + std::to_string(step.number);
    engine::SmsJob job(sms);
    engine_->submit(job);
    return job.outcome() == (question.choices[choice] == "decline" ? "declined" : "confirmed");
}

void Run::consent_for_the_silent() {
    for (int customer = 0; customer < travellers; ++customer)
        for (const protection::Question& question : state_of(customer).questions) {
            const bool last_minute = question.state == protection::QuestionState::pending &&
                                     question.asked + tariffs::hours(20) <= Instant{now()};
            if (!last_minute) continue;
            engine::AnswerJob job(id_of(customer), {question.id, question.choices.front(), "app", "app"});
            engine_->submit(job);
        }
}

void Run::put_profile(int customer, const Profile& profile) {
    engine::ProfileJob job(engine::ProfileJob::How::put,
                           {{*Msisdn::parse(number_of(customer)), nlohmann::json::parse(json_of(profile, plant_))}});
    const int before = weather_.commits;
    try {
        engine_->submit(job);
        const auto& refusal = job.results().front().refusal;
        require(!refusal, "a profile was refused: " + (refusal ? refusal->detail : ""));
    } catch (const storage::StoreUnavailable&) {
    }
    if (weather_.commits > before) expect(customer, model_.put_profile(customer, profile, now()));
}

void Run::publish(Tariff tariff, std::optional<Instant> effective) {
    const tariffs::TableFiles files{{"tariffs", csv_of(tariff)}};
    const auto& networks = *usual_surroundings().networks;
    auto compiled =
        tariffs::Table::compile(files, [&](geoip::Country country) { return networks.known_country(country); });
    require(compiled.table != nullptr, "the tariff does not compile:\n" + csv_of(tariff));
    try {
        engine::UploadJob upload(files, "ann", 0);
        engine_->submit(upload);
        const int force = engine::number_in_force(engine_->store().read_versions(), effective.value_or(engine_->now()));
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

void Run::receipt(const Step& step) {
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

}  // namespace roamguard::simulation
