#include "service/engine/customer_jobs.h"

#include <fmt/format.h>

#include "service/engine/events_job.h"
#include "service/engine/links.h"
#include "service/engine/payers.h"
#include "service/engine/platform.h"
#include "service/engine/policy_counters.h"

namespace roamguard::engine {
namespace {

using customers::Profile;
using customers::ProfileFault;
using Result = ProfileJob::Result;

Result refuse(int status, std::string code, std::string detail, std::vector<ProfileFault> faults = {}) {
    Result result;
    result.refusal = CustomerRefusal{status, std::move(code), std::move(detail), std::move(faults)};
    return result;
}

Result refuse(std::vector<ProfileFault> faults) {
    std::string detail =
        faults.empty() ? "the profile is not valid" : faults.front().pointer + ": " + faults.front().detail;
    return refuse(422, "invalid_profile", std::move(detail), std::move(faults));
}

/// Rules, messages and evidence of a profile that changed.
void apply(Turn& turn, Working& customer, Profile profile, const std::string& what) {
    const protection::Terms before = turn.terms(customer);
    const std::string old_imsi = customer.state.profile.imsi;
    const notifications::Msisdn old_payer = customer.state.profile.payer;
    const bool new_sim = !old_imsi.empty() && !profile.imsi.empty() && profile.imsi != old_imsi;
    const bool asks_another = new_sim || profile.payer != old_payer;
    if (!old_imsi.empty() && profile.imsi != old_imsi) turn.drop_alias(alias_of_imsi(old_imsi));
    if (!profile.imsi.empty() && profile.imsi != old_imsi) turn.set_alias(alias_of_imsi(profile.imsi), customer.id);
    customer.state.profile = std::move(profile);
    customer.state.known = true;
    customer.changed = true;
    follow_payer(turn, customer, old_payer);
    const protection::Terms terms = turn.terms(customer);
    const std::string seed = fmt::format("profile/{}/{}", customer.id, customer.state.entries);
    const protection::Decision decision =
        protection::decide_profile(before, terms, asks_another ? protection::Sim::changed : protection::Sim::same,
                                   turn.around.world(), turn.now, seed, customer.state);
    turn.record(customer, "profile",
                fmt::format("{{\"what\":\"{}\",\"profile\":{},\"decision\":{}}}", what,
                            customers::profile_to_json(customer.state.profile)
                                .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                            decision_json(decision, customer.state, terms, turn.now)));
    (void)owe(turn, customer, terms, decision, what, seed);
}

/// The customer a profile of this number belongs to, or why there can be none.
std::optional<Result> conflict(Turn& turn, const Profile& profile, std::optional<CustomerId>& owner) {
    const auto by_imsi = profile.imsi.empty() ? std::nullopt : turn.find(alias_of_imsi(profile.imsi));
    const auto by_id = profile.id.empty() ? std::nullopt : turn.find(alias_of_id(profile.id));
    if (!owner && by_imsi) {
        const Working* known = turn.customer(*by_imsi);
        if (!known->state.profile.msisdn.none())
            return refuse(
                409, "would_join",
                "imsi: this IMSI belongs to a customer with another number; renumber or change that one first");
        owner = by_imsi;
    }
    if (!owner && by_id) {
        const Working* known = turn.customer(*by_id);
        if (!known->state.profile.msisdn.none())
            return refuse(409, "id_taken", "id: another customer has this id; leave it out to have one made");
        owner = by_id;
    }
    if (by_imsi && owner && *by_imsi != *owner)
        return refuse(409, "would_join",
                      "imsi: this IMSI belongs to another customer, and two customers with history are never joined by "
                      "a profile");
    if (by_id && owner && *by_id != *owner)
        return refuse(409, "id_taken", "id: another customer has this id; leave it out to have one made");
    return std::nullopt;
}

}  // namespace

void ProfileJob::want(Wants& wants) const {
    const auto text = [](const nlohmann::json& body, const char* name) {
        const auto found = body.is_object() ? body.find(name) : body.end();
        return body.is_object() && found != body.end() && found->is_string() ? found->get<std::string>()
                                                                             : std::string();
    };
    for (const Item& item : items_) {
        const auto number =
            item.msisdn.none() ? notifications::Msisdn::parse(text(item.body, "msisdn")) : std::optional(item.msisdn);
        if (number) wants.aliases.push_back(alias_of(*number));
        if (const std::string imsi = text(item.body, "imsi"); !imsi.empty())
            wants.aliases.push_back(alias_of_imsi(imsi));
        if (const std::string id = text(item.body, "id"); !id.empty()) wants.aliases.push_back(alias_of_id(id));
        if (!item.body.is_object() || !item.body.contains("payer")) continue;
        if (const auto payer = notifications::Msisdn::parse(text(item.body["payer"], "msisdn")))
            wants.aliases.push_back(alias_of(*payer));
    }
}

void ProfileJob::run(Turn& turn) {
    results_.clear();
    for (const Item& item : items_)
        results_.push_back(one(turn, item));
}

Result ProfileJob::one(Turn& turn, const Item& item) const {
    auto owner = item.msisdn.none() ? std::nullopt : turn.find(alias_of(item.msisdn));
    Working* known = owner ? turn.customer(*owner) : nullptr;
    nlohmann::json body = item.body;
    if (how_ == How::patch) {
        if (!known || !known->state.known) return refuse(404, "unknown_subscriber", "no profile has this number");
        if (!body.is_object()) return refuse(422, "invalid_profile", "a merge patch must be a JSON object");
        if (body.contains("id") && body["id"] != nlohmann::json(known->state.profile.id))
            return refuse(409, "id_immutable", "id: a customer's id never changes");
        body = customers::merge_patch(customers::profile_to_json(known->state.profile), body);
    }
    if (body.is_object() && !item.msisdn.none() && !body.contains("msisdn")) body["msisdn"] = item.msisdn.e164();
    customers::ProfileContext context;
    context.regimes = turn.around.regimes.get();
    context.default_regime = turn.around.default_regime;
    context.own = item.msisdn;
    context.known_country = [&](geoip::Country country) { return turn.around.networks->known_country(country); };
    auto read = customers::read_profile(body, context);
    if (!read) return refuse(std::move(read.error()));
    Profile profile = std::move(*read);
    if (profile.msisdn.none()) return refuse({{"/msisdn", "required", "a profile needs its number"}});
    if (item.msisdn.none()) {
        owner = turn.find(alias_of(profile.msisdn));
        known = owner ? turn.customer(*owner) : nullptr;
    } else if (profile.msisdn != item.msisdn) {
        return refuse(
            {{"/msisdn", "differs_from_path", "the body's number differs from the path's; use renumber to change it"}});
    }
    if (known && known->state.known && !profile.id.empty() && profile.id != known->state.profile.id)
        return refuse(409, "id_immutable", "id: a customer's id never changes; this one is " + known->state.profile.id);
    if (auto refusal = conflict(turn, profile, owner)) return *refusal;
    if (const auto objection = payer_objection(turn, profile))
        return refuse(409, "payer_has_payer", "payer: " + *objection, {{"/payer", "payer_has_payer", *objection}});

    Result result;
    Working& customer = owner ? *turn.customer(*owner) : turn.make_customer();
    result.created = !customer.state.known;
    if (how_ == How::put && !body.contains("imsi")) profile.imsi = customer.state.profile.imsi;  // learnt from events
    const std::string old_id = customer.state.profile.id;
    if (profile.id.empty())
        profile.id = old_id.empty() || old_id.rfind("imsi:", 0) == 0 ? fmt::format("c-{}", customer.id) : old_id;
    if (profile.id != old_id) {
        if (!old_id.empty()) turn.drop_alias(alias_of_id(old_id));
        turn.set_alias(alias_of_id(profile.id), customer.id);
    }
    if (!turn.find(alias_of(profile.msisdn))) turn.set_alias(alias_of(profile.msisdn), customer.id);
    apply(turn, customer, std::move(profile), how_ == How::put ? "put" : "patch");
    result.profile = customers::profile_to_json(customer.state.profile);
    return result;
}

void EraseJob::run(Turn& turn) {
    found_ = false;
    const auto owner = turn.find(alias_);
    Working* customer = owner ? turn.customer(*owner) : nullptr;
    if (!customer) return;
    found_ = true;
    for (Working* line : lines_of(turn, *customer)) {  // whoever has the number next must decide nothing for them
        Profile without = line->state.profile;
        without.payer = {};
        apply(turn, *line, std::move(without), "payer_erased");
    }
    turn.record(*customer, "erased", "{\"what\":\"personal data erased, the key destroyed\"}");
    drop_payer(turn, *customer);
    release_erased(turn, *customer);
    terminate_policy(turn, *customer);
    const Profile& profile = customer->state.profile;
    if (!profile.msisdn.none()) turn.drop_alias(alias_of(profile.msisdn));
    if (!profile.imsi.empty()) turn.drop_alias(alias_of_imsi(profile.imsi));
    if (!profile.id.empty()) turn.drop_alias(alias_of_id(profile.id));
    for (const std::string& subscription : customer->state.camara_subscriptions)
        turn.drop_alias(alias_of_camara(subscription));
    drop_links(turn, *customer);
    protection::CustomerState left;
    left.erased = true;
    left.counts = customer->state.counts;
    left.entries = customer->state.entries;
    left.last_entry = customer->state.last_entry;
    left.head = customer->state.head;
    left.hold_sequence = customer->state.hold_sequence;
    for (const protection::Waiting& waiting : customer->state.waiting)  // the core must still hear that holds are gone
        if (waiting.channel == "platform" || waiting.channel.rfind("nchf/", 0) == 0) left.waiting.push_back(waiting);
    customer->state = std::move(left);
    customer->key.clear();
    turn.delta.erased.push_back(customer->id);
}

void CamaraSubscriptionJob::run(Turn& turn) {
    intake::Subscriber subscriber;
    subscriber.msisdn = msisdn_;
    subscriber.camara_subscription = subscription_;
    customer_ = resolve_customer(turn, subscriber).customer->state.profile.id;
}

void RenumberJob::run(Turn& turn) {
    const auto owner = turn.find(alias_of(from_));
    Working* customer = owner ? turn.customer(*owner) : nullptr;
    if (!customer) {
        result_ = refuse(404, "unknown_subscriber", "no customer has this number");
        return;
    }
    if (to_ == from_) {
        result_ = refuse(422, "same_number", "msisdn: the new number is the present one");
        return;
    }
    if (turn.find(alias_of(to_))) {
        result_ = refuse(409, "number_taken",
                         "msisdn: another customer has the new number; erase or renumber that one first");
        return;
    }
    result_ = {};
    turn.drop_alias(alias_of(from_));
    turn.set_alias(alias_of(to_), customer->id);
    Profile profile = customer->state.profile;
    profile.msisdn = to_;
    const bool known = customer->state.known;
    apply(turn, *customer, std::move(profile), "renumber");
    customer->state.known = known;
    renumber_payer(turn, *customer, from_);
    result_.profile = customers::profile_to_json(customer->state.profile);
}

void AnswerJob::run(Turn& turn) {
    notifications_.clear();
    result_ = protection::AnswerResult::unknown_question;
    Working* customer = turn.customer(customer_);
    if (!customer) return;
    const std::string seed = fmt::format("answer/{}/{}", answer_.question, customer->state.entries);
    const protection::AnswerDecision answered =
        protection::decide_answer(answer_, turn.terms(*customer), turn.around.world(), turn.now, seed, customer->state);
    const protection::Terms terms = turn.terms(*customer);  // an answer may have set a cap
    customer->changed = true;
    result_ = answered.result;
    for (const protection::Question& question : customer->state.questions)
        if (question.id == answer_.question) question_ = question;
    data_ = protection::data_state(customer->state, terms);
    if (result_ != protection::AnswerResult::accepted) {  // what had ended by the clock ended all the same
        const std::string late = fmt::format("{}/refused/{}", seed, customer->state.entries);
        const protection::Decision& settled = answered.decision;
        if (!settled.owed.empty() || !settled.holds.empty() || !settled.reasons.empty())
            turn.record(*customer, "timer", decision_json(settled, customer->state, terms, turn.now));
        (void)owe(turn, *customer, terms, settled, "timer", late);
        return;
    }
    turn.record(
        *customer, "answer",
        fmt::format("{{\"confirmation\":{},\"choice\":{},\"by\":{},\"actor\":{},\"decision\":{}}}",
                    json_text(answer_.question), json_text(answer_.choice), json_text(answer_.by),
                    json_text(answer_.actor), decision_json(answered.decision, customer->state, terms, turn.now)));
    notifications_ = owe(turn, *customer, terms, answered.decision, answer_.question, seed);
}

}  // namespace roamguard::engine
