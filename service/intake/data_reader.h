#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "service/intake/attribute_values.h"
#include "service/intake/authorization.h"
#include "service/intake/object_reader.h"
#include "service/intake/read_events.h"

namespace roamguard::intake {

// Rules that fields have in whatever format they come. What breaks one reads as nothing, the fault noted.

/// The rule of a telephone number, to continue a sentence.
inline constexpr std::string_view e164_rule =
    "must be an E.164 number: + and 7 to 15 digits, the first not 0, nothing between them";
/// `{mcc,mnc}`, both required, as strings.
[[nodiscard]] std::optional<geoip::Plmn> read_plmn(ObjectReader& network);
/// 6 to 15 digits; empty when absent or at fault.
[[nodiscard]] std::string read_imsi(ObjectReader& object, std::string_view name);
/// Whether a text can be a customer's opaque id, and the rule.
[[nodiscard]] bool is_customer_id(std::string_view text);
inline constexpr std::string_view customer_id_rule = "must be 1 to 64 printable ASCII characters without spaces";
/// An RFC 3339 time within the limits.
[[nodiscard]] std::optional<AttributeTime> read_time(ObjectReader& object, std::string_view name, tariffs::Instant now,
                                                     const Limits& limits);

/// Fills a RoamingEvent from the data of one of our own events, or from a request that is written like one. One per
/// event.
class DataReader {
public:
    /// `root` is the JSON pointer of the data.
    DataReader(RoamingEvent& event, std::string root, tariffs::Instant now, const Limits& limits, Faults& faults)
        : event_(event), root_(std::move(root)), now_(now), limits_(limits), faults_(faults) {}

    void time(const std::optional<AttributeTime>& time);
    void attach(const nlohmann::json& data);
    void detach(const nlohmann::json& data);
    void usage(const nlohmann::json& data);
    void authorization(const nlohmann::json& body, AuthorizationRequest& out);

private:
    void subscriber(ObjectReader& data);
    void visited_network(ObjectReader& data);
    void ip_address(ObjectReader& data);
    void access(ObjectReader& data);
    void service(ObjectReader& data);
    [[nodiscard]] std::optional<std::int64_t> quantity(ObjectReader& data, std::string_view name, std::int64_t least);
    void session(ObjectReader& data);
    void called(ObjectReader& data);
    void period(ObjectReader& data);
    void charged(ObjectReader& data);
    void charged_words(ObjectReader& data);

    RoamingEvent& event_;
    std::string root_;
    tariffs::Instant now_;
    const Limits& limits_;
    Faults& faults_;
};

}  // namespace roamguard::intake
