#pragma once

#include <map>
#include <string>

#include "tests/protection/story.h"

namespace roamguard::protection::testing {

/// A customer in France who asks before using, and whose state a test may look into where no story can tell it.
struct Line {
    tariffs::Book book;
    Rules rules;
    Terms terms;
    CustomerState state;
    std::map<std::string, Session> sessions;
    int steps = 0;

    Line(const std::string& row, std::int64_t limit, const std::string& passes = "") {
        Traveller who;
        who.rows = row;
        who.passes = passes;
        book = tariffs::Book({{1, hour("0h") - tariffs::days(365), table_of(who)}});
        customers::CapRule rule;
        rule.id = "monthly";
        rule.services = {tariffs::Service::data};
        rule.currency = tariffs::Currency::parse("GBP").value();
        rule.limit = limit;
        rule.period.over = customers::PeriodRule::Over::month;
        rule.at_limit = customers::AtLimit::hold;
        terms.home_country = geoip::Country::parse("GB").value();
        terms.currency = rule.currency;
        terms.plan = "*";
        terms.language = "en";
        terms.time_zone = "Europe/London";
        terms.caps = {rule};
    }

    [[nodiscard]] World world() const { return {&book, &networks(), &rules}; }
    [[nodiscard]] std::string seed() { return "step-" + std::to_string(++steps); }
    [[nodiscard]] static geoip::Place france() {
        geoip::PlaceQuery query;
        query.plmn = geoip::Plmn::parse("208-01");
        query.home_country = geoip::Country::parse("GB").value();
        return resolve(query, networks(), nullptr, {}, geoip::Explain::off);
    }

    AuthorizationDecision ask(Authorization asked, Instant now) {
        asked.place = france();
        return decide_authorization(asked, terms, world(), now, seed(), state,
                                    asked.session.empty() ? Session{} : sessions[asked.session]);
    }

    Decision record(const std::string& session, std::int64_t quantity, Instant at, Instant now) {
        intake::RoamingEvent event;
        event.type = intake::EventType::usage;
        event.time.at = at;
        event.plmn = geoip::Plmn::parse("208-01");
        event.quantity = quantity;
        event.session = session;
        Session alone;
        return decide(event, france(), terms, world(), now, seed(), state, session.empty() ? alone : sessions[session]);
    }

    AnswerDecision answer(const Question& question, const std::string& choice, Instant now) {
        return decide_answer({question.id, choice, "sms", ""}, terms, world(), now, seed(), state);
    }

    BundleDecision bundle(const HeldPass& pass, Instant now) {
        return decide_bundle(pass, terms, world(), now, seed(), state);
    }

    [[nodiscard]] CapView cap(Instant at) const { return cap_views(state, terms, at).front(); }
};

inline Authorization request(const std::string& session, std::optional<std::int64_t> quantity) {
    Authorization asked;
    asked.session = session;
    asked.requested = quantity;
    return asked;
}

/// The session says what it used, and asks for no more.
inline Authorization report(const std::string& session, std::int64_t used) {
    Authorization asked;
    asked.session = session;
    asked.used = used;
    asked.final = true;
    return asked;
}

/// What is kept free for grants in a cap, or in all of them.
inline std::int64_t kept_of(const CustomerState& state, std::string_view cap = "") {
    std::int64_t kept = 0;
    for (const Grant& grant : state.grants)
        for (const GrantShare& share : grant.shares)
            if (cap.empty() || share.cap == cap) kept += share.amount;
    return kept;
}

/// A bundle bought elsewhere, of data in France.
inline HeldPass bundle_for(const std::string& id, std::optional<std::int64_t> allowance, Instant from, Instant until) {
    HeldPass pass;
    pass.id = pass.name = id;
    pass.elsewhere = true;
    pass.destinations = {"FR"};
    pass.services = {tariffs::Service::data};
    pass.allowance = allowance;
    pass.from = from;
    pass.until = until;
    return pass;
}

}  // namespace roamguard::protection::testing
