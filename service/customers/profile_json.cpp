#include "service/customers/profile_json.h"

#include <algorithm>
#include <array>

#include "notifications/templates.h"
#include "service/customers/cap_json.h"
#include "service/customers/home.h"
#include "service/customers/object_reader.h"

namespace roamguard::customers {

namespace {

using nlohmann::json;
using notifications::Kind;
using notifications::Msisdn;

constexpr std::array<std::string_view, 17> profile_fields{
    "id",         "msisdn",   "imsi",       "kind", "homeCountry",         "plan",  "language", "timeZone",
    "regime",     "channels", "appAddress", "caps", "highCostPerMegabyte", "payer", "optOut",   "hold",
    "dataRoaming"};
constexpr std::array<std::string_view, 2> money_fields{"amount", "currency"};
constexpr std::array<std::string_view, 1> payer_fields{"msisdn"};

constexpr std::size_t longest_name = 64;
constexpr std::size_t longest_app_address = 4096;
constexpr std::string_view reserved_prefix = "imsi:";
constexpr std::string_view number_form =
    "A phone number is written in E.164: `+`, the country code and the number, 7 to 15 digits.";

/// Reads one profile, field by field in the contract's order.
class ProfileReader {
public:
    ProfileReader(const json& body, const ProfileContext& context, Faults& faults)
        : fields_(body, "", profile_fields, faults), context_(context), faults_(faults) {}

    Profile read() {
        read_identity();
        read_home();
        read_regime();
        read_channels();
        read_caps_and_limits();
        read_payer();
        read_opt_out();
        read_switches();
        return std::move(profile_);
    }

private:
    void read_identity();
    void read_home();
    void read_regime();
    void read_channels();
    void read_caps_and_limits();
    void read_high_cost();
    void read_payer();
    void read_opt_out();
    void read_switches();

    [[nodiscard]] std::optional<Objection> objection_to_opt_out(const std::string& word, const Regime* regime) const;

    ObjectReader fields_;
    const ProfileContext& context_;
    Faults& faults_;
    Profile profile_;
};

bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= longest_name && !text.starts_with(reserved_prefix) &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_imsi(std::string_view text) {
    return text.size() >= 6 && text.size() <= 15 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_name(std::string_view text, std::size_t longest) {
    const auto length = printable_length(text);
    return length && *length >= 1 && *length <= longest;
}

/// Lets a text pass that the test accepts, for ObjectReader::parsed.
template <typename Test>
auto if_it(Test test) {
    return [test](std::string_view text) { return test(text) ? std::optional(std::string(text)) : std::nullopt; };
}

void ProfileReader::read_identity() {
    if (const auto id = fields_.parsed("id", if_it(is_id), "bad_id",
                                       "`id` is 1 to 64 printable ASCII characters without spaces, and does not begin "
                                       "with `imsi:`."))
        profile_.id = *id;
    if (const auto msisdn = fields_.parsed("msisdn", Msisdn::parse, "bad_msisdn", std::string(number_form)))
        profile_.msisdn = *msisdn;
    if (const auto imsi = fields_.parsed("imsi", if_it(is_imsi), "bad_imsi", "`imsi` is 6 to 15 digits, usually 15."))
        profile_.imsi = *imsi;
    profile_.kind = fields_.parsed("kind", parse_line_kind, "unknown_kind",
                                   "`kind` is `person`, `data_only`, `m2m` or `business`.");
    const auto plan = fields_.parsed("plan", if_it([](std::string_view text) { return is_name(text, longest_name); }),
                                     "bad_plan", "`plan` is 1 to 64 printable characters.");
    if (plan) profile_.plan = *plan;
}

void ProfileReader::read_home() {
    const auto country = fields_.parsed(
        "homeCountry", [this](std::string_view text) { return existing_country(text, context_.known_country); },
        "unknown_country", "`homeCountry` is an ISO 3166 country code of two capital letters, such as `GB`.");
    if (country) profile_.home_country = *country;
    if (const auto tag = fields_.parsed("language", if_it(notifications::valid_language), "bad_language",
                                        "`language` is a BCP 47 tag, such as `en`, `zh-Hans` or `de-AT`."))
        profile_.language = *tag;
    if (const auto zone = fields_.parsed("timeZone", if_it(known_time_zone), "unknown_time_zone",
                                         "`timeZone` is the name of an IANA time zone, such as `Europe/London`."))
        profile_.time_zone = *zone;
}

void ProfileReader::read_regime() {
    const std::string* id = fields_.text("regime");
    if (id == nullptr) return;
    profile_.regime = *id;
    if (id->empty() || (context_.regimes == nullptr && !is_name(*id, longest_name))) {
        fields_.fault("regime", "unknown_regime", "`regime` is the id of a regime, such as `generic`.");
    } else if (context_.regimes != nullptr && context_.regimes->find(*id) == nullptr) {
        const std::vector<std::string> ids = context_.regimes->ids();
        const std::vector<std::string_view> known(ids.begin(), ids.end());
        const std::string_view meant = nearest(*id, known);
        fields_.fault("regime", "unknown_regime",
                      "There is no regime " + in_ticks(*id) +
                          (meant.empty() ? "; the regimes are " + listed(known) + "."
                                         : "; did you mean `" + std::string(meant) + "`?"));
    }
}

void ProfileReader::read_channels() {
    const auto channels = fields_.texts("channels", [](const std::string& channel) -> std::optional<Objection> {
        if (channel == "sms" || channel == "app") return std::nullopt;
        return Objection{"unknown_channel", in_ticks(channel) + " is no channel; the channels are `sms` and `app`."};
    });
    if (channels && channels->empty())
        fields_.fault("channels", "empty", "`channels` names at least one of `sms` and `app`.");
    if (channels) profile_.channels = *channels;
    const auto address =
        fields_.parsed("appAddress", if_it([](std::string_view text) { return is_name(text, longest_app_address); }),
                       "bad_app_address", "`appAddress` is 1 to 4096 printable characters.");
    if (address) profile_.app_address = *address;
}

void ProfileReader::read_caps_and_limits() {
    if (const json* list = fields_.array("caps"))
        profile_.caps = read_caps(*list, fields_.pointer_of("caps"), context_.known_country, faults_);
    read_high_cost();
}

void ProfileReader::read_high_cost() {
    const json* money = fields_.find("highCostPerMegabyte");
    if (money == nullptr) return;
    const std::string at = fields_.pointer_of("highCostPerMegabyte");
    if (money->is_number()) {
        faults_.add(
            at, "money_not_string",
            "Money is an object such as {\"amount\":\"3.00\",\"currency\":\"GBP\"}, its amount a decimal string, "
            "not a number.");
        return;
    }
    if (!ObjectReader::is_object(*money, at, faults_)) return;
    ObjectReader fields(*money, at, money_fields, faults_);
    for (std::string_view name : money_fields)
        if (!fields.has(name)) fields.fault(name, "required", "Money needs `amount` and `currency`.");
    const auto currency = read_currency(fields);
    const json* amount = fields.find("amount");
    const auto micros =
        amount == nullptr ? std::nullopt : read_money(*amount, "amount", fields.pointer_of("amount"), faults_);
    if (currency && micros) profile_.high_cost_per_megabyte = tariffs::Money{*micros, *currency};
}

void ProfileReader::read_payer() {
    const json* payer = fields_.find("payer");
    const std::string at = fields_.pointer_of("payer");
    if (payer == nullptr || !ObjectReader::is_object(*payer, at, faults_)) return;
    ObjectReader fields(*payer, at, payer_fields, faults_);
    if (!fields.has("msisdn")) fields.fault("msisdn", "required", "`payer` needs the `msisdn` of the line that pays.");
    const auto number = fields.parsed("msisdn", Msisdn::parse, "bad_msisdn", std::string(number_form));
    if (!number) return;
    profile_.payer = *number;
    if (*number == profile_.msisdn || *number == context_.own)
        fields.fault("msisdn", "payer_is_self",
                     "A line cannot be its own payer; leave `payer` out where it pays itself.");
}

void ProfileReader::read_opt_out() {
    const Regime* regime = nullptr;
    if (context_.regimes != nullptr)
        regime = context_.regimes->find(profile_.regime.empty() ? context_.default_regime : profile_.regime);
    const auto words =
        fields_.texts("optOut", [this, regime](const std::string& word) { return objection_to_opt_out(word, regime); });
    if (!words) return;
    for (const std::string& word : *words)
        if (const auto kind = notifications::parse_kind(word)) profile_.opt_out.insert(*kind);
}

/// `regime` is nullptr where it is unknown: then only what no regime may allow is refused.
std::optional<Objection> ProfileReader::objection_to_opt_out(const std::string& word, const Regime* regime) const {
    const auto kind = notifications::parse_kind(word);
    if (!kind) {
        std::vector<std::string_view> known;
        for (int i = 0; i < notifications::kind_count; ++i)
            if (may_ever_opt_out(static_cast<Kind>(i))) known.push_back(notifications::word(static_cast<Kind>(i)));
        return Objection{
            "unknown_message_kind",
            in_ticks(word) + " is no kind of message; what can be switched off is among " + listed(known) + "."};
    }
    if (!may_ever_opt_out(*kind))
        return Objection{"not_switchable", "`" + word + "` messages protect the customer and cannot be switched off."};
    if (regime != nullptr && !regime->may_opt_out.contains(*kind))
        return Objection{"not_switchable",
                         "The regime `" + regime->id + "` does not let `" + word + "` messages be switched off."};
    return std::nullopt;
}

void ProfileReader::read_switches() {
    profile_.hold = fields_.boolean("hold");
    profile_.data_roaming = fields_.parsed(
        "dataRoaming",
        [](std::string_view text) -> std::optional<bool> {
            if (text == "allowed") return true;
            if (text == "barred") return false;
            return std::nullopt;
        },
        "bad_data_roaming", "`dataRoaming` is `allowed` or `barred`.");
}

void put(json& object, const char* name, const std::string& text) {
    if (!text.empty()) object[name] = text;
}

}  // namespace

tl::expected<Profile, std::vector<ProfileFault>> read_profile(const json& body, const ProfileContext& context) {
    Faults faults;
    Profile profile;
    if (ObjectReader::is_object(body, "", faults)) profile = ProfileReader(body, context, faults).read();
    if (!faults.none()) return tl::unexpected(faults.take());
    return profile;
}

json profile_to_json(const Profile& profile) {
    json object = json::object();
    put(object, "id", profile.id);
    put(object, "msisdn", profile.msisdn.e164());
    put(object, "imsi", profile.imsi);
    if (profile.kind) object["kind"] = word(*profile.kind);
    put(object, "homeCountry", profile.home_country.code());
    put(object, "plan", profile.plan);
    put(object, "language", profile.language);
    put(object, "timeZone", profile.time_zone);
    put(object, "regime", profile.regime);
    if (!profile.channels.empty()) object["channels"] = profile.channels;
    put(object, "appAddress", profile.app_address);
    if (profile.caps) object["caps"] = json::array();
    for (const CapRule& cap : profile.caps.value_or(std::vector<CapRule>{}))
        object["caps"].push_back(cap_to_json(cap));
    if (const auto& limit = profile.high_cost_per_megabyte)
        object["highCostPerMegabyte"] = {{"amount", tariffs::to_decimal(*limit)}, {"currency", limit->currency.code()}};
    if (!profile.payer.none()) object["payer"] = {{"msisdn", profile.payer.e164()}};
    for (const Kind kind : profile.opt_out)
        object["optOut"].push_back(notifications::word(kind));
    if (profile.hold) object["hold"] = *profile.hold;
    if (profile.data_roaming) object["dataRoaming"] = *profile.data_roaming ? "allowed" : "barred";
    return object;
}

json merge_patch(json target, const json& patch) {
    target.merge_patch(patch);
    return target;
}

}  // namespace roamguard::customers
