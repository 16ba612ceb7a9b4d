#pragma once

#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "service/intake/attribute_values.h"
#include "service/intake/object_reader.h"
#include "service/intake/read_events.h"

namespace roamguard::intake {

/// Fills a RoamingEvent from the data of one event. One per event.
class DataReader {
public:
    DataReader(RoamingEvent& event, tariffs::Instant now, const Limits& limits, Faults& faults)
        : event_(event), now_(now), limits_(limits), faults_(faults) {}

    void time(const std::optional<AttributeTime>& time);
    void attach(const nlohmann::json& data);
    void detach(const nlohmann::json& data);
    void usage(const nlohmann::json& data);

private:
    void subscriber(ObjectReader& data);
    void visited_network(ObjectReader& data);
    void plmn(ObjectReader& network);
    void ip_address(ObjectReader& data);
    void access(ObjectReader& data);
    void quantity(ObjectReader& data);
    void session(ObjectReader& data);
    void called(ObjectReader& data);
    void period(ObjectReader& data);
    void charged(ObjectReader& data);
    void charged_words(ObjectReader& data);
    /// Nothing when the time is fit; otherwise the code and the rule it breaks.
    std::optional<std::pair<std::string, std::string>> out_of_reach(const AttributeTime& time) const;

    RoamingEvent& event_;
    tariffs::Instant now_;
    const Limits& limits_;
    Faults& faults_;
};

}  // namespace roamguard::intake
