#include "service/intake/three_gpp.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "service/intake/cloud_event.h"
#include "service/intake/data_reader.h"
#include "service/intake/digests.h"
#include "service/intake/faults.h"
#include "service/intake/object_reader.h"
#include "service/json/reader.h"

namespace roamguard::intake {

namespace {

using Read = tl::expected<std::vector<RoamingEvent>, Refusal>;

constexpr std::string_view monitoring_type = "3gpp.monitoring-event.roaming-status";
constexpr std::string_view ee_type = "3gpp.ee.roaming-status";
constexpr std::string_view what_is_read = "ROAMING_STATUS";
constexpr std::string_view msisdn_rule = "7 to 15 digits in international form, without +, the first not 0";
constexpr std::string_view external_id_rule = "1 to 64 printable ASCII characters without spaces";
constexpr std::size_t longest_source = 1024;

/// One notification: the events of its reports so far, and what is wrong with any. One per body.
class Notification {
public:
    Notification(std::string_view type_name, std::string_view body, tariffs::Instant now, const Limits& limits)
        : type_name_(type_name), body_(body), now_(now), limits_(limits) {}

    [[nodiscard]] Faults& faults() { return faults_; }

    /// The body as JSON, when it is of this kind.
    [[nodiscard]] tl::expected<nlohmann::json, Refusal> parse(nlohmann::json::value_t kind) const {
        auto root = json::read_json(body_, limits_.max_depth);
        if (!root) return tl::unexpected(refusal(400, root.error().code, root.error().detail));
        if (root->type() == kind) return std::move(*root);
        const std::string wanted(json::kind_word(nlohmann::json(kind)));
        return tl::unexpected(
            refusal(400, "wrong_type",
                    "the notification must be " + wanted + ", and this is " + std::string(json::kind_word(*root))));
    }

    [[nodiscard]] std::optional<Refusal> too_many(const nlohmann::json& reports) const {
        if (reports.size() <= limits_.max_batch) return std::nullopt;
        return refusal(413, "batch_too_long",
                       "a notification holds at most " + std::to_string(limits_.max_batch) + " reports");
    }

    /// True when it is an object; otherwise the fault is noted.
    [[nodiscard]] bool is_report(const nlohmann::json& value, const std::string& pointer) {
        if (value.is_object()) return true;
        at(value, pointer)
            .fault("", "wrong_type", "must be an object, and this is " + std::string(json::kind_word(value)));
        return false;
    }

    [[nodiscard]] std::optional<AttributeTime> time(ObjectReader& report, std::string_view name) const {
        return read_time(report, name, now_, limits_);
    }

    void add(RoamingEvent event, const nlohmann::json& report, const std::string& pointer, std::string source,
             std::optional<AttributeTime> time) {
        event.data_json = json::to_canonical(report);
        if (event.data_json.size() > limits_.max_event_bytes)
            at(report, pointer)
                .fault("", "too_long", "must be at most " + std::to_string(limits_.max_event_bytes) + " bytes long");
        if (!faults_.none()) return;
        CloudEvent envelope;
        envelope.id = hex(digest_of(time ? event.data_json : event.data_json + " " + tariffs::to_rfc3339(now_)));
        envelope.source = std::move(source);
        envelope.type = type_name_;
        envelope.time = time ? *time : AttributeTime{AttributeTime::Range::within, {now_, 0}};
        event.time = envelope.time->written;
        event.key = key_of(envelope.source, envelope.id);
        event.content = content_of(envelope, event.data_json);
        event.id = std::move(envelope.id);
        event.source = std::move(envelope.source);
        event.type_name = std::move(envelope.type);
        events_.push_back(std::move(event));
    }

    /// All events, or why there are none. `source` names the sender in the refusal.
    [[nodiscard]] Read finish(const std::string& source) {
        if (faults_.none()) return std::move(events_);
        Refusal refusal = faults_.refusal(400);
        refusal.source = source;
        refusal.type = type_name_;
        refusal.body = kept_body(body_);
        return tl::unexpected(std::move(refusal));
    }

private:
    ObjectReader at(const nlohmann::json& value, const std::string& pointer) { return {value, pointer, faults_}; }

    Refusal refusal(int status, std::string code, std::string detail) const {
        Refusal refusal;
        refusal.status = status;
        refusal.code = std::move(code);
        refusal.detail = std::move(detail);
        refusal.type = type_name_;
        refusal.body = kept_body(body_);
        return refusal;
    }

    std::string_view type_name_, body_;
    tariffs::Instant now_;
    const Limits& limits_;
    Faults faults_;
    std::vector<RoamingEvent> events_;
};

/// The member that tells kinds of reports apart. They grow from release to release, so another kind is no fault.
bool is_roaming_status(ObjectReader& report, std::string_view name) {
    report.require(name);
    const auto* kind = report.text(name);
    return kind && *kind == what_is_read;
}

/// `must be msisdn- and 7 to 15 digits`.
std::string rule(std::string_view before, std::string_view what) {
    std::string text = "must be ";
    if (!before.empty()) text.append(before).append(" and ");
    return text.append(what);
}

/// Numbers in 3GPP's interfaces are digits alone (TS 23.003, 3.3). `before` stood before them, in the member too.
void read_msisdn(ObjectReader& report, std::string_view name, std::string_view before, std::string_view digits,
                 Subscriber& who) {
    const auto number = notifications::Msisdn::parse("+" + std::string(digits));
    if (number)
        who.msisdn = *number;
    else
        report.fault(name, "invalid_value", rule(before, msisdn_rule));
}

void read_external_id(ObjectReader& report, std::string_view name, std::string_view before, std::string_view id,
                      Subscriber& who) {
    if (is_customer_id(id))
        who.id = id;
    else
        report.fault(name, "invalid_value", rule(before, external_id_rule));
}

/// A network where one is named; otherwise what `roaming` says.
void read_place(ObjectReader& report, const std::string& pointer, std::string_view name, std::optional<bool> roaming,
                RoamingEvent& out) {
    if (const auto* object = report.object(name)) {
        const std::string place = pointer + "/" + std::string(name);
        ObjectReader network(*object, place, report.faults());
        out.plmn = read_plmn(network);
    } else if (roaming.value_or(false)) {
        out.type = EventType::roaming_on;
    } else {
        out.at_home = true;
    }
}

// TS 29.122

/// The link to the subscription, which is the source of its events.
std::string read_subscription(ObjectReader& notification) {
    notification.require("subscription");
    const auto* link = notification.text("subscription");
    if (!link) return {};
    if (link->size() <= longest_source && is_uri_reference(*link)) return *link;
    notification.fault("subscription", "invalid_value",
                       "must be a URI reference (RFC 3986) of at most 1024 bytes, such as "
                       "https://nef.example.com/3gpp-monitoring-event/v1/as-1/subscriptions/7");
    return {};
}

void read_monitoring_report(Notification& all, const nlohmann::json& value, const std::string& pointer,
                            const std::string& source) {
    if (!all.is_report(value, pointer)) return;
    ObjectReader report(value, pointer, all.faults());
    if (!is_roaming_status(report, "monitoringType")) return;
    RoamingEvent event;
    if (const auto* digits = report.text("msisdn")) read_msisdn(report, "msisdn", {}, *digits, event.subscriber);
    if (const auto* id = report.text("externalId")) read_external_id(report, "externalId", {}, *id, event.subscriber);
    event.subscriber.imsi = read_imsi(report, "imsi");
    if (!report.find("msisdn") && !report.find("externalId") && !report.find("imsi"))
        report.fault("", "required", "must name the customer by msisdn, externalId or imsi");
    read_place(report, pointer, "plmnId", report.boolean("roamingStatus"), event);
    const auto time = all.time(report, "eventTime");
    all.add(std::move(event), value, pointer, source, time);
}

// TS 29.503

void read_gpsi(ObjectReader& report, Subscriber& who) {
    constexpr std::string_view number = "msisdn-", external = "extid-";
    if (!report.find("gpsi")) return report.fault("gpsi", "required", "is missing: nothing else names the customer");
    const auto* text = report.text("gpsi");
    if (!text) return;
    const std::string_view gpsi = *text;
    if (gpsi.starts_with(number))
        read_msisdn(report, "gpsi", number, gpsi.substr(number.size()), who);
    else if (gpsi.starts_with(external))
        read_external_id(report, "gpsi", external, gpsi.substr(external.size()), who);
    else
        report.fault("gpsi", "invalid_value", "must be msisdn- and digits, or extid- and an external identifier");
}

/// RoamingStatusReport. Where the device was purged it left the network named, and what else is known no longer
/// matters.
void read_ee_status(Notification& all, ObjectReader& report, const std::string& pointer, RoamingEvent& out) {
    report.require("report");
    const auto* object = report.object("report");
    if (!object) return;
    const std::string inner = pointer + "/report";
    ObjectReader status(*object, inner, all.faults());
    const bool purged = status.boolean("purged").value_or(false);
    if (!purged) {
        status.require("roaming");
        status.require("newServingPlmn");
    }
    read_place(status, inner, "newServingPlmn", status.boolean("roaming"), out);
    const auto* access = status.text("accessType");
    if (access && *access == "NON_3GPP_ACCESS") out.access = "vowifi";
    if (!purged) return;
    out.type = EventType::detach;
    out.at_home = false;
}

std::string read_reference(ObjectReader& report) {
    report.require("referenceId");
    const auto* reference = report.find("referenceId");
    if (!reference) return {};
    if (reference->is_number_integer()) return reference->dump();
    report.fault("referenceId", "wrong_type",
                 "must be a whole number, and this is " +
                     (reference->is_number() ? "a fraction" : std::string(json::kind_word(*reference))));
    return {};
}

void read_ee_report(Notification& all, const nlohmann::json& value, const std::string& pointer) {
    if (!all.is_report(value, pointer)) return;
    ObjectReader report(value, pointer, all.faults());
    if (!is_roaming_status(report, "eventType")) return;
    RoamingEvent event;
    const std::string reference = read_reference(report);
    read_gpsi(report, event.subscriber);
    read_ee_status(all, report, pointer, event);
    report.require("timeStamp");
    const auto time = all.time(report, "timeStamp");
    all.add(std::move(event), value, pointer, "/3gpp/ee/" + reference, time);
}

}  // namespace

Read read_monitoring_events(std::string_view body, tariffs::Instant now, const Limits& limits) {
    Notification all(monitoring_type, body, now, limits);
    const auto root = all.parse(nlohmann::json::value_t::object);
    if (!root) return tl::unexpected(root.error());
    ObjectReader notification(*root, "", all.faults());
    const std::string source = read_subscription(notification);
    // Without reports it tells of the subscription itself, or tests the way here.
    const auto* reports = notification.array("monitoringEventReports");
    if (!reports) return all.finish(source);
    if (auto refusal = all.too_many(*reports)) return tl::unexpected(std::move(*refusal));
    for (std::size_t i = 0; i < reports->size(); ++i)
        read_monitoring_report(all, (*reports)[i], "/monitoringEventReports/" + std::to_string(i), source);
    return all.finish(source);
}

Read read_ee_notifications(std::string_view body, tariffs::Instant now, const Limits& limits) {
    Notification all(ee_type, body, now, limits);
    const auto reports = all.parse(nlohmann::json::value_t::array);
    if (!reports) return tl::unexpected(reports.error());
    if (auto refusal = all.too_many(*reports)) return tl::unexpected(std::move(*refusal));
    for (std::size_t i = 0; i < reports->size(); ++i)
        read_ee_report(all, (*reports)[i], "/" + std::to_string(i));
    return all.finish("/3gpp/ee");
}

}  // namespace roamguard::intake
