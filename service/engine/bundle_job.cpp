#include "service/engine/bundle_job.h"

#include <fmt/format.h>

#include "service/engine/events_job.h"

namespace roamguard::engine {
namespace {

using protection::BundleResult;
using protection::HeldPass;

CustomerRefusal fault(std::string pointer, std::string code, std::string detail) {
    CustomerRefusal refusal{422, "invalid_bundle", pointer.substr(1) + ": " + detail, {}};
    refusal.faults.push_back({std::move(pointer), std::move(code), std::move(detail)});
    return refusal;
}

/// Where a calendar day of it is counted: the country it covers, where it covers one.
protection::KnownPlace place_of(const HeldPass& pass) {
    protection::KnownPlace place;
    if (pass.destinations.size() != 1) return place;
    if (const auto country = geoip::Country::parse(pass.destinations.front())) {
        place.klass = geoip::NetworkClass::terrestrial;
        place.country = *country;
    }
    return place;
}

/// The bundle with its terms, or why it has none.
tl::expected<HeldPass, CustomerRefusal> terms_of(const customers::Bundle& asked, const HeldPass* before,
                                                 const Turn& turn, const protection::Terms& terms) {
    const tariffs::Version* version = turn.around.book->in_force(turn.now);
    HeldPass pass;
    if (!asked.pass.empty()) {
        const tariffs::Pass* row = version ? version->table->pass_named(asked.pass, terms.plan) : nullptr;
        if (!row)
            return tl::unexpected(fault("/pass", "unknown_pass",
                                        "the table in force has no pass of this name for the customer's plan; give "
                                        "the bundle's own terms instead"));
        pass = protection::bundle_of(*row, *version);
        if (!asked.name.empty()) pass.name = asked.name;
    } else {
        pass.elsewhere = true;
        pass.name = asked.name;
        pass.services = asked.services;
        pass.allowance = asked.allowance;
        const tariffs::Table none;
        for (const std::string& destination : asked.destinations) {
            const auto covered = protection::covered_destinations(destination, version ? *version->table : none);
            if (covered.empty())
                return tl::unexpected(
                    fault("/destinations", "unknown_zone", "the table in force has no zone " + destination.substr(5)));
            pass.destinations.insert(pass.destinations.end(), covered.begin(), covered.end());
        }
    }
    pass.from = asked.from.value_or(before ? before->from : turn.now);
    pass.until = asked.until ? *asked.until : protection::pass_end(pass, place_of(pass), terms);
    pass.until_certain = asked.until || pass.day != tariffs::Pass::Day::local;
    if (pass.until <= pass.from)
        return tl::unexpected(fault("/until", "before_from",
                                    "must be later than `from`, which is now where it is "
                                    "left out"));
    return pass;
}

std::string bundle_json(const HeldPass& pass, std::string_view what, const std::string& decision) {
    std::string destinations;
    for (const std::string& one : pass.destinations)
        destinations += (destinations.empty() ? "" : ",") + json_text(one);
    return fmt::format(
        "{{\"what\":\"{}\",\"id\":{},\"pass\":{},\"name\":{},\"destinations\":[{}],\"allowance\":{},\"used\":{},"
        "\"from\":{},\"until\":{},\"decision\":{}}}",
        what, json_text(pass.id), json_text(pass.pass), json_text(pass.name), destinations,
        pass.allowance ? std::to_string(*pass.allowance) : "null", pass.used, json_text(pass.from),
        json_text(pass.until), decision);
}

const HeldPass* find_pass(const protection::CustomerState& state, const std::string& id) {
    for (const HeldPass& pass : state.passes)
        if (pass.id == id) return &pass;
    return nullptr;
}

}  // namespace

void BundleJob::run(Turn& turn) {
    refusal_.reset();
    const auto owner = turn.find(alias_of(msisdn_));
    const Working* known = owner ? turn.customer(*owner) : nullptr;
    protection::CustomerState fresh;
    fresh.profile.msisdn = msisdn_;
    const protection::Terms terms = terms_for(turn.around, known ? known->state : fresh);
    const HeldPass* before = known ? find_pass(known->state, id_) : nullptr;
    auto bundle = terms_of(bundle_, before, turn, terms);
    if (!bundle) {
        refusal_ = bundle.error();
        return;
    }
    bundle->id = id_;
    bundle->used = bundle_.used.value_or(before ? before->used : 0);
    if (before && !before->elsewhere) {
        refusal_ = CustomerRefusal{409, "not_a_bundle", "id: a pass the customer bought here has this id", {}};
        return;
    }
    intake::Subscriber subscriber;
    subscriber.msisdn = msisdn_;
    Working& customer = *resolve_customer(turn, subscriber).customer;
    const std::string seed = fmt::format("bundle/{}/{}/{}", customer.id, id_, customer.state.entries);
    const protection::BundleDecision decided =
        protection::decide_bundle(std::move(*bundle), terms, turn.around.world(), turn.now, seed, customer.state);
    customer.changed = true;
    result_ = decided.result;
    pass_ = *find_pass(customer.state, id_);
    turn.record(customer, "pass",
                bundle_json(pass_, result_ == BundleResult::recorded ? "recorded" : "changed",
                            decision_json(decided.decision, customer.state, terms, turn.now)));
    (void)owe(turn, customer, terms, decided.decision, "pass", seed);
}

void BundleEndJob::run(Turn& turn) {
    Working* customer = turn.customer(customer_);
    if (!customer) return;
    const protection::Terms terms = turn.terms(*customer);
    const std::string seed = fmt::format("bundle/{}/{}/{}", customer->id, id_, customer->state.entries);
    const protection::BundleDecision decided =
        protection::decide_bundle_end(id_, terms, turn.around.world(), turn.now, seed, customer->state);
    result_ = decided.result;
    customer->changed = true;
    const std::string decision = decision_json(decided.decision, customer->state, terms, turn.now);
    if (const HeldPass* pass = find_pass(customer->state, id_); pass && result_ == BundleResult::ended)
        turn.record(*customer, "pass", bundle_json(*pass, "ended", decision));
    else if (!decided.decision.reasons.empty())  // what had ended by the clock ended all the same
        turn.record(*customer, "timer", decision);
    (void)owe(turn, *customer, terms, decided.decision, "pass", seed);
}

}  // namespace roamguard::engine
