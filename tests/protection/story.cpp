#include "tests/protection/story.h"

#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "service/customers/profile_json.h"
#include "service/storage/codec.h"

namespace roamguard::protection::testing {

using geoip::NetworkClass;
using intake::EventType;
using intake::RoamingEvent;
using tariffs::Money;

namespace {

constexpr const char* usual_profile = R"({"homeCountry":"GB","plan":"global","language":"en","timeZone":"Europe/London",
    "caps":[{"id":"monthly","services":["data"],"amount":"10.00","currency":"GBP","period":"month",
             "thresholds":[50,80,100],"atLimit":"hold","extension":"5.00"}]})";
constexpr const char* usual_rows =
    "*,*,data,1.00,GBP,MB,1 B,1 B,,,\n"
    "*,*,voice_mo,0.60,GBP,minute,1 s,1 s,,,\n"
    "*,*,voice_mt,0.30,GBP,minute,1 s,1 s,,,\n"
    "*,*,sms_mo,0.25,GBP,message,,,,,\n";
/// Tuesday, in winter time, in the middle of a month.
constexpr const char* beginning = "2026-03-10T08:00:00Z";

template <class... Parts>
[[noreturn]] void misspelt(const Parts&... parts) {
    throw std::runtime_error((std::string("a story cannot read: ") + ... + std::string(parts)));
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : ", ") + part;
    return text;
}

std::vector<std::string> split(std::string_view text, std::string_view by) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(by), text.size());
        if (end > 0) parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + by.size(), text.size()));
    }
    return parts;
}

std::string in_megabytes(std::int64_t bytes) {
    return tariffs::to_text(tariffs::Quantity{bytes, tariffs::UnitKind::bytes}, tariffs::Style::counted);
}

const CapView* view_named(const std::vector<CapView>& views, std::string_view id) {
    for (const CapView& view : views)
        if (id.empty() || view.id == id) return &view;
    return nullptr;
}

std::string words_of(const std::vector<Hold>& holds) {
    std::vector<std::string> parts;
    for (const Hold& hold : holds)
        parts.push_back(std::string(word(hold.cause)) + ":" + hold.about + (hold.asleep ? "/asleep" : "") +
                        (hold.declined ? "/declined" : ""));
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : " ") + part;
    return text.empty() ? "none" : text;
}

}  // namespace

namespace {

/// What became of a bundle, for the claim `refused`.
Decision told(BundleDecision bundle) {
    constexpr const char* results[] = {"recorded", "changed", "ended", "unknown", "not_a_bundle"};
    bundle.decision.reasons.insert(bundle.decision.reasons.begin(), results[static_cast<int>(bundle.result)]);
    return bundle.decision;
}

}  // namespace

/// The words of a step, taken one by one.
struct Story::Words {
    std::vector<std::string> all;
    std::size_t next = 0;

    [[nodiscard]] bool done() const { return next >= all.size(); }
    std::string take() { return done() ? std::string() : all[next++]; }
    bool taken(std::string_view word) {
        if (done() || all[next] != word) return false;
        ++next;
        return true;
    }
    std::string rest() {
        std::string text;
        while (!done())
            text += (text.empty() ? "" : " ") + take();
        return text;
    }
};

const geoip::Networks& networks() {
    static const std::shared_ptr<const geoip::Networks> loaded = [] {
        auto result = geoip::Networks::load({});
        if (!result) throw std::runtime_error(joined(result.error().sentences));
        return *result;
    }();
    return *loaded;
}

std::shared_ptr<const tariffs::Table> table_of(const Traveller& who) {
    tariffs::TableFiles files{{"tariffs", tariff_header + (who.rows.empty() ? usual_rows : who.rows)}};
    if (!who.fx.empty()) files["fx"] = "base,quote,rate\n" + who.fx;
    if (!who.zones.empty()) files["zones"] = "zone,country\n" + who.zones;
    if (!who.passes.empty()) files["passes"] = pass_header + who.passes;
    auto compiled = tariffs::Table::compile(files, [](geoip::Country one) { return networks().known_country(one); });
    for (const tariffs::Fault& fault : compiled.faults)
        misspelt(fault.file, " line ", std::to_string(fault.line), ": ", fault.detail);
    return compiled.table;
}

tariffs::Instant hour(std::string_view text) {
    tariffs::Instant at = tariffs::parse_rfc3339(beginning)->at;
    std::size_t from = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] >= '0' && text[i] <= '9') continue;
        const auto span = tariffs::parse_span(text.substr(from, i + 1 - from));
        if (!span) misspelt(text);
        at = at + *span;
        from = i + 1;
    }
    return at;
}

Story::Story(const Traveller& who) : who_(who), profile_(usual_profile), at_(hour("0h")), now_(hour("0h")) {
    rules_.warn_lead_time = who.warn_lead_time;
    rules_.vowifi_roams = who.vowifi_roams;
    if (who.published) versions_.push_back({1, at_ - tariffs::days(365), table_of(who)});
    book_ = tariffs::Book(versions_);
    (void)change_profile(who.profile, Sim::same);
}

std::string Story::tell(const Step& expected) {
    ++steps_;
    std::string_view what = expected.what;
    const std::size_t colon = what.find(": ");
    if (colon != std::string_view::npos && what[0] >= '0' && what[0] <= '9') {
        const std::vector<std::string> times = split(what.substr(0, colon), ", heard ");
        at_ = hour(times.front());
        now_ = std::max(now_, hour(times.back()));
        what.remove_prefix(colon + 2);
    } else {
        at_ = std::max(at_, now_) + tariffs::minutes(1);
        now_ = at_;
    }
    Words words{split(what, " "), 0};
    const Decision decision = act(words);
    if (!words.done()) misspelt(expected.what, ", from ", words.rest());
    forget_what_is_not_stored();

    std::vector<std::string> outcomes, owed, claims;
    for (Outcome outcome : decision.outcomes)
        outcomes.emplace_back(word(outcome));
    for (const Owed& one : decision.owed) {
        owed.push_back(message(one));
        last_prices_ = one.facts.prices;
        last_ambiguous_ = one.facts.ambiguous;
        last_facts_ = one.facts;
    }
    for (const std::string& one : split(expected.then, ", "))
        claims.push_back(claim(one, decision));
    return joined(outcomes) + " | " + joined(owed) + " | " + joined(claims);
}

Decision Story::act(Words& words) {
    const std::string verb = words.take();
    if (verb == "attach") return attach(words);
    if (verb == "detach") {
        RoamingEvent event;
        event.type = EventType::detach;
        event.plmn = geoip::Plmn::parse(words.take());
        return happen(event, place_of(event.plmn->text()));
    }
    if (verb == "roaming-on" || verb == "subscription") {
        RoamingEvent event;
        event.type = verb == "subscription" ? EventType::subscription : EventType::roaming_on;
        return happen(event, {});
    }
    if (verb == "answer") return answer(words);
    if (verb == "reply") return reply(words, {});
    if (verb == "payer") return reply(words, {Writer::As::payer, false});
    if (verb == "ask") return ask(words);
    if (verb == "bundle") return bundle(words);
    if (verb == "end")
        return told(decide_bundle_end(words.take(), terms(), world(), now_, "end-" + std::to_string(steps_), state_));
    if (verb == "profile") return change_profile(words.rest(), Sim::same);
    if (verb == "reload") return reload(words.rest());
    if (verb == "sim") return change_profile("{}", Sim::changed);
    if (verb == "publish") return publish(words.rest());
    if (verb == "clock") {
        if (!words.done() && words.take() == "right") now_ = at_;
        return decide_timers(terms(), world(), now_, "timers-" + std::to_string(steps_), state_);
    }
    return use(words, verb);
}

Decision Story::attach(Words& words) {
    RoamingEvent event;
    event.type = EventType::attach;
    const std::string where = words.take();
    geoip::Place place;
    if (where == "device") {
        const std::string country = words.take();
        event.ip = "192.0.2.1";
        geoip::PlaceQuery query;
        query.ip = event.ip;
        query.home_country = terms().home_country;
        place = resolve(query, networks(), nullptr, {}, geoip::Explain::off);
        if (country != "private") {  // as resolve finds it with a database
            place.country = geoip::Country::parse(country).value();
            place.klass = place.country == query.home_country ? NetworkClass::home : NetworkClass::terrestrial;
            place.basis = geoip::Basis::ip;
            place.weak = true;
        }
    } else if (where != "nowhere") {
        event.plmn = geoip::Plmn::parse(where == "home" ? "234-15" : where);
        if (!event.plmn) misspelt("attach ", where);
        place = place_of(event.plmn->text());
    }
    if (words.taken("vowifi")) event.access = "vowifi";
    if (words.taken("late")) place.realtime = !words.taken("records");
    return happen(event, place);
}

Decision Story::use(Words& words, std::string_view verb) {
    const std::map<std::string_view, tariffs::Service> verbs{{"use", tariffs::Service::data},
                                                             {"call", tariffs::Service::voice_mo},
                                                             {"take", tariffs::Service::voice_mt},
                                                             {"text", tariffs::Service::sms_mo},
                                                             {"credit", tariffs::Service::data}};
    if (verbs.count(verb) == 0) misspelt(verb);
    RoamingEvent event;
    event.type = EventType::usage;
    event.service = verbs.at(verb);
    const std::string number = words.take();
    if (verb == "credit") {
        const Money amount{tariffs::parse_decimal(number, tariffs::Sign::refused).micros,
                           tariffs::Currency::parse(words.take()).value()};
        event.charged = intake::Charged{{-amount.micros, amount.currency}, std::nullopt};
    } else if (verb == "text" || number == "0") {
        event.quantity = std::stoll(number);
    } else {
        event.quantity = tariffs::parse_quantity(number + " " + words.take()).value().amount;
    }
    if (words.taken("written")) {
        const std::string offset = words.take();
        event.time.offset_minutes = tariffs::parse_rfc3339("2026-01-01T00:00:00" + offset).value().offset_minutes;
    }
    geoip::Place place;
    if (words.taken("on")) {
        event.plmn = geoip::Plmn::parse(words.take());
        place = place_of(event.plmn->text());
    }
    if (words.taken("in") && words.taken("session")) event.session = words.take();
    if (words.taken("to")) event.called = words.take();
    if (words.taken("charged")) {
        const std::int64_t micros = tariffs::parse_decimal(words.take(), tariffs::Sign::allowed).micros;
        event.charged = intake::Charged{{micros, tariffs::Currency::parse(words.take()).value()}, std::nullopt};
        if (words.taken("incl")) event.charged->tax = tariffs::Tax::incl;
        if (words.taken("excl")) event.charged->tax = tariffs::Tax::excl;
    }
    if (words.taken("until")) event.ended = hour(words.take());
    if (words.taken("allowance")) event.charged_as = intake::ChargedAs::allowance;
    if (words.taken("free")) event.charged_as = intake::ChargedAs::free;
    return happen(event, place);
}

Decision Story::happen(RoamingEvent event, const geoip::Place& place) {
    event.time.at = at_;
    Session alone;
    Session& session = event.session.empty() ? alone : sessions_[event.session];
    return decide(event, place, terms(), world(), now_, "event-" + std::to_string(steps_), state_, session);
}

Decision Story::answer(Words& words) {
    if (state_.questions.empty()) misspelt("an answer to no question");
    Answer given{state_.questions.back().id, words.take(), "sms", ""};
    AnswerDecision answered = decide_answer(given, terms(), world(), now_, "answer-" + std::to_string(steps_), state_);
    constexpr const char* results[] = {"accepted", "unknown_question", "already_decided", "not_offered"};
    if (answered.result != AnswerResult::accepted)
        answered.decision.reasons.emplace_back(results[static_cast<int>(answered.result)]);
    return answered.decision;
}

Decision Story::bundle(Words& words) {
    HeldPass bundle;
    bundle.id = bundle.name = words.take();
    bundle.elsewhere = true;
    bundle.services = {tariffs::Service::data};
    bundle.from = hour(words.take());
    bundle.until = hour(words.take());
    if (!words.taken("unlimited")) {
        const std::string number = words.take();
        bundle.allowance = tariffs::parse_quantity(number + " " + words.take()).value().amount;
    }
    while (!words.done())
        bundle.destinations.push_back(words.take());
    return told(decide_bundle(bundle, terms(), world(), now_, "bundle-" + std::to_string(steps_), state_));
}

Decision Story::reply(Words& words, Writer writer) {
    std::string text;
    while (!words.done()) {
        std::string word = words.take();
        const std::size_t count = state_.questions.size();
        if (word == "NOCODE") {
            word = "0000";
            for (const Question& question : state_.questions)
                if (question.code == word) misspelt("a question with the code ", word);
        } else if (word.rfind("CODE", 0) == 0) {
            const std::size_t nth = word.size() > 4 ? std::stoul(word.substr(4)) : count;
            if (nth == 0 || nth > count) misspelt(word, " of no question");
            word = state_.questions[nth - 1].code;
        }
        text += (text.empty() ? "" : " ") + word;
    }
    last_reply_ = decide_reply(notifications::read_sms_reply(text), terms(), world(), now_,
                               "sms-" + std::to_string(steps_), state_, writer);
    return last_reply_.decision;
}

Decision Story::ask(Words& words) {
    const std::map<std::string, tariffs::Service> services{{"data", tariffs::Service::data},
                                                           {"call", tariffs::Service::voice_mo},
                                                           {"take", tariffs::Service::voice_mt},
                                                           {"text", tariffs::Service::sms_mo},
                                                           {"receive", tariffs::Service::sms_mt}};
    const auto quantity = [&words] {
        const std::string number = words.take();
        return tariffs::parse_quantity(number + " " + words.take()).value().amount;
    };
    Authorization asked;
    asked.service = services.at(words.take());
    if (!words.done() && words.all[words.next].find_first_not_of("0123456789") == std::string::npos)
        asked.requested = quantity();
    if (words.taken("on")) asked.place = place_of(words.take());
    if (words.taken("in") && words.taken("session")) asked.session = words.take();
    if (words.taken("to")) asked.called = words.take();
    if (words.taken("used")) asked.used = words.taken("0") ? 0 : quantity();
    asked.final = words.taken("final");
    asked.emergency = words.taken("emergency");
    last_asked_ = tariffs::kind_of(asked.service);
    last_answer_ = decide_authorization(asked, terms(), world(), now_, "ask-" + std::to_string(steps_), state_,
                                        asked.session.empty() ? Session{} : sessions_[asked.session]);
    return last_answer_.decision;
}

Decision Story::change_profile(std::string_view patch, Sim sim) {
    const bool first = steps_ == 0;
    const Terms before = terms();
    (void)reload(patch);
    if (first) return {};
    return decide_profile(before, terms(), sim, world(), now_, "profile-" + std::to_string(steps_), state_);
}

Decision Story::reload(std::string_view patch) {
    const auto merged = customers::merge_patch(nlohmann::json::parse(profile_), nlohmann::json::parse(patch));
    auto profile = customers::read_profile(merged, {});
    if (!profile) misspelt(profile.error().front().pointer, " ", profile.error().front().detail);
    profile_ = merged.dump();
    state_.profile = *profile;
    return {};
}

Decision Story::publish(std::string_view rows) {
    Traveller changed = who_;
    changed.rows = rows;
    versions_.push_back({static_cast<int>(versions_.size()) + 1, at_, table_of(changed)});
    book_ = tariffs::Book(versions_);
    return {};
}

geoip::Place Story::place_of(std::string_view plmn) const {
    geoip::PlaceQuery query;
    query.plmn = geoip::Plmn::parse(plmn);
    query.home_country = terms().home_country;
    return resolve(query, networks(), nullptr, {}, geoip::Explain::off);
}

Terms Story::terms() const {
    customers::Regime regime;
    regime.id = "generic";
    regime.may_opt_out = who_.may_opt_out;
    Terms terms = terms_of(state_.profile, regime, geoip::Country::parse("GB").value());
    terms.inbound = who_.inbound;
    return terms;
}

void Story::forget_what_is_not_stored() {
    state_ = storage::decode_state(storage::encode(state_));
    for (auto& [name, session] : sessions_)
        session = storage::decode_session(storage::encode(session));
}

std::string Story::message(const Owed& owed) const {
    std::string text(notifications::word(owed.facts.kind));
    if (!owed.cap.empty()) text += " " + owed.cap + "/" + std::to_string(owed.stage);
    if (owed.threshold != 0) text += "/" + std::to_string(owed.threshold);
    if (owed.to_payer) text += " to payer";
    if (owed.facts.early) text += " early";
    for (const Money& money : owed.facts.spent)
        text += " " + tariffs::to_decimal(money) + " " + money.currency.code();
    return text;
}

/// The claim's words with what is true in place of what was expected.
std::string Story::claim(std::string_view claim, const Decision& decision) const {
    Words words{split(claim, " "), 0};
    const std::string what = words.take();
    const CustomerState& state = state_;
    if (what == "data") return "data " + std::string(word(data_state(state, terms())));
    if (what == "place") return "place " + (state.place() ? state.place()->destination() : "none");
    if (what == "trip") return "trip " + std::to_string(state.trip.number) + (state.trip.ended ? " ended" : "");
    if (what == "holds") return "holds " + words_of(state.holds);
    if (what == "ambiguous" || what == "unambiguous") return last_ambiguous_ ? "ambiguous" : "unambiguous";
    if (what == "question")
        return "question " + (state.questions.empty() ? "none" : std::string(word(state.questions.back().state)));
    if (what == "questions") return "questions " + std::to_string(state.questions.size());
    if (what == "refused" || what == "bundle")
        return what + " " + (decision.reasons.empty() ? "nothing" : decision.reasons.front());
    if (what == "pass") return claim_of_pass(words);
    if (what == "bought") return "bought " + std::to_string(decision.bought.size());
    if (what == "opened")
        return "opened " + (decision.opened.empty() ? "nothing" : std::string(word(decision.opened.front().what)));
    if (what == "lifted") {
        std::vector<std::string> lifted;
        for (const Hold& hold : state.holds)
            for (const tariffs::Service service : hold.lifted)
                lifted.emplace_back(tariffs::word(service));
        return "lifted " + (lifted.empty() ? "nothing" : joined(lifted));
    }
    if (what == "wakes")
        return "wakes " + (state.wake ? tariffs::to_text(*state.wake - hour("0h")) : std::string("never"));
    if (what == "shows") {
        const std::string thing = words.take();
        return "shows " + thing + " " + shown_in(last_facts_, thing);
    }
    if (what == "choices") {
        std::string text = "choices";
        for (const std::string& choice : state.questions.back().choices)
            text += " " + choice;
        return text;
    }
    if (what == "replied" || what == "note" || what == "offers" || what == "chosen" || what == "texts")
        return claim_of_reply(what);
    if (what == "said" || what == "granted" || what == "kept") return claim_of_request(what);
    if (what == "added") {
        const Money added = decision.priced ? decision.priced->added : Money{};
        return "added " +
               (added.currency.none() ? "nothing" : tariffs::to_decimal(added) + " " + added.currency.code());
    }
    if (what == "counted-at") return "counted-at " + decision.place.destination();
    if (what == "listed") {
        std::vector<std::string> lists;
        if (decision.priced && !decision.priced->priced) lists.emplace_back("unpriced");
        if (decision.mismatch && decision.mismatch->differs) lists.emplace_back("mismatch");
        return "listed " + (lists.empty() ? "nothing" : joined(lists));
    }
    if (what == "price") {
        const std::string service = words.take();
        for (const notifications::PriceLine& line : last_prices_)
            if (tariffs::word(line.service) == service)
                return "price " + service + " " + tariffs::to_decimal(line.price);
        return "price " + service + " none";
    }
    const std::size_t point = what.find('.');
    if (point != std::string::npos) return claim_of_cap(what.substr(0, point), what.substr(point + 1));
    return claim_of_cap("", what);
}

std::string Story::claim_of_reply(std::string_view what) const {
    const std::string name = std::string(what) + " ";
    if (what == "replied") return name + std::string(word(last_reply_.result));
    if (what == "note") return name + std::string(notifications::word(last_facts_.note));
    if (what == "offers") return name + std::to_string(last_facts_.choices.size());
    if (what == "texts") return name + (state_.profile.opt_out.empty() ? "on" : "off");
    constexpr const char* does[] = {"extend", "pass", "continue", "decline"};
    return name + (last_facts_.chosen ? does[static_cast<int>(last_facts_.chosen->does)] : "nothing");
}

std::string Story::claim_of_pass(Words& words) const {
    const std::string id = words.take(), what = words.take();
    const HeldPass* pass = nullptr;
    for (const HeldPass& one : state_.passes)
        if (one.pass == id || one.id == id) pass = &one;
    if (!pass) return "pass " + id + " is not there";
    const std::string name = "pass " + id + " ";
    if (what == "used") return name + "used " + in_megabytes(pass->used);
    if (what == "until") return name + "until " + tariffs::to_text(pass->until - hour("0h"));
    return name + (pass->ended ? "ended" : "open");
}

std::string Story::claim_of_request(std::string_view what) const {
    const AuthorizationDecision& answer = last_answer_;
    if (what == "said") return "said " + std::string(word(answer.verdict)) + " " + answer.reason;
    if (what == "granted" && answer.granted == 0) return "granted nothing";
    if (what == "granted") return "granted " + tariffs::to_text({answer.granted, last_asked_}, tariffs::Style::counted);
    const CapView cap = cap_views(state_, terms(), at_).front();
    std::int64_t kept = 0;
    for (const Grant& grant : state_.grants)
        for (const GrantShare& share : grant.shares)
            if (share.cap == cap.id) kept += share.amount;
    return "kept " + (cap.volume ? in_megabytes(kept) : tariffs::to_decimal({kept, cap.currency}));
}

std::string Story::claim_of_cap(std::string_view cap, std::string_view what) const {
    const std::vector<CapView> views = cap_views(state_, terms(), at_);
    const CapView* view = view_named(views, cap);
    if (!view) misspelt("no cap ", cap, " for ", what);
    const auto shown = [&](std::int64_t value) {
        return view->volume ? in_megabytes(value) : tariffs::to_decimal({value, view->currency});
    };
    const std::string name = (cap.empty() ? "" : std::string(cap) + ".") + std::string(what) + " ";
    if (what == "used") return name + shown(view->used);
    if (what == "overrun") return name + shown(view->overrun);
    if (what == "percent") return name + std::to_string(view->percent);
    if (what == "stage") return name + std::to_string(view->stage);
    if (what == "limit") return name + (view->limit ? shown(*view->limit) : "none");
    misspelt("the claim ", what);
}

void tell_all(const std::vector<Tale>& tales) {
    for (const Tale& tale : tales) {
        DYNAMIC_SECTION(tale.title) {
            Story story(tale.who);
            for (const Step& step : tale.steps) {
                INFO(step.what);
                CHECK(story.tell(step) == step.outcomes + " | " + step.owed + " | " + step.then);
            }
        }
    }
}

}  // namespace roamguard::protection::testing
