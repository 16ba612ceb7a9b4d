#include "geoip/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace roamguard::geoip {

namespace {

std::string listing(const std::vector<Country>& countries) {
    std::string text;
    for (const Country country : countries)
        text += (text.empty() ? "" : ", ") + country.code();
    return text;
}

/// One resolution: the query, what it is asked of, and the place as it grows.
class Resolver {
public:
    Resolver(const PlaceQuery& query, const Networks& networks, const IpCountry* ips,
             const std::vector<Plmn>& home_plmns, Explain explain)
        : query_(query), networks_(networks), ips_(ips), home_plmns_(home_plmns), explain_(explain) {}

    Place resolve() {
        if (query_.plmn)
            by_plmn(*query_.plmn);
        else if (!query_.tadig.empty())
            by_tadig();
        else if (!query_.mcc.empty() || !query_.camara_countries.empty())
            by_camara();
        else if (!query_.ip.empty())
            by_ip();
        else
            unknown([] { return "Neither a network nor an address is known."; });
        return std::move(place_);
    }

private:
    void by_plmn(const Plmn& plmn) {
        place_.plmn = plmn;
        place_.mcc = plmn.mcc();
        const Network* network = networks_.find(plmn);
        if (network != nullptr) place_.realtime = network->realtime;

        if (test_mcc(plmn.mcc()) || (network != nullptr && network->klass == NetworkClass::test)) return test(plmn);
        if (std::find(home_plmns_.begin(), home_plmns_.end(), plmn) != home_plmns_.end()) return own(plmn, network);
        if (network == nullptr) return unlisted(plmn);
        if (non_terrestrial(network->klass)) return apart(*network);
        if (network->klass == NetworkClass::unknown)
            return unknown([&] {
                return fmt::format("{} ({}) is listed but stands for no place.", plmn.text(), network->operator_name);
            });
        if (network->countries.empty()) return unlisted(plmn);
        say([&] {
            return fmt::format("{} is {}, used in {}.", plmn.text(), network->operator_name,
                               listing(network->countries));
        });
        settle(network->countries, Basis::plmn);
    }

    void test(const Plmn& plmn) {
        place_.klass = NetworkClass::test;
        place_.basis = Basis::plmn;
        say([&] { return fmt::format("{} is a test or private network: never billed, never messaged.", plmn.text()); });
    }

    void own(const Plmn& plmn, const Network* network) {
        say([&] {
            return fmt::format("{} is one of the operator's own networks, so the place is home.", plmn.text());
        });
        Country country = query_.home_country;
        if (country.none()) {
            const auto& possible = network != nullptr && !network->countries.empty()
                                       ? network->countries
                                       : networks_.countries_of_mcc(plmn.mcc());
            if (!possible.empty()) country = possible.front();
        }
        at(NetworkClass::home, country, Basis::plmn);
    }

    /// Only the MCC speaks: the network is not in the table, or its row names no country.
    void unlisted(const Plmn& plmn) {
        const auto& possible = networks_.countries_of_mcc(plmn.mcc());
        if (possible.empty())
            return unknown([&] { return fmt::format("{} is not listed, nor is MCC {}.", plmn.text(), plmn.mcc()); });
        say([&] {
            return fmt::format("No country is listed for {}; MCC {} is used in {}.", plmn.text(), plmn.mcc(),
                               listing(possible));
        });
        settle(possible, Basis::mcc);
    }

    void apart(const Network& network) {
        place_.klass = network.klass;
        place_.basis = Basis::plmn;
        say([&] {
            return fmt::format("{} is {}, a destination of its own ({}), whatever country lies below.",
                               network.plmn.text(), network.operator_name, word(network.klass));
        });
    }

    void by_tadig() {
        const std::string& tadig = query_.tadig;
        if (const Network* network = networks_.find_tadig(tadig)) {
            say([&] { return fmt::format("TADIG code {} is network {}.", tadig, network->plmn.text()); });
            return by_plmn(network->plmn);
        }
        if (tadig.starts_with("AA"))
            return unknown([&] {
                return fmt::format("TADIG code {} is not listed; codes in AA belong to networks outside any country.",
                                   tadig);
            });
        const Country country = networks_.country_of_alpha3(std::string_view(tadig).substr(0, 3));
        if (country.none())
            return unknown(
                [&] { return fmt::format("TADIG code {} is not listed and begins with no country's code.", tadig); });
        say([&] {
            return fmt::format("TADIG code {} is not listed; its first letters are those of {}.", tadig,
                               country.code());
        });
        settle({country}, Basis::mcc);
    }

    /// CAMARA names an MCC and countries, never a network.
    void by_camara() {
        const std::string& mcc = query_.mcc;
        place_.mcc = mcc;
        if (test_mcc(mcc)) {
            place_.klass = NetworkClass::test;
            place_.basis = Basis::camara;
            return say([&] { return fmt::format("MCC {} is that of test and private networks.", mcc); });
        }
        if (mcc == "901")
            return unknown([] { return "MCC 901 is international: no country, and no network is named."; });
        std::vector<Country> possible;
        std::copy_if(query_.camara_countries.begin(), query_.camara_countries.end(), std::back_inserter(possible),
                     [this](Country country) { return networks_.known_country(country); });
        const bool named = !possible.empty();
        if (!named) possible = networks_.countries_of_mcc(mcc);
        if (possible.empty()) return unknown([&] { return fmt::format("MCC {} is not listed.", mcc); });
        say([&] {
            return named ? fmt::format("The event names {}.", listing(possible))
                         : fmt::format("The event names MCC {}, used in {}.", mcc, listing(possible));
        });
        settle(std::move(possible), Basis::camara);
    }

    void by_ip() {
        place_.weak = query_.ip_of == IpOf::device;
        const auto country = country_of_ip();
        if (!country)
            return unknown([&] {
                return ips_ == nullptr ? std::string("Only an address is known, and there is no IP database.")
                                       : fmt::format("The IP database knows no country for {}.", query_.ip);
            });
        say([&] { return fmt::format("{} ({}) is in {}.", query_.ip, word(query_.ip_of), country->code()); });
        if (place_.weak)
            say([] {
                return "An address of the device alone is weak, because home-routed traffic looks like home: it ends "
                       "no trip and releases no hold.";
            });
        const bool home = *country == query_.home_country;
        at(home ? NetworkClass::home : NetworkClass::terrestrial, *country, Basis::ip);
    }

    /// Home if it may be home; else the countries left, which an address in the visited network may narrow to one.
    void settle(std::vector<Country> possible, Basis basis) {
        if (contains(possible, query_.home_country)) {
            say([&] { return fmt::format("{} is the customer's home country.", query_.home_country.code()); });
            return at(NetworkClass::home, query_.home_country, basis);
        }
        if (const auto country = settled_by_ip(possible)) return at(NetworkClass::terrestrial, *country, basis);
        if (possible.size() > 1) say([] { return "It stays ambiguous, so the dearest of these is the price."; });
        at(NetworkClass::terrestrial, possible.front(), basis);
        place_.candidates = std::move(possible);
    }

    /// The one of several countries where the address lies. With one country there is nothing to settle, and the
    /// look-up serves the explanation alone.
    std::optional<Country> settled_by_ip(const std::vector<Country>& possible) {
        const bool settles = possible.size() > 1 && query_.ip_of != IpOf::device;
        if (query_.ip.empty() || (!settles && explain_ == Explain::off)) return std::nullopt;
        const auto country = country_of_ip();
        if (!country) {
            say([&] { return fmt::format("No country is known for {}.", query_.ip); });
            return std::nullopt;
        }
        if (!contains(possible, *country)) {
            say([&] {
                return fmt::format("{} is in {}, which is ignored: the network says where the device is.", query_.ip,
                                   country->code());
            });
            return std::nullopt;
        }
        if (settles) {
            say([&] {
                return fmt::format("{} ({}) is in {}, which settles it.", query_.ip, word(query_.ip_of),
                                   country->code());
            });
            return country;
        }
        if (possible.size() > 1)
            say([&] {
                return fmt::format("{} is in {}, but an address of the device settles nothing: it may be home-routed.",
                                   query_.ip, country->code());
            });
        return std::nullopt;
    }

    /// A code that is no country's (a region, a placeholder) counts as none: nothing could be priced by it.
    [[nodiscard]] std::optional<Country> country_of_ip() const {
        if (ips_ == nullptr) return std::nullopt;
        const auto country = ips_->find(query_.ip);
        return country && networks_.known_country(*country) ? country : std::nullopt;
    }

    void at(NetworkClass klass, Country country, Basis basis) {
        place_.klass = klass;
        place_.country = country;
        place_.basis = basis;
        if (!country.none()) place_.candidates = {country};
    }

    template <typename Sentence>
    void unknown(const Sentence& sentence) {
        place_.klass = NetworkClass::unknown;
        place_.basis = Basis::none;
        say(sentence);
    }

    /// Takes the sentence as a function, so that the hot path formats nothing.
    template <typename Sentence>
    void say(const Sentence& sentence) {
        if (explain_ == Explain::on) place_.reasoning.emplace_back(sentence());
    }

    static bool contains(const std::vector<Country>& countries, Country country) {
        return std::find(countries.begin(), countries.end(), country) != countries.end();
    }

    const PlaceQuery& query_;
    const Networks& networks_;
    const IpCountry* ips_;
    const std::vector<Plmn>& home_plmns_;
    Explain explain_;
    Place place_;
};

}  // namespace

Place resolve(const PlaceQuery& query, const Networks& networks, const IpCountry* ips,
              const std::vector<Plmn>& home_plmns, Explain explain) {
    return Resolver(query, networks, ips, home_plmns, explain).resolve();
}

std::string_view word(Basis value) {
    switch (value) {
        case Basis::none:
            return "none";
        case Basis::plmn:
            return "plmn";
        case Basis::mcc:
            return "mcc";
        case Basis::ip:
            return "ip";
        case Basis::camara:
            return "camara";
    }
    throw std::logic_error("a basis without a word");
}

std::string_view word(IpOf value) {
    switch (value) {
        case IpOf::device:
            return "device";
        case IpOf::serving_node:
            return "serving_node";
        case IpOf::breakout:
            return "breakout";
    }
    throw std::logic_error("an ipOf without a word");
}

std::optional<IpOf> parse_ip_of(std::string_view word_read) {
    for (const IpOf value : {IpOf::device, IpOf::serving_node, IpOf::breakout})
        if (word(value) == word_read) return value;
    return std::nullopt;
}

}  // namespace roamguard::geoip
