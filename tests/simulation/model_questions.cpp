#include "tests/simulation/traveller.h"

#include <algorithm>

namespace roamguard::simulation {

/// Everything whose time has come by the clock, in order of time.
void Traveller::fall_due() {
    for (Question& question : questions)
        lapse(question);
    std::multimap<Time, std::function<void()>> due;
    for (const Cap& each : profile.caps)
        for (Progress& step : progresses[each.id]) {
            const auto in = period(each, step.at);
            const bool over = !in || in->end <= now;
            if (over && step.binds()) {
                const auto end_hold = [this, &step, id = each.id] {
                    release(id, step);
                    step.held = step.over = true;  // whatever still arrives for that period stays overrun
                };
                due.emplace(in ? in->end : now, end_hold);
            } else {
                step.over = over;
            }
        }
    if (trip_time && now - touched >= moment)
        if (const auto trip = trip_at(*trip_time, now)) due.emplace(trip->end, [this] { end_trip(now); });
    for (const auto& [at, happens] : due)
        happens();
}

/// Section 7: expiry after 24 h; "withdrawn (left the place, period over, new SIM)"; a destination's "after
/// `confirm.repeat-after` away from it".
void Traveller::lapse(Question& question) const {
    if (question.state != Question::State::pending) return;
    const Time expires = question.asked + world.settings.confirm_expiry;
    Time withdrawn = never;
    if (const Cap* of = cap(question.about); question.kind == "confirm_cap" && of) {
        if (const auto in = period(*of, question.period_time)) withdrawn = in->end;
    } else if (question.away_since) {
        withdrawn = *question.away_since + world.settings.confirm_repeat;
    }
    if (std::min(expires, withdrawn) > now) return;
    question.state = withdrawn <= expires ? Question::State::withdrawn : Question::State::expired;
}

void Traveller::answer(const std::string& kind, const std::string& about, Model::Choice choice) {
    const auto open = [&](const Question& each) {
        return each.kind == kind && each.about == about && each.state == Question::State::pending;
    };
    const auto found = std::find_if(questions.rbegin(), questions.rend(), open);
    if (found == questions.rend()) return;
    if (choice == Model::Choice::decline) {
        found->state = Question::State::declined;
        send("declined", kind == "confirm_cap" ? about : "", found->stage);
    } else if (choice == Model::Choice::extend && kind == "confirm_cap") {
        extend(*found);
    } else if (choice == Model::Choice::proceed && kind == "confirm_destination") {
        found->state = Question::State::confirmed;
        confirmed.insert(found->place);
        if (destination == found->place) destination.reset();
        send("receipt");
    }
}

/// Section 7: "A confirmed answer opens the stage …, releases its hold, and sends a written `receipt`." Section 6:
/// "thresholds already passed when a stage opens are recorded, not sent"; a stage that is full when it opens holds, and
/// asks.
void Traveller::extend(Question& question) {
    const Cap* of = cap(question.about);
    const Period in = period(*of, question.period_time).value();
    Progress& step = progress(*of, in);
    if (!can_extend(*of, step.stage)) return;
    question.state = Question::State::confirmed;
    step.stage += 1;
    step.held = false;
    step.mark = highest_passed(*of, used(*of, in, step), stage_limit(*of, step.stage));
    send("receipt", of->id, step.stage);
    settle(*of, in);
}

/// Section 7: "A wish to continue after expiry or decline asks again, at most once per `confirm.repeat-after`".
void Traveller::wish(const std::string& kind, const std::string& about) {
    if (kind == "confirm_destination") {
        if (destination && place->name == about && may_ask_again(kind, about, 0)) ask_destination();
        return;
    }
    const Cap* of = cap(about);
    const auto in = of ? current(*of) : std::nullopt;
    if (!in) return;
    const Progress step = merged(*of, *in);
    if (step.binds() && may_ask_again(kind, about, step.stage)) ask_cap(*of, step);
}

/// Section 7: "at most once per `confirm.repeat-after`".
bool Traveller::asked_long_ago(const std::string& kind, const std::string& about, int stage) const {
    for (const Question& each : questions) {
        if (each.kind != kind || each.about != about || each.stage != stage) continue;
        if (kind == "confirm_destination" && each.place != place->key) continue;
        if (now - each.asked < world.settings.confirm_repeat) return false;
    }
    return true;
}

/// Never while one is open: "an earlier return finds it pending".
bool Traveller::may_ask_again(const std::string& kind, const std::string& about, int stage) const {
    for (const Question& each : questions)
        if (each.kind == kind && each.about == about && each.stage == stage && each.state == Question::State::pending &&
            (each.kind == "confirm_cap" || each.place == place->key))
            return false;
    return asked_long_ago(kind, about, stage);
}

void Traveller::ask_cap(const Cap& of, const Progress& step) {
    questions.push_back({"confirm_cap", of.id, Question::State::pending, now, step.stage, "", step.at, {}});
    send("confirm_cap", of.id, step.stage, 100);
}

/// Section 6: it goes out instead of the welcome, "with the whole content of the welcome".
void Traveller::ask_destination() {
    questions.push_back({"confirm_destination", place->name, Question::State::pending, now, 0, place->key, 0, {}});
    welcomed[place->key] = place->at;
    send("confirm_destination");
}

void Traveller::withdraw(const std::string& kind, const std::string& about) {
    for (Question& each : questions)
        if (each.kind == kind && each.about == about && each.state == Question::State::pending)
            each.state = Question::State::withdrawn;
}

/// A hold that ends without an answer: the customer is told that its question is void. At home no hold applied.
void Traveller::release(const std::string& id, Progress& step) {
    step.held = false;
    if (abroad()) send("released", id, step.stage);
}

std::set<Hold> Traveller::holds() const {
    std::set<Hold> all;
    if (destination) all.insert({"destination:" + place->name, {Service::data}, false});
    for (const auto& [id, steps] : progresses)
        for (const Progress& step : steps)
            if (const Cap* of = cap(id); of && step.binds())
                all.insert({"cap:" + id, {of->services.begin(), of->services.end()}, !abroad()});
    return all;
}

/// Section 6: "a service flows when none remains".
std::set<Service> Traveller::stopped() const {
    std::set<Service> all;
    for (const Hold& hold : holds())
        if (!hold.sleeping) all.insert(hold.services.begin(), hold.services.end());
    return all;
}

}  // namespace roamguard::simulation
