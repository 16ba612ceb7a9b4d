#pragma once

#include <algorithm>
#include <string>

#include "geoip/ip_country.h"
#include "tests/intake/reading.h"

namespace roamguard::intake::testing {

inline bool digits(const std::string& text, std::size_t least, std::size_t most) {
    return text.size() >= least && text.size() <= most &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// What everything past the intake relies on: the first promise that an event read at now() breaks; empty when it keeps
/// them all.
inline std::string broken_promise(const RoamingEvent& event) {
    const auto& who = event.subscriber;
    if (event.id.empty() || event.id.size() > 256) return "an id of 1 to 256 bytes";
    if (event.source.empty() || event.source.size() > 1024) return "a source of 1 to 1024 bytes";
    if (event.id.find_first_of(std::string("\0\r\n\t\x1b", 5)) != std::string::npos) return "no line ends in an id";
    if (event.time.at > now() + tariffs::minutes(10)) return "not in the future";
    if (event.time.at < now() - tariffs::days(35)) return "not too old";
    if (who.msisdn.none() && who.imsi.empty() && who.id.empty() && who.camara_subscription.empty()) return "a customer";
    if (!who.imsi.empty() && !digits(who.imsi, 6, 15)) return "an IMSI of 6 to 15 digits";
    if (who.id.size() > 64) return "a customer's id of at most 64 bytes";
    if (event.plmn && !event.tadig.empty()) return "one name of the network";
    if (!event.tadig.empty() && event.tadig.size() != 5) return "a TADIG code of 5 characters";
    if (!event.ip.empty() && !geoip::is_ip_address(event.ip)) return "an IP address";
    const bool placed = event.names_network() || !event.ip.empty() || event.at_home || !event.mcc.empty();
    if (event.type == EventType::attach && !placed && event.countries.empty()) return "a place to attach to";
    if (event.quantity < 0 || event.quantity > 1'000'000'000'000'000) return "a quantity within bounds";
    if (event.session.size() > 128) return "a session's name of at most 128 bytes";
    if (event.charged && event.charged->amount.currency.none()) return "a charge with a currency";
    if (event.charged && event.charged->amount.micros < 0 && event.quantity != 0) return "a credit without a quantity";
    if (!nlohmann::json::parse(event.data_json).is_object()) return "data that is an object";
    return {};
}

inline std::string broken_promise(const Refusal& refusal) {
    const int status = refusal.status;
    if (status != 400 && status != 413 && status != 415 && status != 422) return "a status of ours";
    if (refusal.code.empty() || refusal.detail.empty()) return "a code and a sentence";
    if (refusal.detail.size() >= 1000) return "a sentence of less than 1000 bytes";
    if (refusal.body.size() > 4096) return "at most 4 KiB of the body";
    if (refusal.errors.size() > 50) return "at most 50 faults";
    if (status == 422 && refusal.errors.empty()) return "a fault that names its field";
    for (const FieldFault& fault : refusal.errors) {
        if (!fault.pointer.empty() && fault.pointer.front() != '/') return "pointers into the event";
        if (fault.code.empty() || fault.detail.empty()) return "a code and a sentence for each fault";
    }
    return {};
}

inline std::string broken_promise(const ReadEvent& event) {
    return event ? broken_promise(*event) : broken_promise(event.error());
}
inline std::string broken_promise(const Request& request) {
    if (!request) return broken_promise(request.error());
    for (const ReadEvent& event : request->events)
        if (std::string broken = broken_promise(event); !broken.empty()) return broken;
    return {};
}

}  // namespace roamguard::intake::testing
