#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "geoip/country.h"
#include "geoip/plmn.h"

namespace roamguard::geoip {

/// What sort of place a network stands for. `home` is relative to a customer and never stored in the table; `unknown`
/// is a listed code that stands for no place (global SIM brands under 901-xx, codes taken back).
enum class NetworkClass { home, terrestrial, inflight, maritime, satellite, test, unknown };

/// The one word used in JSON, columns and metrics: `home`, `terrestrial`, ... .
[[nodiscard]] std::string_view word(NetworkClass value);
[[nodiscard]] std::optional<NetworkClass> parse_network_class(std::string_view word);
/// True for MCC 001 and 999 (ITU-T E.212: test networks, private networks), whatever the MNC and listed or not.
[[nodiscard]] bool test_mcc(std::string_view mcc);
/// True for inflight, maritime and satellite: destinations of their own, never priced as a country.
[[nodiscard]] bool non_terrestrial(NetworkClass value);

/// One row of the networks table.
struct Network {
    Plmn plmn;
    NetworkClass klass = NetworkClass::unknown;
    /// The table's own country first, then the others that use the same PLMN; empty where the place is no country
    /// (901-xx, satellite, at sea, in the air, test).
    std::vector<Country> countries;
    std::string operator_name;
    bool realtime = true;  ///< false: its usage records come late, so no guarantee can be given on entry
};

/// Several faults of one file, each a sentence naming file, line and what is wrong.
struct LoadFault {
    std::vector<std::string> sentences;
};

/// The PLMN table with its fall-back (MCC -> country), country code lists and border neighbours.
/// Immutable after construction; share it by shared_ptr and swap the pointer to reload.
class Networks {
public:
    /// Paths of the CSV files. An empty path means the built-in table compiled into the program.
    /// `networks` needs the columns mcc, mnc, iso3166_alpha2, operator and kind; `status`, `ambiguous_iso2` (countries
    /// joined by `|`), `tadig` (five characters, codes joined by `|`) and `realtime` (`yes`/`no`, else yes) may be
    /// there. `overlay` (may be empty) has the same columns and replaces or adds rows by (mcc, mnc).
    struct Sources {
        std::filesystem::path networks;
        std::filesystem::path overlay;
        std::filesystem::path neighbours;
    };
    [[nodiscard]] static tl::expected<std::shared_ptr<const Networks>, LoadFault> load(const Sources& sources);

    ~Networks();
    Networks(const Networks&) = delete;
    Networks& operator=(const Networks&) = delete;

    /// Exact (MCC, MNC); nullptr when not listed.
    [[nodiscard]] const Network* find(const Plmn& plmn) const;
    /// By TADIG code of the overlay; nullptr when not listed.
    [[nodiscard]] const Network* find_tadig(std::string_view tadig) const;
    /// Every country an MCC is used in, the main one first, the others by code (234: GB, then GG, IM, JE; 901: none).
    [[nodiscard]] const std::vector<Country>& countries_of_mcc(std::string_view mcc) const;
    /// The country of a telephone number `+...` by its country code and, for shared codes (+1, +7, +44 islands),
    /// by its leading digits; none when unknown or non-geographic (+881, +999).
    [[nodiscard]] Country country_of_number(std::string_view e164) const;
    /// True where a phone at home may hear the other country's networks across a border or strait (symmetric).
    [[nodiscard]] bool neighbours(Country a, Country b) const;
    /// True for an assigned ISO 3166-1 alpha-2 code or XK.
    [[nodiscard]] bool known_country(Country country) const;
    /// From ISO alpha-3 (`JPN`), none when unknown.
    [[nodiscard]] Country country_of_alpha3(std::string_view alpha3) const;
    [[nodiscard]] std::size_t size() const;  ///< networks listed
    /// SHA-256 (hex) over the files read, for evidence and /readyz. Depends on their content, not on their paths.
    [[nodiscard]] const std::string& digest() const;

private:
    struct Impl;
    explicit Networks(std::unique_ptr<const Impl> impl);
    std::unique_ptr<const Impl> impl_;
};

}  // namespace roamguard::geoip
