#include "service/customers/cap_json.h"

#include <algorithm>
#include <array>
#include <set>

#include "tariffs/units.h"

namespace roamguard::customers {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 13> cap_fields{"id",      "services", "destinations", "amount", "currency",
                                                      "volume",  "every",    "tax",          "period", "thresholds",
                                                      "atLimit", "stages",   "extension"};
constexpr std::array<std::string_view, 3> limit_fields{"amount", "volume", "every"};
constexpr std::array<std::string_view, 5> service_words{"data", "voice_mo", "voice_mt", "sms_mo", "sms_mt"};
constexpr std::array<std::string_view, 5> class_words{"terrestrial", "inflight", "maritime", "satellite", "unknown"};
constexpr std::string_view zone_prefix = "zone:";

constexpr std::size_t most_caps = 32;
constexpr std::size_t most_stages = 32;
constexpr std::size_t most_destinations = 500;
constexpr std::size_t longest_id = 64;
/// Ten thousand million units: far above any bill, and a hundredfold of it still fits into the arithmetic of
/// percentages.
constexpr std::int64_t most_micros = 10'000'000'000 * 1'000'000;
constexpr std::int64_t most_bytes = std::int64_t{1000} << 40;

/// Reads one cap, field by field in the order a person would write them.
class CapReader {
public:
    CapReader(const json& object, const std::string& pointer, const KnownCountry& known_country, Faults& faults)
        : fields_(object, pointer, cap_fields, faults), known_country_(known_country) {}

    CapRule read() {
        read_id();
        read_limit();
        read_services();
        read_destinations();
        read_tax();
        read_period();
        read_at_limit();
        read_thresholds();
        read_growth();
        return std::move(cap_);
    }

private:
    void read_id();
    void read_limit();
    void read_services();
    void read_destinations();
    void read_tax();
    void read_period();
    void read_at_limit();
    void read_thresholds();
    void read_growth();
    void read_stages();

    [[nodiscard]] std::string_view the_limit_field() const;
    [[nodiscard]] std::optional<Objection> objection_to_destination(const std::string& text) const;
    [[nodiscard]] std::optional<std::int64_t> quantity(const json& value, std::string_view name,
                                                       const std::string& pointer);
    [[nodiscard]] std::optional<std::int64_t> bytes(const json& value, std::string_view name,
                                                    const std::string& pointer);

    ObjectReader fields_;
    const KnownCountry& known_country_;
    CapRule cap_;
    bool in_money_ = false;
};

bool id_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

/// Millionths, where it is a decimal string.
std::optional<std::int64_t> decimal(const json& value) {
    if (!value.is_string()) return std::nullopt;
    const auto read = tariffs::parse_decimal(value.get_ref<const std::string&>(), tariffs::Sign::refused);
    if (read.fault != tariffs::DecimalFault::none) return std::nullopt;
    return read.micros;
}

bool is_zero(const json& value) { return decimal(value) == std::int64_t{0}; }

void CapReader::read_id() {
    const std::string* id = fields_.text("id");
    if (id == nullptr) {
        if (!fields_.has("id")) fields_.fault("id", "required", "A cap needs an `id`, such as `monthly`.");
        return;
    }
    if (id->empty() || id->size() > longest_id || !std::all_of(id->begin(), id->end(), id_character))
        fields_.fault("id", "bad_id", "A cap's `id` is 1 to 64 letters, digits, points, underscores and hyphens.");
    cap_.id = *id;
}

/// The one of amount, volume and every that the cap has; empty, with a fault, where it has none or several.
std::string_view CapReader::the_limit_field() const {
    std::string_view found;
    for (std::string_view name : limit_fields) {
        if (!fields_.has(name)) continue;
        if (!found.empty()) return {};
        found = name;
    }
    return found;
}

void CapReader::read_limit() {
    const std::string_view name = the_limit_field();
    if (name.empty()) {
        fields_.faults().add(fields_.pointer(), "one_limit",
                             "A cap needs exactly one of `amount` (with `currency`), `volume` and `every`.");
        return;
    }
    const json& value = *fields_.find(name);
    if (name == "volume" && fields_.has("currency")) {
        fields_.fault("currency", "not_with_volume", "A volume cap has no `currency`; leave it out.");
    } else if (fields_.has("currency")) {
        in_money_ = true;
        if (const auto currency = read_currency(fields_)) cap_.currency = *currency;
    } else if (name == "amount") {
        in_money_ = true;
        fields_.fault("currency", "required", "`amount` needs `currency`, an ISO 4217 code such as `EUR`.");
    } else if (name == "every" && decimal(value)) {
        in_money_ = true;
        fields_.fault("currency", "required",
                      "`every` needs `currency` where it is money, or a unit where it is volume, such as `5 MB`.");
    }
    const auto limit = quantity(value, name, fields_.pointer_of(name));
    if (!limit) return;
    if (name == "every")
        cap_.every = *limit;
    else
        cap_.limit = *limit;
}

std::optional<std::int64_t> CapReader::quantity(const json& value, std::string_view name, const std::string& pointer) {
    if (!in_money_) return bytes(value, name, pointer);
    if (name == "amount" && is_zero(value)) {
        fields_.faults().add(
            pointer, "zero_amount",
            "A cap of 0 would never let data flow; to bar data abroad, set `dataRoaming` to `barred`.");
        return std::nullopt;
    }
    return read_money(value, name, pointer, fields_.faults());
}

std::optional<std::int64_t> CapReader::bytes(const json& value, std::string_view name, const std::string& pointer) {
    if (!value.is_string()) {
        fields_.faults().add(pointer, "wrong_type",
                             wrong_type(name, "a quantity in a string, such as \"5 GB\"", value));
        return std::nullopt;
    }
    const auto& text = value.get_ref<const std::string&>();
    const auto read = tariffs::parse_quantity(text);
    if (!read || read->kind != tariffs::UnitKind::bytes || read->amount <= 0) {
        fields_.faults().add(
            pointer, "bad_volume",
            in_ticks(text) + " is no amount of data; write a whole number and a unit, such as `5 GB`.");
        return std::nullopt;
    }
    if (read->amount > most_bytes) {
        fields_.faults().add(pointer, "too_large", "A volume is at most 1000 TB.");
        return std::nullopt;
    }
    return read->amount;
}

void CapReader::read_services() {
    const auto words = fields_.texts("services", [](const std::string& word) -> std::optional<Objection> {
        if (tariffs::parse_service(word)) return std::nullopt;
        return Objection{"unknown_service",
                         in_ticks(word) + " is no service; the services are " + listed(service_words) + "."};
    });
    if (!words) {
        cap_.services = {tariffs::Service::data};
        return;
    }
    if (words->empty())
        fields_.fault("services", "empty", "A cap counts at least one service; without `services` it counts `data`.");
    for (const std::string& word : *words)
        if (const auto service = tariffs::parse_service(word)) cap_.services.push_back(*service);
    const bool only_data = cap_.services == std::vector{tariffs::Service::data};
    if (!in_money_ && !the_limit_field().empty() && !cap_.services.empty() && !only_data)
        fields_.fault("services", "not_with_volume", "A volume cap counts bytes, so its only service is `data`.");
}

void CapReader::read_destinations() {
    auto places =
        fields_.texts("destinations", [this](const std::string& text) { return objection_to_destination(text); });
    if (!places) return;
    if (places->empty())
        fields_.fault("destinations", "empty",
                      "An empty list would count nowhere; leave `destinations` out to count "
                      "everywhere abroad.");
    if (places->size() > most_destinations)
        fields_.fault("destinations", "too_many", "A cap names at most 500 destinations; put them into a zone.");
    cap_.destinations = std::move(*places);
}

std::optional<Objection> CapReader::objection_to_destination(const std::string& text) const {
    if (std::find(class_words.begin(), class_words.end(), text) != class_words.end()) return std::nullopt;
    if (text.starts_with(zone_prefix)) {
        const auto length = printable_length(std::string_view(text).substr(zone_prefix.size()));
        if (length && *length >= 1 && *length <= 64) return std::nullopt;
        return Objection{"bad_zone", "A zone is written `zone:NAME`, with a name of 1 to 64 characters."};
    }
    if (existing_country(text, known_country_)) return std::nullopt;
    return Objection{"unknown_destination", in_ticks(text) +
                                                " is no destination; write a country's two letters (`JP`), "
                                                "`zone:NAME` or one of " +
                                                listed(class_words) + "."};
}

void CapReader::read_tax() {
    if (!in_money_ && fields_.has("tax") && !the_limit_field().empty()) {
        fields_.fault("tax", "not_with_volume", "A volume cap has no `tax`; leave it out.");
        return;
    }
    const auto tax = fields_.parsed("tax", tariffs::parse_tax, "bad_tax", "`tax` is `incl` or `excl`.");
    if (tax) cap_.tax = *tax;
}

void CapReader::read_period() {
    const auto period = fields_.parsed("period", parse_period, "bad_period",
                                       "`period` is `month`, `day`, `trip` or `billing-day:N` with N from 1 to 31.");
    if (period) cap_.period = *period;
}

void CapReader::read_at_limit() {
    cap_.at_limit = cap_.every ? AtLimit::notify : AtLimit::hold;
    const auto at_limit = fields_.parsed("atLimit", parse_at_limit, "bad_at_limit", "`atLimit` is `hold` or `notify`.");
    if (!at_limit) return;
    if (cap_.every && *at_limit == AtLimit::hold)
        fields_.fault("atLimit", "not_with_every", "A cap with `every` only tells; to hold, use `amount` or `volume`.");
    else
        cap_.at_limit = *at_limit;
}

void CapReader::read_thresholds() {
    if (fields_.has("every")) {
        if (fields_.has("thresholds"))
            fields_.fault("thresholds", "not_with_every", "A cap with `every` has no whole to take percentages of.");
        return;
    }
    const json* list = fields_.array("thresholds");
    if (list == nullptr) {
        cap_.thresholds = {80, 100};
        return;
    }
    for (const json& item : *list) {
        const bool whole = item.is_number_integer() && item >= 1 && item <= 100;
        if (!whole || (!cap_.thresholds.empty() && item.get<int>() <= cap_.thresholds.back())) {
            fields_.fault("thresholds", "bad_thresholds",
                          "`thresholds` are whole percentages from 1 to 100, each above the one before.");
            return;
        }
        cap_.thresholds.push_back(item.get<int>());
    }
    if (cap_.thresholds.empty() && cap_.at_limit == AtLimit::notify)
        fields_.fault("thresholds", "empty", "A cap that only tells needs at least one threshold.");
}

void CapReader::read_growth() {
    const bool stages = fields_.has("stages"), extension = fields_.has("extension");
    if (!stages && !extension) return;
    if (fields_.has("every")) {
        fields_.fault(stages ? "stages" : "extension", "not_with_every",
                      "A cap with `every` never stops, so nothing is left to grow by consent.");
        return;
    }
    if (stages && extension) {
        fields_.fault("extension", "stages_or_extension",
                      "A cap grows by `stages` or by `extension`, not by both; leave one out.");
        return;
    }
    if (the_limit_field().empty()) return;  // its unit is unknown, and already at fault
    if (stages) return read_stages();
    cap_.extension = quantity(*fields_.find("extension"), "extension", fields_.pointer_of("extension"));
}

void CapReader::read_stages() {
    const json* list = fields_.array("stages");
    if (list == nullptr) return;
    if (list->empty() || list->size() > most_stages) {
        fields_.fault("stages", "bad_stages", "`stages` lists 1 to 32 limits, the first being the cap's own.");
        return;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
        const std::string at = fields_.pointer_of("stages") + "/" + std::to_string(i);
        const auto limit = quantity((*list)[i], "stages", at);
        if (!limit) continue;
        if (!cap_.stages.empty() && *limit <= cap_.stages.back())
            fields_.faults().add(at, "bad_stages", "Each stage must be above the one before.");
        cap_.stages.push_back(*limit);
        if (i == 0 && cap_.limit != 0 && *limit != cap_.limit)
            fields_.faults().add(at, "bad_stages",
                                 "The first stage must equal `" + std::string(the_limit_field()) + "`.");
    }
}

json in_words(const CapRule& cap, std::int64_t value) {
    if (cap.is_volume()) return tariffs::to_text({value, tariffs::UnitKind::bytes}, tariffs::Style::counted);
    return tariffs::to_decimal({value, cap.currency});
}

}  // namespace

std::vector<CapRule> read_caps(const json& list, const std::string& pointer, const KnownCountry& known_country,
                               Faults& faults) {
    std::vector<CapRule> caps;
    if (list.size() > most_caps) {
        faults.add(pointer, "too_many", "There are at most 32 caps.");
        return caps;
    }
    std::set<std::string> ids;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string at = pointer + "/" + std::to_string(i);
        if (!ObjectReader::is_object(list[i], at, faults)) continue;
        caps.push_back(CapReader(list[i], at, known_country, faults).read());
        const std::string& id = caps.back().id;
        if (!id.empty() && !ids.insert(id).second)
            faults.add(at + "/id", "duplicate", "The cap id " + in_ticks(id) + " is used twice.");
    }
    return caps;
}

std::optional<std::int64_t> read_money(const json& value, std::string_view name, const std::string& pointer,
                                       Faults& faults) {
    if (value.is_number()) {
        faults.add(
            pointer, "money_not_string",
            "`" + std::string(name) + "` is money and must be a decimal string, such as \"12.34\", not a number.");
        return std::nullopt;
    }
    if (!value.is_string()) {
        faults.add(pointer, "wrong_type", wrong_type(name, "a decimal string, such as \"12.34\"", value));
        return std::nullopt;
    }
    const auto& text = value.get_ref<const std::string&>();
    const tariffs::DecimalResult read = tariffs::parse_decimal(text, tariffs::Sign::refused);
    if (read.fault != tariffs::DecimalFault::none) {
        faults.add(pointer, "bad_amount",
                   in_ticks(text) + " is no amount: " + std::string(tariffs::sentence(read.fault)) + ".");
    } else if (read.micros == 0) {
        faults.add(pointer, "zero_amount", "`" + std::string(name) + "` must be more than 0.");
    } else if (read.micros > most_micros) {
        faults.add(pointer, "too_large", "`" + std::string(name) + "` is at most 10000000000.");
    } else {
        return read.micros;
    }
    return std::nullopt;
}

std::optional<tariffs::Currency> read_currency(ObjectReader& object) {
    return object.parsed("currency", tariffs::Currency::parse, "unknown_currency",
                         "`currency` is an ISO 4217 code in capitals, such as `EUR`.");
}

std::optional<geoip::Country> existing_country(std::string_view text, const KnownCountry& known_country) {
    const auto country = geoip::Country::parse(text);
    if (!country || (known_country && !known_country(*country))) return std::nullopt;
    return country;
}

json cap_to_json(const CapRule& cap) {
    json object{{"id", cap.id}, {"period", to_text(cap.period)}, {"atLimit", word(cap.at_limit)}};
    object["services"] = json::array();
    for (const tariffs::Service service : cap.services)
        object["services"].push_back(tariffs::word(service));
    if (!cap.destinations.empty()) object["destinations"] = cap.destinations;
    if (!cap.is_volume()) {
        object["currency"] = cap.currency.code();
        object["tax"] = tariffs::word(cap.tax);
    }
    if (cap.every) {
        object["every"] = in_words(cap, *cap.every);
        return object;
    }
    object[cap.is_volume() ? "volume" : "amount"] = in_words(cap, cap.limit);
    object["thresholds"] = cap.thresholds;
    for (const std::int64_t stage : cap.stages)
        object["stages"].push_back(in_words(cap, stage));
    if (cap.extension) object["extension"] = in_words(cap, *cap.extension);
    return object;
}

}  // namespace roamguard::customers
