#include "service/customers/bundle_json.h"

#include <algorithm>
#include <array>

#include "geoip/place.h"
#include "service/customers/object_reader.h"

namespace roamguard::customers {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 8> fields{"pass",      "name", "destinations", "services",
                                                 "allowance", "used", "from",         "until"};
constexpr std::array<std::string_view, 3> classes{"inflight", "maritime", "satellite"};
constexpr std::size_t longest_name = 100;

std::optional<Objection> objection_to_destination(const std::string& text,
                                                  const std::function<bool(geoip::Country)>& known_country) {
    if (text == "*" || std::find(classes.begin(), classes.end(), text) != classes.end()) return std::nullopt;
    if (text.rfind("zone:", 0) == 0 && text.size() > 5) return std::nullopt;
    if (const auto country = geoip::Country::parse(text); country && known_country(*country)) return std::nullopt;
    if (geoip::Plmn::parse(text)) return std::nullopt;
    return Objection{"unknown_destination", in_ticks(text) +
                                                " is no destination: a country such as `JP`, a network `901-14`, "
                                                "`zone:NAME`, a class or `*`."};
}

std::optional<std::string> name_of(std::string_view text) {
    const auto length = printable_length(text);
    if (!length || *length == 0 || *length > longest_name) return std::nullopt;
    return std::string(text);
}

std::optional<tariffs::Instant> instant_of(std::string_view text) {
    const auto time = tariffs::parse_rfc3339(text);
    return time ? std::optional(time->at) : std::nullopt;
}

void read_services(ObjectReader& read, Bundle& bundle) {
    const auto words = read.texts("services", [](const std::string& word) -> std::optional<Objection> {
        if (tariffs::parse_service(word)) return std::nullopt;
        return Objection{"unknown_service",
                         in_ticks(word) + " is none of data, voice_mo, voice_mt, sms_mo and sms_mt."};
    });
    bundle.services = {tariffs::Service::data};
    if (!words) return;
    bundle.services.clear();
    for (const std::string& word : *words)
        if (const auto service = tariffs::parse_service(word)) bundle.services.push_back(*service);
    if (bundle.services.empty()) read.fault("services", "required", "A bundle covers at least one service.");
}

void read_allowance(ObjectReader& read, Bundle& bundle) {
    const std::string* text = read.text("allowance");
    if (!text || *text == "unlimited" || bundle.services.empty()) return;
    const auto quantity = tariffs::parse_quantity(*text);
    if (!quantity)
        return read.fault("allowance", "bad_quantity",
                          "`allowance` is a quantity with a unit, such as `500 MB`, or `unlimited`.");
    for (const tariffs::Service service : bundle.services)
        if (tariffs::kind_of(service) != quantity->kind)
            return read.fault("allowance", "wrong_unit_kind",
                              in_ticks(*text) + " does not count `" + std::string(tariffs::word(service)) + "`.");
    bundle.allowance = quantity->amount;
}

/// A number of base units, or a quantity as allowances are written.
void read_used(ObjectReader& read, Bundle& bundle) {
    const json* used = read.find("used");
    if (!used) return;
    if (used->is_string()) {
        const auto quantity = tariffs::parse_quantity(used->get_ref<const std::string&>());
        if (quantity && !bundle.services.empty() && tariffs::kind_of(bundle.services.front()) == quantity->kind) {
            bundle.used = quantity->amount;
            return;
        }
    }
    if (!used->is_number_integer() || *used < 0 || *used > (std::int64_t{1} << 60))
        return read.fault(
            "used", "bad_quantity",
            "`used` is a whole number of bytes, seconds or messages, 0 or more, or a quantity such as `4 MB`.");
    bundle.used = used->get<std::int64_t>();
}

/// What nothing else gives where no pass of the table is named.
void require_terms(ObjectReader& read) {
    constexpr std::array<std::string_view, 4> needed{"name", "destinations", "allowance", "until"};
    for (const std::string_view name : needed)
        if (!read.has(name))
            read.fault(name, "required",
                       "Without `pass` a bundle needs its `" + std::string(name) + "`, as no table says it.");
}

}  // namespace

tl::expected<Bundle, std::vector<ProfileFault>> read_bundle(const json& body,
                                                            const std::function<bool(geoip::Country)>& known_country) {
    Faults faults;
    if (!ObjectReader::is_object(body, "", faults)) return tl::unexpected(faults.take());
    ObjectReader read(body, "", fields, faults);
    Bundle bundle;
    const std::string bad_name = "A name is 1 to 100 printable characters.";
    bundle.pass = read.parsed("pass", name_of, "bad_name", bad_name).value_or("");
    bundle.name = read.parsed("name", name_of, "bad_name", bad_name).value_or("");
    bundle.from =
        read.parsed("from", instant_of, "bad_time", "`from` is an RFC 3339 time, such as `2026-11-01T00:00:00+08:00`.");
    bundle.until = read.parsed("until", instant_of, "bad_time",
                               "`until` is an RFC 3339 time, such as `2026-11-08T00:00:00+08:00`.");
    bundle.destinations =
        read.texts("destinations",
                   [&](const std::string& text) { return objection_to_destination(text, known_country); })
            .value_or(std::vector<std::string>{});
    read_services(read, bundle);
    read_allowance(read, bundle);
    read_used(read, bundle);
    if (!read.has("pass")) require_terms(read);
    if (const json* places = read.find("destinations"); places && places->is_array() && places->empty())
        read.fault("destinations", "required", "A bundle is valid in at least one place.");
    for (const std::string_view name : {"destinations", "services", "allowance"})
        if (read.has("pass") && read.has(name))
            read.fault(name, "not_with_pass", "With `pass` the table says it; leave `" + std::string(name) + "` out.");
    if (bundle.from && bundle.until && *bundle.until <= *bundle.from)
        read.fault("until", "before_from", "`until` must be later than `from`.");
    if (!faults.none()) return tl::unexpected(faults.take());
    return bundle;
}

}  // namespace roamguard::customers
