#include "service/intake/cloud_event.h"
#include "data/base64.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "service/intake/camara.h"
#include "service/intake/faults.h"
#include "service/json/reader.h"

namespace roamguard::intake {

namespace {

constexpr std::string_view required_names[] = {"id", "source", "specversion", "type"};
constexpr std::string_view text_names[] = {"datacontenttype", "dataschema", "subject", "time"};

template <std::size_t count>
bool one_of(const std::string_view (&names)[count], std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

/// Takes attributes one by one, from members or from headers, and checks each by its own rule. One per event.
class AttributeReader {
public:
    /// `prefix` is what stands before a name where the sender wrote it: nothing, or `ce-`.
    explicit AttributeReader(std::string_view prefix) : prefix_(prefix) {}

    void take(std::string_view name, std::string&& value) {
        seen(name);
        if (!is_attribute_text(value)) return fault(name, "invalid_value", "must hold no control characters");
        if (name == "id")
            identify(name, std::move(value), event_.id, 256);
        else if (name == "source")
            take_source(std::move(value));
        else if (name == "type")
            identify(name, std::move(value), event_.type, 256);
        else if (name == "specversion")
            take_version(value);
        else if (value.empty() && one_of(text_names, name))
            fault(name, "invalid_value", "must not be empty (leave it out instead)");
        else if (name == "time")
            take_time(value);
        else if (name == "datacontenttype")
            take_content_type(value);
        else if (name == "dataschema" && !is_uri(value))
            fault(name, "invalid_value", "must be an absolute URI (RFC 3986)");
        else
            event_.others.emplace_back(name, std::move(value));
    }

    /// The value of an envelope's member; it may be moved from.
    void take_json(std::string_view name, nlohmann::json& value) {
        if (!is_attribute_name(name)) return bad_name(name);
        if (value.is_null()) return;
        if (value.is_string()) return take(name, std::move(value.get_ref<std::string&>()));
        seen(name);
        if (one_of(required_names, name) || one_of(text_names, name))
            return fault(name, "wrong_type", "must be a string, and this is " + std::string(json::kind_word(value)));
        if (value.is_boolean()) return take(name, value.get<bool>() ? "true" : "false");
        if (!value.is_number_integer())
            return fault(name, "wrong_type",
                         "must be a string, a whole number or a boolean, and this is " +
                             (value.is_number() ? "a fraction" : std::string(json::kind_word(value))));
        if (!fits_integer(value))
            return fault(name, "out_of_range", "must be a whole number from -2147483648 to 2147483647");
        take(name, std::to_string(value.get<std::int64_t>()));
    }

    void bad_name(std::string_view name) {
        faults_.add(pointer_step(name), "invalid_name",
                    json::shown_name(std::string(prefix_) + std::string(name)) +
                        " is no attribute: names of attributes are lower-case letters a-z and digits");
    }
    void undecodable(std::string_view name) {
        seen(name);
        fault(name, "invalid_value", "must be percent-encoded UTF-8 (a space is %20, a percent sign %25)");
    }
    /// `rule` continues a sentence that begins with the attribute's name.
    void fault(std::string_view name, std::string code, const std::string& rule) {
        faults_.add(pointer_step(name), std::move(code), shown(name) + " " + rule);
    }

    CloudEvent& event() { return event_; }

    tl::expected<CloudEvent, Refusal> finish(std::string_view body) && {
        for (std::size_t i = 0; i < std::size(required_names); ++i)
            if (!seen_[i]) fault(required_names[i], "required", "is missing");
        if (faults_.none()) {
            std::sort(event_.others.begin(), event_.others.end());
            return std::move(event_);
        }
        Refusal refusal;
        refusal.code = "not_a_cloudevent";
        refusal.detail = faults_.summary();
        refusal.errors = faults_.take();
        refusal.id = std::move(event_.id);
        refusal.source = std::move(event_.source);
        refusal.type = std::move(event_.type);
        refusal.body = kept_body(body);
        return tl::unexpected(std::move(refusal));
    }

private:
    static bool fits_integer(const nlohmann::json& value) {
        using Int = std::numeric_limits<std::int32_t>;
        if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= static_cast<std::uint64_t>(Int::max());
        return value.get<std::int64_t>() >= Int::min();
    }

    std::string shown(std::string_view name) const {
        if (name.size() <= 40) return std::string(prefix_) + std::string(name);
        return json::shown_name(std::string(prefix_) + std::string(name));
    }

    void seen(std::string_view name) {
        for (std::size_t i = 0; i < std::size(required_names); ++i)
            if (required_names[i] == name) seen_[i] = true;
    }

    void identify(std::string_view name, std::string&& value, std::string& into, std::size_t longest) {
        if (value.empty()) return fault(name, "invalid_value", "must not be empty");
        if (value.size() > longest)
            return fault(name, "too_long", "must be at most " + std::to_string(longest) + " bytes long");
        into = std::move(value);
    }

    void take_source(std::string&& value) {
        if (!value.empty() && value.size() <= 1024 && !is_uri_reference(value))
            return fault("source", "invalid_value",
                         "must be a URI reference (RFC 3986), such as /roaming/hss-3 or https://example.com/hss");
        identify("source", std::move(value), event_.source, 1024);
    }

    void take_version(std::string_view value) {
        if (value != "1.0") fault("specversion", "invalid_value", "must be \"1.0\", the only version spoken here");
    }

    void take_time(std::string_view value) {
        event_.time = parse_time(value);
        if (!event_.time)
            fault("time", "invalid_value",
                  "must be an RFC 3339 time with an offset, such as 2026-11-24T05:31:00+08:00");
    }

    void take_content_type(std::string_view value) {
        const auto type = parse_media_type(value);
        if (!type) return fault("datacontenttype", "invalid_value", "must be a media type, such as application/json");
        event_.content_type = type->essence;
        event_.json_data = type->json();
    }

    std::string_view prefix_;
    CloudEvent event_;
    Faults faults_;
    bool seen_[std::size(required_names)] = {};
};

/// Picks id, source and type out of a text that cannot be read, as far as it can, so that its refusal names it.
/// Only members of the outermost object count, the first of a name; stops at the first fault of syntax.
class Salvage : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit Salvage(Refusal& into) : into_(into) {}
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool string(string_t& value) override {
        if (depth_ != 1) return true;
        std::string* into = key_ == "id"       ? &into_.id
                            : key_ == "source" ? &into_.source
                            : key_ == "type"   ? &into_.type
                                               : nullptr;
        if (into && into->empty() && value.size() <= 1024 && is_attribute_text(value)) *into = value;
        return true;
    }
    bool start_object(std::size_t) override { return ++depth_ > 0; }
    bool start_array(std::size_t) override { return ++depth_ > 0; }
    bool end_object() override { return --depth_ >= 0; }
    bool end_array() override { return --depth_ >= 0; }
    bool key(string_t& name) override {
        if (depth_ == 1) key_ = name;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

private:
    Refusal& into_;
    std::string key_;
    long depth_ = 0;
};

Refusal unreadable(const json::JsonFault& fault, std::string_view body) {
    Refusal refusal;
    refusal.code = fault.code;
    refusal.detail = fault.detail;
    refusal.body = kept_body(body);
    return refusal;
}

/// Data that came as bytes. JSON where the content type says so; empty is none.
/// The refusal where it is not: such an event cannot be read.
std::optional<json::JsonFault> take_bytes(CloudEvent& event, std::string_view bytes, int max_depth) {
    if (!event.json_data || bytes.empty()) return std::nullopt;
    auto value = json::read_json(bytes, max_depth);
    if (!value) return value.error();
    event.data = std::move(*value);
    return std::nullopt;
}

/// A number as `id` becomes its decimal text, in CAMARA's events of a source that is forgiven it.
void forgive_number_as_id(nlohmann::json& envelope, const Limits& limits) {
    if (limits.camara_compat.empty()) return;
    const auto id = envelope.find("id"), source = envelope.find("source"), type = envelope.find("type");
    const auto none = envelope.end();
    if (id == none || source == none || type == none) return;
    if (!id->is_number_integer() || !source->is_string() || !type->is_string()) return;
    if (!is_of_camara(type->get_ref<const std::string&>())) return;
    if (manners_of(source->get_ref<const std::string&>(), limits) == Manners::forgiving) *id = id->dump();
}

void name(Refusal& refusal, const CloudEvent& event) {
    refusal.id = event.id;
    refusal.source = event.source;
    refusal.type = event.type;
}

}  // namespace

tl::expected<CloudEvent, Refusal> read_structured(std::string_view text, const Limits& limits) {
    auto envelope = json::read_json(text, limits.max_depth);
    if (!envelope) {
        Refusal refusal = unreadable(envelope.error(), text);
        Salvage salvage(refusal);
        nlohmann::json::sax_parse(text.data(), text.data() + text.size(), &salvage);
        return tl::unexpected(std::move(refusal));
    }
    if (!envelope->is_object()) {
        const std::string several = envelope->is_array() ? ": send several as application/cloudevents-batch+json" : "";
        return tl::unexpected(unreadable(
            {"not_a_cloudevent",
             "an event is a JSON object, and this is " + std::string(json::kind_word(*envelope)) + several, 0},
            text));
    }
    forgive_number_as_id(*envelope, limits);
    AttributeReader reader("");
    nlohmann::json* data = nullptr;
    nlohmann::json* base64 = nullptr;
    for (auto& [name, value] : envelope->get_ref<nlohmann::json::object_t&>()) {
        if (name == "data")
            data = &value;
        else if (name == "data_base64")
            base64 = value.is_null() ? nullptr : &value;
        else
            reader.take_json(name, value);
    }
    std::optional<json::JsonFault> unreadable_data;
    if (data && base64) {
        reader.fault("data_base64", "conflict", "must not stand beside data: an event has one of them");
    } else if (data && reader.event().json_data) {
        reader.event().data = std::move(*data);
    } else if (base64) {
        const auto bytes =
            base64->is_string() ? data::from_base64(base64->get_ref<const std::string&>()) : std::nullopt;
        if (bytes)
            unreadable_data = take_bytes(reader.event(), *bytes, limits.max_depth);
        else
            reader.fault("data_base64", "invalid_value", "must be a string in Base64 with padding (RFC 4648)");
    }
    auto event = std::move(reader).finish(text);
    if (!event || !unreadable_data) return event;
    Refusal refusal = unreadable(*unreadable_data, text);
    refusal.detail = "data_base64, decoded: " + refusal.detail;
    refusal.errors.push_back({"/data_base64", refusal.code, refusal.detail});
    name(refusal, *event);
    return tl::unexpected(std::move(refusal));
}

tl::expected<CloudEvent, Refusal> read_binary(const HttpHeaders& headers, const MediaType& type, std::string_view body,
                                              const Limits& limits) {
    AttributeReader reader("ce-");
    std::vector<std::string_view> taken;
    for (const auto& [header, raw] : headers.all) {
        if (header.compare(0, 3, "ce-") != 0) continue;
        const std::string_view name = std::string_view(header).substr(3);
        if (!is_attribute_name(name)) {
            reader.bad_name(name);
        } else if (name == "datacontenttype") {
            reader.fault(name, "conflict", "must not be sent in binary mode: Content-Type says it");
        } else if (name == "data") {
            reader.fault(name, "invalid_name", "is no attribute: in binary mode the body is the data");
        } else if (std::find(taken.begin(), taken.end(), name) != taken.end()) {
            reader.fault(name, "conflict", "stands twice");
        } else if (auto value = decode_header_value(raw)) {
            reader.take(name, std::move(*value));
        } else {
            reader.undecodable(name);
        }
        taken.push_back(name);
    }
    reader.event().content_type = type.essence;
    reader.event().json_data = type.json();
    auto event = std::move(reader).finish(body);
    if (!event) return event;
    if (const auto fault = take_bytes(*event, body, limits.max_depth)) {
        Refusal refusal = unreadable(*fault, body);
        name(refusal, *event);
        return tl::unexpected(std::move(refusal));
    }
    return event;
}

}  // namespace roamguard::intake
