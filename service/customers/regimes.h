#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "service/customers/profile.h"

namespace roamguard::customers {

/// What a law or code asks for where a profile is silent ("modelled on", never a promise of compliance).
/// Read from data/regimes/*.toml, which carry source and trust mark of each rule.
struct Regime {
    std::string id;  ///< `eu-2022-612`, `generic`, ...
    std::string title;
    std::vector<CapRule>
        caps;  ///< a cap whose currency is `LOCAL` in the file has Currency none and local_currency set
    std::set<std::string> local_currency_caps;  ///< ids of caps to be given the home country's currency
    /// By cap id, then currency: the limit in currencies whose unit is so small that the general amount would protect
    /// nobody (50 yen); a currency not listed uses the cap's own limit.
    std::map<std::string, std::map<tariffs::Currency, std::int64_t>> local_amounts;
    std::set<notifications::Kind> may_opt_out;  ///< kinds a customer may switch off
    bool data_roaming_off = false;              ///< data roaming barred until asked for
};

/// The regime's caps as they stand for a customer at home in `local`: LOCAL caps get that currency and, where the
/// regime lists one, the amount that goes with it. Pure.
[[nodiscard]] std::vector<CapRule> caps_for(const Regime& regime, tariffs::Currency local);

/// True for messages that only inform: a regime may let a customer switch them off. Whatever carries a question, a
/// hold, an answer to the customer or a missing guarantee is never silenced.
[[nodiscard]] bool may_ever_opt_out(notifications::Kind kind);

/// All regimes by id. Immutable after construction.
class Regimes {
public:
    /// The built-in ones, overlaid by the `<id>.toml` files of a directory (empty: none). Faults: one sentence each,
    /// naming the file.
    [[nodiscard]] static tl::expected<Regimes, std::vector<std::string>> load(const std::string& directory);
    [[nodiscard]] const Regime* find(std::string_view id) const;
    [[nodiscard]] std::vector<std::string> ids() const;

private:
    std::map<std::string, Regime, std::less<>> regimes_;
};

}  // namespace roamguard::customers
