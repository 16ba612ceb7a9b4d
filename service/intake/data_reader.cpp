#include "service/intake/data_reader.h"

#include <algorithm>

#include "geoip/ip_country.h"
#include "service/json/reader.h"

namespace roamguard::intake {

namespace {

constexpr std::string_view attach_names[] = {"subscriber", "visitedNetwork", "ipAddress", "ipOf", "access"};
constexpr std::string_view detach_names[] = {"subscriber", "visitedNetwork"};
constexpr std::string_view usage_names[] = {"subscriber", "visitedNetwork", "service",   "quantity",
                                            "session",    "called",         "startedAt", "endedAt",
                                            "charged",    "chargedTax",     "chargedAs"};
constexpr std::string_view authorization_names[] = {"subscriber", "visitedNetwork", "service",   "requested", "session",
                                                    "used",       "final",          "emergency", "called"};
constexpr std::string_view subscriber_names[] = {"msisdn", "imsi", "id"};
constexpr std::string_view network_names[] = {"mcc", "mnc", "tadig"};
constexpr std::string_view charged_names[] = {"amount", "currency"};
constexpr std::string_view access_words[] = {"2g", "3g", "4g", "5g", "vowifi"};
constexpr std::string_view time_rule = "must be an RFC 3339 time with an offset, such as 2026-11-24T05:31:00+08:00";
constexpr std::int64_t most_quantity = 1'000'000'000'000'000;

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Nothing when the time is fit; otherwise the code and the rule it breaks.
std::optional<std::pair<std::string, std::string>> out_of_reach(const AttributeTime& time, tariffs::Instant now,
                                                                const Limits& limits) {
    using Range = AttributeTime::Range;
    if (time.range == Range::before || (time.range == Range::within && time.written.at < now - limits.max_age))
        return std::pair("too_old", "is more than " + tariffs::to_text(limits.max_age) + " ago");
    if (time.range == Range::after || time.written.at > now + limits.max_ahead)
        return std::pair("in_the_future", "is more than " + tariffs::to_text(limits.max_ahead) + " in the future");
    return std::nullopt;
}

}  // namespace

void DataReader::time(const std::optional<AttributeTime>& time) {
    if (!time) return faults_.add("/time", "required", "time is missing: it says when the event happened");
    if (const auto fault = out_of_reach(*time, now_, limits_))
        return faults_.add("/time", fault->first, "time " + fault->second);
    event_.time = time->written;
}

void DataReader::attach(const nlohmann::json& object) {
    ObjectReader data(object, root_, attach_names, faults_);
    subscriber(data);
    visited_network(data);
    ip_address(data);
    access(data);
    if (!data.find("visitedNetwork") && !data.find("ipAddress"))
        data.fault("", "required", "must have visitedNetwork or ipAddress, or both");
}

void DataReader::detach(const nlohmann::json& object) {
    ObjectReader data(object, root_, detach_names, faults_);
    subscriber(data);
    visited_network(data);
}

void DataReader::usage(const nlohmann::json& object) {
    ObjectReader data(object, root_, usage_names, faults_);
    subscriber(data);
    visited_network(data);
    service(data);
    data.require("quantity");
    event_.quantity = quantity(data, "quantity", 0).value_or(0);
    session(data);
    called(data);
    period(data);
    charged(data);
    charged_words(data);
}

void DataReader::authorization(const nlohmann::json& object, AuthorizationRequest& out) {
    ObjectReader data(object, root_, authorization_names, faults_);
    subscriber(data);
    visited_network(data);
    service(data);
    session(data);
    called(data);
    out.requested = quantity(data, "requested", 1);
    out.used = quantity(data, "used", 0);
    out.final = data.boolean("final").value_or(false);
    out.emergency = data.boolean("emergency").value_or(false);
}

void DataReader::service(ObjectReader& data) {
    data.require("service");
    const auto* word = data.text("service");
    if (!word) return;
    const auto service = tariffs::parse_service(*word);
    if (!service) data.fault("service", "invalid_value", "must be one of data, voice_mo, voice_mt, sms_mo, sms_mt");
    event_.service = service.value_or(tariffs::Service::data);
}

void DataReader::subscriber(ObjectReader& data) {
    data.require("subscriber");
    const auto* object = data.object("subscriber");
    if (!object) return;
    const std::string pointer = root_ + "/subscriber";
    ObjectReader subscriber(*object, pointer, subscriber_names, faults_);
    if (object->empty()) subscriber.fault("", "required", "must have at least one of msisdn, imsi, id");
    if (const auto* text = subscriber.text("msisdn")) {
        if (const auto number = notifications::Msisdn::parse(*text))
            event_.subscriber.msisdn = *number;
        else
            subscriber.fault("msisdn", "invalid_value", e164_rule);
    }
    event_.subscriber.imsi = read_imsi(subscriber, "imsi");
    if (const auto* text = subscriber.text("id")) {
        if (is_customer_id(*text))
            event_.subscriber.id = *text;
        else
            subscriber.fault("id", "invalid_value", customer_id_rule);
    }
}

void DataReader::visited_network(ObjectReader& data) {
    const auto* object = data.object("visitedNetwork");
    if (!object) return;
    const std::string pointer = root_ + "/visitedNetwork";
    ObjectReader network(*object, pointer, network_names, faults_);
    const bool by_code = network.find("mcc") || network.find("mnc");
    if (by_code && network.find("tadig"))
        return network.fault("", "conflict", "must be {mcc,mnc} or {tadig}, not both");
    if (by_code) {
        event_.plmn = read_plmn(network);
        return;
    }
    if (!network.find("tadig")) return network.fault("", "required", "must have mcc and mnc, or tadig");
    const auto* text = network.text("tadig");
    if (!text) return;
    const bool good = text->size() == 5 && std::all_of(text->begin(), text->end(), [](char c) {
                          return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
                      });
    if (!good) return network.fault("tadig", "invalid_value", "must be five upper-case letters or digits");
    event_.tadig = *text;
}

void DataReader::ip_address(ObjectReader& data) {
    if (const auto* text = data.text("ipAddress")) {
        if (geoip::is_ip_address(*text))
            event_.ip = *text;
        else
            data.fault("ipAddress", "invalid_value", "must be an IPv4 or IPv6 address without port, prefix or zone");
    }
    if (const auto* word = data.text("ipOf")) {
        const auto of = geoip::parse_ip_of(*word);
        if (!of) data.fault("ipOf", "invalid_value", "must be one of device, serving_node, breakout");
        event_.ip_of = of.value_or(geoip::IpOf::device);
    }
}

void DataReader::access(ObjectReader& data) {
    const auto* word = data.text("access");
    if (!word) return;
    if (std::find(std::begin(access_words), std::end(access_words), *word) == std::end(access_words))
        return data.fault("access", "invalid_value", "must be one of 2g, 3g, 4g, 5g, vowifi");
    event_.access = *word;
}

/// Nothing when absent or at fault.
std::optional<std::int64_t> DataReader::quantity(ObjectReader& data, std::string_view name, std::int64_t least) {
    const auto* value = data.find(name);
    if (!value) return std::nullopt;
    if (!value->is_number_integer()) {
        const std::string is = value->is_number() ? "a fraction" : std::string(json::kind_word(*value));
        data.fault(name, "wrong_type", "must be a whole number, and this is " + is);
        return std::nullopt;
    }
    // A non-negative number is unsigned in the reader, so beyond int64 it is still seen as large.
    const bool fits = value->is_number_unsigned()
                          ? value->get<std::uint64_t>() <= static_cast<std::uint64_t>(most_quantity) &&
                                value->get<std::uint64_t>() >= static_cast<std::uint64_t>(least)
                          : value->get<std::int64_t>() >= least;
    if (!fits) {
        data.fault(name, "out_of_range", "must be from " + std::to_string(least) + " to 1000000000000000");
        return std::nullopt;
    }
    return value->get<std::int64_t>();
}

void DataReader::session(ObjectReader& data) {
    const auto* text = data.text("session");
    if (!text) return;
    if (text->empty() || text->size() > 128 || !is_attribute_text(*text))
        return data.fault("session", "invalid_value", "must be 1 to 128 bytes without control characters");
    event_.session = *text;
}

void DataReader::called(ObjectReader& data) {
    const auto* word = data.text("called");
    if (!word) return;
    if (*word != "home" && *word != "local" && *word != "premium" && !geoip::Country::parse(*word))
        return data.fault("called", "invalid_value",
                          "must be home, local, premium or an upper-case ISO 3166 alpha-2 country");
    const auto* service = data.find("service");
    if (service && *service == "data") return data.fault("called", "conflict", "must not stand with service data");
    event_.called = *word;
}

void DataReader::period(ObjectReader& data) {
    const std::optional<AttributeTime> times[2] = {read_time(data, "startedAt", now_, limits_),
                                                   read_time(data, "endedAt", now_, limits_)};
    if (times[0] && times[1] && times[1]->written.at < times[0]->written.at)
        data.fault("endedAt", "conflict", "must not be before startedAt");
    if (times[0]) event_.time = times[0]->written;
    if (times[1]) event_.ended = times[1]->written.at;
}

void DataReader::charged(ObjectReader& data) {
    const auto* object = data.object("charged");
    if (!object) return;
    const std::string pointer = root_ + "/charged";
    ObjectReader money(*object, pointer, charged_names, faults_);
    money.require("amount");
    money.require("currency");
    Charged charged;
    bool good = true;
    const auto* amount = money.text("amount", " such as \"12.34\"");
    if (amount) {
        const auto read = tariffs::parse_decimal(*amount, tariffs::Sign::allowed);
        good = read.fault == tariffs::DecimalFault::none;
        if (!good)
            money.fault("amount", "invalid_value", "is no amount: " + std::string(tariffs::sentence(read.fault)));
        charged.amount.micros = read.micros;
    }
    const auto* code = money.text("currency");
    if (code) {
        const auto currency = tariffs::Currency::parse(*code);
        good = good && currency;
        if (!currency) money.fault("currency", "invalid_value", "must be an upper-case ISO 4217 code, such as CNY");
        charged.amount.currency = currency.value_or(tariffs::Currency{});
    }
    if (!amount || !code || !good) return;
    const auto* quantity = data.find("quantity");
    if (charged.amount.micros < 0 && !(quantity && *quantity == 0))
        return money.fault("amount", "conflict", "may be negative (a credit) only with quantity 0");
    event_.charged = charged;
}

void DataReader::charged_words(ObjectReader& data) {
    if (const auto* word = data.text("chargedTax")) {
        const auto tax = tariffs::parse_tax(*word);
        if (!tax) data.fault("chargedTax", "invalid_value", "must be incl or excl");
        if (event_.charged) event_.charged->tax = tax;
    }
    const auto* word = data.text("chargedAs");
    if (!word || *word == "tariff") return;
    if (*word == "allowance")
        event_.charged_as = ChargedAs::allowance;
    else if (*word == "free")
        event_.charged_as = ChargedAs::free;
    else
        data.fault("chargedAs", "invalid_value", "must be one of tariff, allowance, free");
}

std::optional<geoip::Plmn> read_plmn(ObjectReader& network) {
    network.require("mcc");
    network.require("mnc");
    constexpr std::string_view why = ", because 01 and 001 are different networks";
    const auto* mcc = network.text("mcc", why);
    const auto* mnc = network.text("mnc", why);
    const bool good_mcc = mcc && mcc->size() == 3 && all_digits(*mcc);
    if (mcc && !good_mcc) network.fault("mcc", "invalid_value", "must be exactly three digits");
    const bool good_mnc = mnc && (mnc->size() == 2 || mnc->size() == 3) && all_digits(*mnc);
    if (mnc && !good_mnc)
        network.fault("mnc", "invalid_value", "must be two or three digits, as the operator writes it");
    if (!good_mcc || !good_mnc) return std::nullopt;
    return geoip::Plmn::parse(*mcc, *mnc);
}

std::string read_imsi(ObjectReader& object, std::string_view name) {
    const auto* text = object.text(name);
    if (!text) return {};
    if (text->size() >= 6 && text->size() <= 15 && all_digits(*text)) return *text;
    object.fault(name, "invalid_value", "must be 6 to 15 digits (an IMSI has 14 or 15)");
    return {};
}

bool is_customer_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::optional<AttributeTime> read_time(ObjectReader& object, std::string_view name, tariffs::Instant now,
                                       const Limits& limits) {
    const auto* text = object.text(name);
    if (!text) return std::nullopt;
    auto time = parse_time(*text);
    if (!time) {
        object.fault(name, "invalid_value", time_rule);
    } else if (const auto fault = out_of_reach(*time, now, limits)) {
        object.fault(name, fault->first, fault->second);
        time.reset();
    }
    return time;
}

}  // namespace roamguard::intake
