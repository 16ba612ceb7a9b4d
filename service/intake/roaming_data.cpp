#include "service/intake/roaming_data.h"

#include <algorithm>
#include <utility>

#include "service/intake/camara.h"
#include "service/intake/data_reader.h"
#include "service/intake/digests.h"
#include "service/json/reader.h"

namespace roamguard::intake {

namespace {

constexpr std::string_view attach_type = "org.roamguard.attach.v1";
constexpr std::string_view detach_type = "org.roamguard.detach.v1";
constexpr std::string_view usage_type = "org.roamguard.usage.v1";
constexpr std::string_view type_names[] = {attach_type, detach_type, usage_type};

/// Reads the data by its type; what is wrong goes to the faults.
void read_data(const CloudEvent& event, RoamingEvent& out, DataReader& reader) {
    if (event.type == attach_type) {
        out.type = EventType::attach;
        reader.attach(*event.data);
    } else if (event.type == detach_type) {
        out.type = EventType::detach;
        reader.detach(*event.data);
    } else {
        out.type = EventType::usage;
        reader.usage(*event.data);
    }
}

ReadEvent refuse(Faults& faults, const CloudEvent& event, std::string_view raw) {
    Refusal refusal = faults.refusal(422);
    refusal.id = event.id;
    refusal.source = event.source;
    refusal.type = event.type;
    refusal.body = kept_body(raw);
    return tl::unexpected(std::move(refusal));
}

std::string unknown_type_sentence(std::string_view type) {
    if (is_of_camara(type)) return unlisted_camara_type(type);
    std::string sentence = "type is none of ";
    sentence.append(attach_type).append(", ").append(detach_type).append(", ").append(usage_type);
    sentence.append(", nor an event of CAMARA Device Roaming Status");
    if (const auto meant = nearest(type, type_names)) sentence.append(": did you mean ").append(*meant).append("?");
    return sentence;
}

}  // namespace

ReadEvent read_roaming_event(CloudEvent event, std::string_view raw, tariffs::Instant now, const Limits& limits) {
    Faults faults;
    const bool camara = is_camara_type(event.type);
    if (!camara && std::find(std::begin(type_names), std::end(type_names), event.type) == std::end(type_names)) {
        faults.add("/type", "unknown_type", unknown_type_sentence(event.type));
        return refuse(faults, event, raw);
    }
    RoamingEvent out;
    DataReader reader(out, "/data", now, limits, faults);
    reader.time(event.time);
    if (!event.json_data || (camara && event.content_type != "application/json")) {
        faults.add("/datacontenttype", "invalid_value", "datacontenttype must be application/json for this type");
    } else if (!event.data) {
        faults.add("/data", "required", "data is missing");
    } else if (!event.data->is_object()) {
        faults.add("/data", "wrong_type",
                   "data must be an object, and this is " + std::string(json::kind_word(*event.data)));
    } else if (camara) {
        read_camara_data(event, limits, out, faults);
    } else {
        read_data(event, out, reader);
    }
    if (!faults.none()) return refuse(faults, event, raw);
    out.data_json = json::to_canonical(*event.data);
    out.key = key_of(event.source, event.id);
    out.content = content_of(event, out.data_json);
    out.id = std::move(event.id);
    out.source = std::move(event.source);
    out.type_name = std::move(event.type);
    return out;
}

}  // namespace roamguard::intake
