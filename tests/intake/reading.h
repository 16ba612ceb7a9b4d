#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/intake/read_events.h"

namespace roamguard::intake::testing {

inline tariffs::Instant now() { return tariffs::parse_rfc3339("2026-11-24T12:00:00Z")->at; }

/// A valid event of each type, to be changed by a test.
inline nlohmann::json attach() {
    return nlohmann::json::parse(R"({"specversion":"1.0","id":"e-1","source":"/roaming/hss-3",
        "type":"org.roamguard.attach.v1","time":"2026-11-24T11:59:00Z",
        "data":{"subscriber":{"msisdn":"+447700900012"},"visitedNetwork":{"mcc":"440","mnc":"10"}}})");
}
inline nlohmann::json detach() {
    auto event = attach();
    event["type"] = "org.roamguard.detach.v1";
    return event;
}
inline nlohmann::json usage() {
    auto event = attach();
    event["type"] = "org.roamguard.usage.v1";
    event["data"] =
        nlohmann::json::parse(R"({"subscriber":{"imsi":"234150000000123"},"service":"data","quantity":1024})");
    return event;
}

using Request = tl::expected<Reading, Refusal>;

inline Request request(std::vector<std::pair<std::string, std::string>> headers, std::string_view body,
                       const Limits& limits = {}) {
    return read_events({std::move(headers)}, body, now(), limits);
}
inline Request structured(std::string_view body, const Limits& limits = {}) {
    return request({{"content-type", "application/cloudevents+json"}}, body, limits);
}
inline Request batch(std::string_view body, const Limits& limits = {}) {
    return request({{"content-type", "application/cloudevents-batch+json"}}, body, limits);
}
/// The attach in binary mode; its body is the data.
inline std::vector<std::pair<std::string, std::string>> binary_headers() {
    return {{"content-type", "application/json"},
            {"ce-specversion", "1.0"},
            {"ce-id", "e-1"},
            {"ce-source", "/roaming/hss-3"},
            {"ce-type", "org.roamguard.attach.v1"},
            {"ce-time", "2026-11-24T11:59:00Z"}};
}

/// The one event of a request that is no batch.
inline ReadEvent only(const Request& request) {
    if (!request) throw std::runtime_error("refused as a whole: " + request.error().detail);
    if (request->batch || request->events.size() != 1) throw std::runtime_error("not one event");
    return request->events.front();
}
inline ReadEvent read(const nlohmann::json& event) { return only(structured(event.dump())); }

/// `422 invalid_field /data/quantity out_of_range: data.quantity must be ...`, or `read`: everything of a refusal's
/// first fault in one line, so that a table shows the whole message.
inline std::string verdict(const ReadEvent& event) {
    if (event) return "read";
    const Refusal& refusal = event.error();
    std::string line = std::to_string(refusal.status) + " " + refusal.code;
    if (!refusal.errors.empty()) line += " " + refusal.errors.front().pointer + " " + refusal.errors.front().code;
    return line + ": " + refusal.detail;
}
inline std::string verdict(const Request& request) {
    if (request) return request->events.size() == 1 ? verdict(request->events.front()) : "read";
    return "whole " + verdict(ReadEvent(tl::unexpected(request.error())));
}

}  // namespace roamguard::intake::testing
