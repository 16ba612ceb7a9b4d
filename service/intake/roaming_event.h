#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "geoip/place.h"
#include "notifications/msisdn.h"
#include "tariffs/instant.h"
#include "tariffs/money.h"
#include "tariffs/units.h"

namespace roamguard::intake {

/// `roaming_on`: abroad, and nobody says where (CAMARA roaming-on, or a status without a country). `subscription`: news
/// of a CAMARA subscription, which changes nothing but may teach whose it is.
enum class EventType { attach, detach, usage, roaming_on, subscription };

/// Who an event is about; at least one is set.
struct Subscriber {
    notifications::Msisdn msisdn;  ///< none when absent
    std::string imsi;              ///< 14 or 15 digits (6 to 15 accepted), empty when absent
    std::string id;                ///< the customer's opaque id, empty when absent
    /// CAMARA's subscriptionId, empty when absent: names the customer where nothing else does, is learnt where
    /// something does.
    std::string camara_subscription;
};

/// How the sender says a record was charged.
enum class ChargedAs { tariff, allowance, free };

/// What the sender charged for a record.
struct Charged {
    tariffs::Money amount;            ///< negative: a credit (quantity 0)
    std::optional<tariffs::Tax> tax;  ///< absent: on the tariff row's basis
};

/// 16 bytes of a SHA-256.
using Digest = std::array<std::uint8_t, 16>;

/// An event of ours, read and checked. Nothing past the intake sees JSON or HTTP.
struct RoamingEvent {
    std::string id;      ///< CloudEvents id
    std::string source;  ///< CloudEvents source
    std::string type_name;
    EventType type = EventType::attach;
    tariffs::WrittenTime time;  ///< when it happened: for usage `startedAt` where present, else `time`
    Subscriber subscriber;

    std::optional<geoip::Plmn> plmn;  ///< visitedNetwork {mcc,mnc}
    std::string tadig;                ///< visitedNetwork {tadig}, empty when absent
    std::string ip;                   ///< empty when absent
    geoip::IpOf ip_of = geoip::IpOf::device;
    std::string access;                     ///< 2g 3g 4g 5g vowifi, empty when absent
    bool at_home = false;                   ///< attach: not roaming, as the sender says, and no network named
    std::string mcc;                        ///< attach: CAMARA's countryCode, three digits; empty when absent
    std::vector<geoip::Country> countries;  ///< attach: CAMARA's countryName

    // usage
    std::optional<tariffs::Instant> ended;  ///< `endedAt`
    tariffs::Service service = tariffs::Service::data;
    std::int64_t quantity = 0;  ///< bytes, seconds or messages: the increment
    std::string session;        ///< empty: a segment of its own
    std::string called;         ///< empty, `home`, `local`, `premium` or an alpha-2 country
    std::optional<Charged> charged;
    ChargedAs charged_as = ChargedAs::tariff;

    std::string data_json;  ///< the event's data, canonical JSON, for the evidence
    Digest key{};           ///< over source and id: the event's identity
    Digest content{};       ///< over all attributes and data as parsed: tells a redelivery from a reused id

    [[nodiscard]] bool names_network() const { return plmn.has_value() || !tadig.empty(); }
};

}  // namespace roamguard::intake
