#include "tests/simulation/traveller.h"

namespace roamguard::simulation {

Model::Model(std::vector<Network> networks, Tariff tariff, Settings settings) : world(std::make_unique<World>()) {
    for (Network& network : networks)
        world->networks[network.plmn] = network;
    world->versions.push_back(std::move(tariff));
    world->settings = settings;
}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

void Model::publish(Tariff tariff) { world->versions.push_back(std::move(tariff)); }

Traveller& Model::at(int customer) {
    auto& traveller = travellers[customer];
    if (!traveller) traveller = std::make_unique<Traveller>(*world);
    return *traveller;
}

const Traveller* Model::find(int customer) const {
    const auto found = travellers.find(customer);
    return found == travellers.end() ? nullptr : found->second.get();
}

std::vector<Message> Model::put_profile(int customer, const Profile& profile, Time now) {
    Traveller& traveller = at(customer);
    return traveller.step(now, [&] { traveller.put_profile(profile); });
}

std::vector<Message> Model::attach(int customer, const std::string& plmn, Time time, Time now) {
    Traveller& traveller = at(customer);
    return traveller.step(now, [&] { traveller.attach(plmn, time); });
}

std::vector<Message> Model::use(int customer, const Usage& usage, Time now) {
    Traveller& traveller = at(customer);
    return traveller.step(now, [&] { traveller.use(usage); });
}

std::vector<Message> Model::answer(int customer, const std::string& kind, const std::string& about, Choice choice,
                                   Time now) {
    Traveller& traveller = at(customer);
    return traveller.step(now, [&] { traveller.answer(kind, about, choice); });
}

std::vector<Message> Model::wish(int customer, const std::string& kind, const std::string& about, Time now) {
    Traveller& traveller = at(customer);
    return traveller.step(now, [&] { traveller.wish(kind, about); });
}

std::vector<Message> Model::clock(int customer, Time now) {
    return at(customer).step(now, [] {});
}

std::map<std::pair<std::string, Time>, Spend> Model::spend(int customer) const {
    const Traveller* traveller = find(customer);
    return traveller ? traveller->spend() : std::map<std::pair<std::string, Time>, Spend>{};
}

std::set<Hold> Model::holds(int customer) const {
    const Traveller* traveller = find(customer);
    return traveller ? traveller->holds() : std::set<Hold>{};
}

std::vector<Question> Model::questions(int customer) const {
    const Traveller* traveller = find(customer);
    return traveller ? traveller->questions : std::vector<Question>{};
}

std::optional<std::string> Model::country(int customer) const {
    const Traveller* traveller = find(customer);
    if (!traveller || !traveller->place) return std::nullopt;
    return traveller->place->name;
}

bool Model::data_held(int customer) const {
    const Traveller* traveller = find(customer);
    return traveller && traveller->stopped().contains(Service::data);
}

}  // namespace roamguard::simulation
