#include "service/intake/camara.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "service/intake/data_reader.h"
#include "service/intake/digests.h"
#include "service/intake/media_type.h"
#include "service/intake/object_reader.h"
#include "service/json/reader.h"

namespace roamguard::intake {

namespace {

constexpr std::string_view retrieve_type = "camara.device-roaming-status.retrieve";
constexpr std::size_t longest_answer = 64 * 1024;
constexpr std::size_t most_countries = 250;  // more than ISO 3166 has
constexpr std::size_t longest_subscription = 256;

/// What a version of the API asks of its notifications, told by the prefix of their types.
struct Version {
    std::string_view prefix;
    bool subscription_required;  ///< otherwise only where no phone number names the customer
    bool country_required;       ///< both members, of roaming-change-country
    bool plus_required;          ///< in phoneNumber
};
constexpr Version versions[] = {
    {"org.camaraproject.device-roaming-status-subscriptions.v0.", true, true, true},  // 0.7.0, 0.8.0
    {"org.camaraproject.roaming-status-subscriptions.v0.", false, true, true},        // 0.6.1
    {"org.camaraproject.device-status.v0.", false, false, false},                     // 0.5
};

enum class Notice { on, off, change_country, status, subscription };
struct EventName {
    std::string_view name;
    Notice notice;
    /// The member that says why a subscription changed. Its values are not checked: they grow from version to version,
    /// and nothing depends on them.
    std::string_view reason;
};
constexpr EventName event_names[] = {
    {"roaming-on", Notice::on, {}},
    {"roaming-off", Notice::off, {}},
    {"roaming-change-country", Notice::change_country, {}},
    {"roaming-status", Notice::status, {}},
    {"subscription-started", Notice::subscription, "initiationReason"},
    {"subscription-updated", Notice::subscription, "updateReason"},
    {"subscription-ended", Notice::subscription, "terminationReason"},
    {"subscription-ends", Notice::subscription, "terminationReason"},  // before 0.8.0
};

struct Type {
    const Version* version = nullptr;
    const EventName* event = nullptr;
};

/// As much of a type as is listed.
Type parse_type(std::string_view text) {
    Type type;
    for (const Version& version : versions)
        if (text.starts_with(version.prefix)) type.version = &version;
    if (!type.version) return type;
    for (const EventName& event : event_names)
        if (text.substr(type.version->prefix.size()) == event.name) type.event = &event;
    return type;
}

std::string kind(const nlohmann::json& value) {
    if (value.is_number()) return "a fraction";
    return std::string(json::kind_word(value));
}

void read_device(ObjectReader& data, const Version& version, Subscriber& who, Faults& faults) {
    const auto* object = data.object("device");
    if (!object) return;
    ObjectReader device(*object, "/data/device", faults);
    if (object->empty())
        device.fault("", "required", "must have one of phoneNumber, networkAccessIdentifier, ipv4Address, ipv6Address");
    const auto* text = device.text("phoneNumber");
    if (!text) return;
    const bool add_plus = !version.plus_required && !text->starts_with('+');
    if (const auto number = notifications::Msisdn::parse(add_plus ? "+" + *text : *text))
        who.msisdn = *number;
    else
        device.fault("phoneNumber", "invalid_value", e164_rule);
}

void read_subscriber(ObjectReader& data, const Version& version, Subscriber& who, Faults& faults) {
    read_device(data, version, who, faults);
    if (const auto* text = data.text("subscriptionId")) {
        if (text->empty() || text->size() > longest_subscription || !is_attribute_text(*text))
            data.fault("subscriptionId", "invalid_value", "must be 1 to 256 bytes without control characters");
        else
            who.camara_subscription = *text;
    }
    if (data.find("subscriptionId")) return;
    const auto* device = data.find("device");
    const bool phone = device && device->is_object() && device->contains("phoneNumber");
    if (version.subscription_required)
        data.require("subscriptionId");
    else if (!phone)
        data.fault("subscriptionId", "required", "is missing, and no device.phoneNumber names the customer instead");
}

/// Where CAMARA says a device is: an MCC, countries, both or neither.
struct Visited {
    std::string mcc;
    std::vector<geoip::Country> countries;
    [[nodiscard]] bool nowhere() const { return mcc.empty() && countries.empty(); }
};

std::string read_country_code(ObjectReader& data) {
    const auto* value = data.find("countryCode");
    if (!value) return {};
    if (!value->is_number_integer()) {
        data.fault("countryCode", "wrong_type", "must be a whole number, and this is " + kind(*value));
        return {};
    }
    // A non-negative number is unsigned in the reader.
    if (value->is_number_unsigned()) {
        const auto code = value->get<std::uint64_t>();
        if (code >= 100 && code <= 999) return std::to_string(code);
    }
    data.fault("countryCode", "out_of_range", "must be a mobile country code, from 100 to 999");
    return {};
}

void add_country(ObjectReader& data, const std::string& member, const nlohmann::json& value, Visited& visited) {
    const auto country = value.is_string() ? geoip::Country::parse(value.get_ref<const std::string&>()) : std::nullopt;
    if (!country)
        data.fault(member, "invalid_value", "must be an upper-case ISO 3166 alpha-2 country, such as FR");
    else if (std::find(visited.countries.begin(), visited.countries.end(), *country) == visited.countries.end())
        visited.countries.push_back(*country);
}

Visited read_visited(ObjectReader& data, Manners manners) {
    Visited visited;
    visited.mcc = read_country_code(data);
    const auto* names = data.find("countryName");
    if (names && names->is_string() && manners == Manners::forgiving) {
        add_country(data, "countryName", *names, visited);
        return visited;
    }
    names = data.array("countryName");
    if (!names) return visited;
    if (names->size() > most_countries) {
        data.fault("countryName", "too_long", "must name at most 250 countries");
        return visited;
    }
    for (std::size_t i = 0; i < names->size(); ++i)
        add_country(data, "countryName/" + std::to_string(i), (*names)[i], visited);
    return visited;
}

void be_abroad(RoamingEvent& out, Visited visited) {
    out.type = visited.nowhere() ? EventType::roaming_on : EventType::attach;
    out.mcc = std::move(visited.mcc);
    out.countries = std::move(visited.countries);
}

void be_at_home(RoamingEvent& out) {
    out.type = EventType::attach;
    out.at_home = true;
}

void read_status(ObjectReader& data, Manners manners, RoamingEvent& out) {
    data.require("roaming");
    const auto roaming = data.boolean("roaming");
    Visited visited = read_visited(data, manners);
    if (roaming.value_or(true))
        be_abroad(out, std::move(visited));
    else
        be_at_home(out);
}

void read_change_country(ObjectReader& data, const Version& version, Manners manners, RoamingEvent& out) {
    if (version.country_required && manners == Manners::strict) {
        data.require("countryCode");
        data.require("countryName");
    } else if (version.country_required && !data.find("countryCode")) {
        const auto* names = data.find("countryName");
        if (!names || (names->is_array() && names->empty()))
            data.fault("", "required", "must have countryCode, or a country in countryName");
    }
    be_abroad(out, read_visited(data, manners));
}

bool is_structured(const HttpHeaders& headers) {
    const auto header = headers.find("content-type");
    const auto type = header ? parse_media_type(*header) : std::nullopt;
    return type && type->essence == "application/cloudevents+json";
}

bool about_another(const nlohmann::json& answer, const Subscriber& who) {
    const auto device = answer.find("device");
    if (device == answer.end() || !device->is_object() || who.msisdn.none()) return false;
    const auto number = device->find("phoneNumber");
    return number != device->end() && *number != who.msisdn.e164();
}

}  // namespace

bool is_camara_type(std::string_view type) { return parse_type(type).event != nullptr; }

bool is_of_camara(std::string_view type) { return type.starts_with("org.camaraproject."); }

std::string unlisted_camara_type(std::string_view type) {
    std::string sentence = "type is no event of CAMARA Device Roaming Status: it must be one of ";
    std::vector<std::string_view> names;
    for (const EventName& event : event_names) {
        if (!names.empty()) sentence += ", ";
        sentence += event.name;
        names.push_back(event.name);
    }
    sentence += " after one of ";
    for (const Version& version : versions) {
        if (&version != versions) sentence += ", ";
        sentence += version.prefix;
    }
    const Version* version = parse_type(type).version;
    if (!version) return sentence;
    if (const auto meant = nearest(type.substr(version->prefix.size()), names))
        sentence.append(": did you mean ").append(version->prefix).append(*meant).append("?");
    return sentence;
}

Manners manners_of(std::string_view source, const Limits& limits) {
    for (std::string_view entry : limits.camara_compat) {
        if (entry.empty()) continue;
        if (entry.ends_with('*')) entry.remove_suffix(1);
        if (source.starts_with(entry)) return Manners::forgiving;
    }
    return Manners::strict;
}

void read_camara_data(const CloudEvent& event, const Limits& limits, RoamingEvent& out, Faults& faults) {
    const Type type = parse_type(event.type);
    if (!type.event) throw std::logic_error("an event read as CAMARA's has no type of CAMARA's");
    const Manners manners = manners_of(event.source, limits);
    ObjectReader data(*event.data, "/data", faults);
    read_subscriber(data, *type.version, out.subscriber, faults);
    switch (type.event->notice) {
        case Notice::on:
            out.type = EventType::roaming_on;
            break;
        case Notice::off:
            be_at_home(out);
            break;
        case Notice::change_country:
            read_change_country(data, *type.version, manners, out);
            break;
        case Notice::status:
            read_status(data, manners, out);
            break;
        case Notice::subscription:
            out.type = EventType::subscription;
            data.require(type.event->reason);
            static_cast<void>(data.text(type.event->reason));
            break;
    }
}

ReadEvent read_camara(const HttpHeaders& headers, std::string_view body, tariffs::Instant now, const Limits& limits) {
    Refusal refusal;
    refusal.body = kept_body(body);
    if (!is_structured(headers)) {
        refusal.status = 415;
        refusal.code = "unsupported_media_type";
        refusal.detail = "Content-Type must be application/cloudevents+json, one notification to a request";
        return tl::unexpected(std::move(refusal));
    }
    auto reading = read_events(headers, body, now, limits);
    if (!reading) return tl::unexpected(std::move(reading.error()));
    ReadEvent event = std::move(reading->events.front());
    const bool understood = event || event.error().status == 422;
    const std::string& type = event ? event->type_name : event.error().type;
    if (!understood || is_camara_type(type)) return event;
    Faults faults;
    faults.add("/type", "unknown_type", unlisted_camara_type(type));
    Refusal unlisted = faults.refusal(400);
    unlisted.id = event ? event->id : event.error().id;
    unlisted.source = event ? event->source : event.error().source;
    unlisted.type = type;
    unlisted.body = std::move(refusal.body);
    return tl::unexpected(std::move(unlisted));
}

tl::expected<RoamingEvent, std::string> event_of_retrieve(std::string_view body, const Subscriber& who, std::string id,
                                                          tariffs::Instant at) {
    if (who.msisdn.none() && who.imsi.empty() && who.id.empty() && who.camara_subscription.empty())
        throw std::logic_error("an answer of CAMARA's retrieve is about nobody");
    const auto nothing = [](std::string why) { return tl::unexpected(std::move(why)); };
    if (body.size() > longest_answer) return nothing("the answer is longer than 65536 bytes");
    const auto answer = json::read_json(body, Limits{}.max_depth);
    if (!answer) return nothing("the answer cannot be read: " + answer.error().detail);
    if (!answer->is_object())
        return nothing("the answer must be an object, and this is " + std::string(json::kind_word(*answer)));

    RoamingEvent out;
    Faults faults;
    ObjectReader members(*answer, "", faults);
    read_status(members, Manners::forgiving, out);
    if (!faults.none()) return nothing("the answer cannot be read: " + faults.summary());
    if (out.type == EventType::roaming_on) return nothing("the answer says roaming and names no country");
    if (about_another(*answer, who)) return nothing("the answer is about another number than was asked for");

    CloudEvent event;
    event.id = std::move(id);
    event.source = camara_retrieve_source;
    event.type = retrieve_type;
    event.time = AttributeTime{AttributeTime::Range::within, {at, 0}};
    out.subscriber = who;
    out.time = {at, 0};
    out.data_json = json::to_canonical(*answer);
    out.key = key_of(event.source, event.id);
    out.content = content_of(event, out.data_json);
    out.id = std::move(event.id);
    out.source = std::move(event.source);
    out.type_name = std::move(event.type);
    return out;
}

}  // namespace roamguard::intake
