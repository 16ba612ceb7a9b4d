#include "service/intake/read_events.h"

#include <utility>

#include "service/intake/batch.h"
#include "service/intake/cloud_event.h"
#include "service/intake/faults.h"
#include "service/intake/media_type.h"
#include "service/intake/roaming_data.h"

namespace roamguard::intake {

namespace {

constexpr std::string_view spoken =
    "send one event as application/cloudevents+json, several as application/cloudevents-batch+json, or in binary mode "
    "the data as application/json with ce-* headers";

Refusal refuse(int status, std::string code, std::string detail, std::string_view body) {
    Refusal refusal;
    refusal.status = status;
    refusal.code = std::move(code);
    refusal.detail = std::move(detail);
    refusal.body = kept_body(body);
    return refusal;
}

tl::expected<MediaType, Refusal> content_type(const HttpHeaders& headers, std::string_view body) {
    const auto unsupported = [&](const std::string& what) {
        return tl::unexpected(refuse(415, "unsupported_media_type", what + ": " + std::string(spoken), body));
    };
    const std::string* value = nullptr;
    for (const auto& [name, text] : headers.all) {
        if (name != "content-type") continue;
        if (value) return unsupported("Content-Type stands twice");
        value = &text;
    }
    if (!value) return unsupported("Content-Type is missing");
    auto type = parse_media_type(*value);
    if (!type) return unsupported("Content-Type is no media type");
    const bool cloudevents = std::string_view(type->essence).starts_with("application/cloudevents");
    const bool known = type->essence == "application/cloudevents+json" ||
                       type->essence == "application/cloudevents-batch+json" || (!cloudevents && type->json());
    if (!known) return unsupported("this Content-Type cannot be read");
    if (!type->utf8()) return unsupported("the charset must be UTF-8");
    return std::move(*type);
}

Refusal too_large(std::string_view text, const Limits& limits) {
    return refuse(413, "event_too_large",
                  "an event holds at most " + std::to_string(limits.max_event_bytes) + " bytes, and this one has " +
                      std::to_string(text.size()),
                  text);
}

ReadEvent read_one(std::string_view text, tariffs::Instant now, const Limits& limits) {
    if (text.size() > limits.max_event_bytes) return tl::unexpected(too_large(text, limits));
    auto event = read_structured(text, limits);
    if (!event) return tl::unexpected(std::move(event.error()));
    return read_roaming_event(std::move(*event), text, now, limits);
}

ReadEvent read_binary_one(const HttpHeaders& headers, const MediaType& type, std::string_view body,
                          tariffs::Instant now, const Limits& limits) {
    if (body.size() > limits.max_event_bytes) return tl::unexpected(too_large(body, limits));
    auto event = read_binary(headers, type, body, limits);
    if (!event) return tl::unexpected(std::move(event.error()));
    return read_roaming_event(std::move(*event), body, now, limits);
}

/// An element that is no JSON makes the whole no JSON; any other fault is the element's own.
tl::expected<Reading, Refusal> read_batch(std::string_view body, tariffs::Instant now, const Limits& limits) {
    const auto elements = split_batch(body, limits.max_batch);
    if (!elements) return tl::unexpected(elements.error());
    Reading reading;
    reading.batch = true;
    reading.events.reserve(elements->size());
    for (std::string_view element : *elements) {
        reading.events.push_back(read_one(element, now, limits));
        const ReadEvent& read = reading.events.back();
        if (read || read.error().code != "not_json" || !read.error().errors.empty()) continue;
        const std::string where =
            "element " + std::to_string(reading.events.size() - 1) + " of the batch (counted from 0): ";
        return tl::unexpected(refuse(400, "not_json", where + read.error().detail, body));
    }
    return reading;
}

}  // namespace

std::optional<std::string> HttpHeaders::find(std::string_view lower_name) const {
    for (const auto& [name, value] : all)
        if (name == lower_name) return value;
    return std::nullopt;
}

tl::expected<Reading, Refusal> read_events(const HttpHeaders& headers, std::string_view body, tariffs::Instant now,
                                           const Limits& limits) {
    const auto type = content_type(headers, body);
    if (!type) return tl::unexpected(type.error());
    if (type->essence == "application/cloudevents-batch+json") return read_batch(body, now, limits);
    Reading reading;
    if (type->essence == "application/cloudevents+json") {
        reading.events.push_back(read_one(body, now, limits));
    } else if (headers.find("ce-specversion")) {
        reading.events.push_back(read_binary_one(headers, *type, body, now, limits));
    } else {
        return tl::unexpected(
            refuse(400, "not_a_cloudevent", "the header ce-specversion is missing: " + std::string(spoken), body));
    }
    return reading;
}

}  // namespace roamguard::intake
