#include "geoip/networks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "data/digest.h"
#include "geoip/table_file.h"

namespace roamguard::geoip {

namespace {

using Faults = std::vector<std::string>;

constexpr std::array<std::pair<NetworkClass, std::string_view>, 7> class_words{{
    {NetworkClass::home, "home"},
    {NetworkClass::terrestrial, "terrestrial"},
    {NetworkClass::inflight, "inflight"},
    {NetworkClass::maritime, "maritime"},
    {NetworkClass::satellite, "satellite"},
    {NetworkClass::test, "test"},
    {NetworkClass::unknown, "unknown"},
}};

/// Everything the files say, ready to be asked.
struct Tables {
    std::map<Plmn, Network> networks;  // nodes stay where they are, so by_tadig may point into it
    std::map<std::string, const Network*, std::less<>> by_tadig;
    std::map<std::string, std::vector<Country>, std::less<>> by_mcc;
    std::map<std::string, Country, std::less<>> by_prefix;
    std::size_t longest_prefix = 0;
    std::set<std::pair<Country, Country>> borders;
    std::map<std::string, Country, std::less<>> by_alpha3;
    std::set<Country> countries;
    std::string digest;
};

/// A network as its row says, and where that row stands, until overlay and TADIG codes are sorted out.
struct Listed {
    Network network;
    std::vector<std::string> tadigs;
    std::string at;
};

/// Fills the tables file by file, gathering every fault instead of stopping at the first.
class Loader {
public:
    Loader(Tables& tables, Faults& faults) : tables_(tables), faults_(faults) {}

    void load(const Networks::Sources& sources) {
        countries();  // first: every other file is checked against it
        mccs();
        prefixes();
        networks(sources.networks);
        if (!sources.overlay.empty()) networks(sources.overlay);
        neighbours(sources.neighbours);
        index();
        tables_.digest = data::to_hex(data::sha256(digests_));
    }

private:
    void countries() {
        const auto file = open({}, "data/countries.csv",
                               {{"alpha2", "alpha3"},
                                {"numeric", "name_en", "name_zh", "name_zh_hant", "name_fr", "name_de", "name_es", "eu",
                                 "eea", "eu_territory_of", "iso_official"}});
        for (const auto& row : file.rows()) {
            const auto country = Country::parse(file.cell(row, "alpha2"));
            if (!country) {
                fault(file, row, "alpha2 must be two capital letters");
                continue;
            }
            tables_.countries.insert(*country);
            tables_.by_alpha3.emplace(file.cell(row, "alpha3"), *country);
        }
    }

    void mccs() {
        const auto file = open({}, "data/mcc_country.csv",
                               {{"mcc", "iso3166_alpha2"}, {"country_name", "mnc_digits_default", "source"}});
        for (const auto& row : file.rows())
            if (const Country country = country_in(file, row, "iso3166_alpha2"); !country.none())
                tables_.by_mcc[std::string(file.cell(row, "mcc"))] = {country};
    }

    void prefixes() {
        const auto file = open({}, "data/dialling_codes.csv", {{"prefix", "country"}, {}});
        for (const auto& row : file.rows()) {
            const std::string_view prefix = file.cell(row, "prefix");
            tables_.by_prefix.emplace(prefix, country_in(file, row, "country"));
            tables_.longest_prefix = std::max(tables_.longest_prefix, prefix.size());
        }
    }

    void networks(const std::filesystem::path& path) {
        const auto file = open(path, "data/plmn.csv",
                               {{"mcc", "mnc", "iso3166_alpha2", "operator", "kind"},
                                {"country_name", "brand", "status", "source", "ambiguous_iso2", "tadig", "realtime"}});
        std::set<Plmn> seen;
        for (const auto& row : file.rows()) {
            const auto plmn = Plmn::parse(file.cell(row, "mcc"), file.cell(row, "mnc"));
            if (!plmn)
                fault(file, row,
                      fmt::format("\"{}-{}\" is no network: mcc has three digits, mnc two or three",
                                  file.cell(row, "mcc"), file.cell(row, "mnc")));
            else if (!seen.insert(*plmn).second)
                fault(file, row, fmt::format("{} stands in the file twice", plmn->text()));
            else
                listed_.insert_or_assign(*plmn, network(file, row, *plmn));
        }
    }

    Listed network(const TableFile& file, const TableFile::Row& row, const Plmn& plmn) {
        Listed listed{{plmn, class_of(file, row, plmn), {}, std::string(file.cell(row, "operator")), true},
                      parts(file.cell(row, "tadig")),
                      file.at(row)};
        auto countries = countries_in(file, row);
        if (listed.network.klass == NetworkClass::terrestrial) listed.network.countries = std::move(countries);
        const std::string_view realtime = file.cell(row, "realtime");
        listed.network.realtime = realtime != "no";
        if (realtime != "no" && realtime != "yes" && !realtime.empty())
            fault(file, row, fmt::format("realtime is \"{}\" and must be yes or no", realtime));
        return listed;
    }

    /// A code taken back says nothing: under 901 it may be anyone's tomorrow. Elsewhere the MCC still tells the
    /// country.
    NetworkClass class_of(const TableFile& file, const TableFile::Row& row, const Plmn& plmn) {
        constexpr std::array<std::string_view, 6> statuses{"listed",    "assigned", "assigned_not_operating",
                                                           "withdrawn", "test",     "private"};
        const std::string_view status = file.cell(row, "status");
        if (!status.empty() && std::find(statuses.begin(), statuses.end(), status) == statuses.end())
            fault(file, row, fmt::format("status is \"{}\" and must be one of {}", status, fmt::join(statuses, ", ")));

        const std::string_view kind = file.cell(row, "kind");
        const auto klass = kind == "international" ? NetworkClass::unknown : parse_network_class(kind);
        if (!klass || kind == "home" || kind == "unknown") {
            fault(file, row,
                  fmt::format("kind is \"{}\" and must be one of terrestrial, inflight, maritime, satellite, "
                              "international, test",
                              kind));
            return NetworkClass::unknown;
        }
        if (test_mcc(plmn.mcc()) && klass != NetworkClass::test)
            fault(file, row, fmt::format("{} must be of kind test, as every network of MCC 001 and 999", plmn.text()));
        return plmn.mcc() == "901" && status == "withdrawn" ? NetworkClass::unknown : *klass;
    }

    void neighbours(const std::filesystem::path& path) {
        const auto file = open(path, "data/neighbours.csv", {{"country", "neighbour"}, {"border"}});
        for (const auto& row : file.rows()) {
            const Country a = country_in(file, row, "country");
            const Country b = country_in(file, row, "neighbour");
            if (a == b) fault(file, row, "a country and its neighbour must be two different countries");
            tables_.borders.insert(std::minmax(a, b));
        }
    }

    /// Builds what is asked by MCC and by TADIG, once the overlay has had its say.
    void index() {
        for (auto& [plmn, listed] : listed_) {
            auto& of_mcc = tables_.by_mcc[plmn.mcc()];
            for (const Country country : listed.network.countries)
                if (std::find(of_mcc.begin(), of_mcc.end(), country) == of_mcc.end()) of_mcc.push_back(country);
            const Network& network = tables_.networks.emplace(plmn, std::move(listed.network)).first->second;
            for (const std::string& tadig : listed.tadigs)
                index_tadig(tadig, network, listed.at);
        }
        for (auto& [mcc, countries] : tables_.by_mcc)
            if (countries.size() > 1) std::sort(countries.begin() + 1, countries.end());
    }

    void index_tadig(const std::string& tadig, const Network& network, const std::string& at) {
        const auto fits = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
        if (tadig.size() != 5 || !std::all_of(tadig.begin(), tadig.end(), fits)) {
            faults_.push_back(fmt::format("{}\"{}\" is no TADIG code: five capital letters or digits", at, tadig));
            return;
        }
        // One operator may run several networks under one code; they must be the same place to be interchangeable.
        const Network& first = *tables_.by_tadig.emplace(tadig, &network).first->second;
        if (first.klass != network.klass || first.countries != network.countries)
            faults_.push_back(
                fmt::format("{}{} already names {}, which is another place", at, tadig, first.plmn.text()));
    }

    TableFile open(const std::filesystem::path& path, std::string_view built_in, const TableFile::Columns& columns) {
        auto file = TableFile::read(path, built_in, columns, faults_);
        digests_ += file.digest() + "\n";
        return file;
    }

    std::vector<Country> countries_in(const TableFile& file, const TableFile::Row& row) {
        std::vector<Country> countries;
        if (const Country own = country_in(file, row, "iso3166_alpha2"); !own.none()) countries.push_back(own);
        for (const std::string& code : parts(file.cell(row, "ambiguous_iso2"))) {
            const Country country = known(file, row, "ambiguous_iso2", code);
            if (!country.none() && std::find(countries.begin(), countries.end(), country) == countries.end())
                countries.push_back(country);
        }
        return countries;
    }

    /// The country a cell names; none when the cell is empty or at fault.
    Country country_in(const TableFile& file, const TableFile::Row& row, std::string_view column) {
        const std::string_view code = file.cell(row, column);
        return code.empty() ? Country{} : known(file, row, column, code);
    }

    Country known(const TableFile& file, const TableFile::Row& row, std::string_view column, std::string_view code) {
        const auto country = Country::parse(code);
        if (country && tables_.countries.contains(*country)) return *country;
        fault(file, row, fmt::format("{} is \"{}\", which is no ISO 3166 country code", column, code));
        return {};
    }

    void fault(const TableFile& file, const TableFile::Row& row, std::string_view what) {
        faults_.push_back(file.at(row) + std::string(what));
    }

    static std::vector<std::string> parts(std::string_view list) {
        std::vector<std::string> parts;
        while (!list.empty()) {
            const std::size_t bar = std::min(list.find('|'), list.size());
            parts.emplace_back(list.substr(0, bar));
            list.remove_prefix(std::min(bar + 1, list.size()));
        }
        return parts;
    }

    Tables& tables_;
    Faults& faults_;
    std::map<Plmn, Listed> listed_;
    std::string digests_;
};

}  // namespace

struct Networks::Impl {
    Tables tables;
};

tl::expected<std::shared_ptr<const Networks>, LoadFault> Networks::load(const Sources& sources) {
    auto impl = std::make_unique<Impl>();
    LoadFault fault;
    Loader(impl->tables, fault.sentences).load(sources);
    if (!fault.sentences.empty()) return tl::unexpected(std::move(fault));
    return std::shared_ptr<const Networks>(new Networks(std::move(impl)));
}

Networks::Networks(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Networks::~Networks() = default;

const Network* Networks::find(const Plmn& plmn) const {
    const auto found = impl_->tables.networks.find(plmn);
    return found == impl_->tables.networks.end() ? nullptr : &found->second;
}

const Network* Networks::find_tadig(std::string_view tadig) const {
    const auto found = impl_->tables.by_tadig.find(tadig);
    return found == impl_->tables.by_tadig.end() ? nullptr : found->second;
}

const std::vector<Country>& Networks::countries_of_mcc(std::string_view mcc) const {
    static const std::vector<Country> none;
    const auto found = impl_->tables.by_mcc.find(mcc);
    return found == impl_->tables.by_mcc.end() ? none : found->second;
}

Country Networks::country_of_number(std::string_view e164) const {
    if (!e164.starts_with('+')) return {};
    e164.remove_prefix(1);
    for (std::size_t length = std::min(e164.size(), impl_->tables.longest_prefix); length > 0; --length) {
        const auto found = impl_->tables.by_prefix.find(e164.substr(0, length));
        if (found != impl_->tables.by_prefix.end()) return found->second;
    }
    return {};
}

bool Networks::neighbours(Country a, Country b) const { return impl_->tables.borders.contains(std::minmax(a, b)); }

bool Networks::known_country(Country country) const { return impl_->tables.countries.contains(country); }

Country Networks::country_of_alpha3(std::string_view alpha3) const {
    const auto found = impl_->tables.by_alpha3.find(alpha3);
    return found == impl_->tables.by_alpha3.end() ? Country{} : found->second;
}

std::size_t Networks::size() const { return impl_->tables.networks.size(); }

const std::string& Networks::digest() const { return impl_->tables.digest; }

std::string_view word(NetworkClass value) {
    for (const auto& [klass, text] : class_words)
        if (klass == value) return text;
    throw std::logic_error("a network class without a word");
}

std::optional<NetworkClass> parse_network_class(std::string_view word) {
    for (const auto& [klass, text] : class_words)
        if (text == word) return klass;
    return std::nullopt;
}

bool test_mcc(std::string_view mcc) { return mcc == "001" || mcc == "999"; }

bool non_terrestrial(NetworkClass value) {
    return value == NetworkClass::inflight || value == NetworkClass::maritime || value == NetworkClass::satellite;
}

}  // namespace roamguard::geoip
