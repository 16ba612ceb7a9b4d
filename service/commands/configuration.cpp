#include "service/commands/configuration.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <stdexcept>

#include "tariffs/instant.h"

extern char** environ;

namespace roamguard::commands {
namespace {

using Kind = Option::Kind;

std::vector<Option> make_options() {
    return {
        {Kind::text, "listen", "127.0.0.1:8080", "address and port of the HTTP interface", {}, false},
        {Kind::text,
         "store",
         "sqlite:///var/lib/roamguard/roamguard.db",
         "where everything is kept: sqlite:///PATH, or postgresql://… for several instances",
         {},
         false},
        {Kind::text, "networks", "", "PLMN table (CSV); empty: the built-in one", {}, false},
        {Kind::text, "networks-overlay", "", "a second PLMN table whose rows replace or add to the first", {}, false},
        {Kind::text,
         "neighbours",
         "",
         "pairs of countries that hear each other's networks (CSV); empty: the built-in table",
         {},
         false},
        {Kind::text,
         "geoip-database",
         "var/country.mmdb",
         "IP-to-country database (MaxMind DB); a missing one is a named warning",
         {},
         false},
        {Kind::text,
         "home.country",
         "GB",
         "home country of customers whose own is not known, ISO 3166-1 alpha-2",
         {},
         false},
        {Kind::list, "home.plmns", "", "the operator's own networks, MCC-MNC, separated by commas", {}, false},
        {Kind::text, "default-regime", "generic", "what protects a customer whose profile names no regime", {}, false},
        {Kind::text,
         "regimes.dir",
         "",
         "directory of regime files (TOML) that add to the built-in ones or replace them",
         {},
         false},
        {Kind::text,
         "templates.dir",
         "",
         "directory of message templates, <language>/<kind>.txt, that replace built-in ones",
         {},
         false},
        {Kind::text,
         "public-url",
         "",
         "address travellers reach, for links in messages; empty: http://<listen>",
         {},
         false},
        {Kind::choice, "links", "on", "links in messages", {"on", "zero-rated", "none"}, false},
        {Kind::choice, "sms.driver", "sandbox", "how SMS leave", {"sandbox", "kannel", "webhook"}, false},
        {Kind::text, "sms.sender", "Roamguard", "sender shown to the traveller", {}, false},
        {Kind::text,
         "sms.callback-url",
         "",
         "address the gateway reports receipts to; empty: http://<listen>",
         {},
         false},
        {Kind::whole, "sms.rate", "0", "SMS handed to the gateway a second; 0: no limit", {}, false},
        {Kind::whole, "sms.concurrency", "4", "SMS handed to the gateway at once", {}, false},
        {Kind::text,
         "sms.kannel.url",
         "",
         "Kannel's sendsms address, such as http://127.0.0.1:13013/cgi-bin/sendsms",
         {},
         false},
        {Kind::text, "sms.kannel.username", "", "Kannel's sendsms user", {}, false},
        {Kind::text, "sms.kannel.password", "", "that user's password", {}, true},
        {Kind::text, "sms.kannel.smsc", "", "Kannel's SMSC connection to send by; empty: Kannel routes", {}, false},
        {Kind::text, "sms.webhook-url", "", "where SMS are posted with sms.driver webhook", {}, false},
        {Kind::text, "sms.webhook-secret", "", "Standard Webhooks secret that signs them", {}, true},
        {Kind::choice, "app.driver", "sandbox", "how app messages leave", {"sandbox", "webhook"}, false},
        {Kind::text, "app.webhook-url", "", "where app messages are posted with app.driver webhook", {}, false},
        {Kind::text, "app.webhook-secret", "", "Standard Webhooks secret that signs them", {}, true},
        {Kind::span,
         "app.confirm-within",
         "2m",
         "an app message not confirmed in this time goes by SMS too",
         {},
         false},
        {Kind::text, "platform.webhook-url", "", "where the roaming platform is told of holds and releases", {}, false},
        {Kind::text,
         "platform.webhook-secret",
         "",
         "Standard Webhooks secret that signs what the platform is told",
         {},
         true},
        {Kind::yes_no, "tariffs.four-eyes", "no", "whether a tariff draft needs a second person's approval", {}, false},
        {Kind::span, "events.max-age", "35d", "an older event is refused", {}, false},
        {Kind::span, "events.max-ahead", "10m", "an event further in the future is refused", {}, false},
        {Kind::whole, "events.max-batch", "1000", "events in one batch", {}, false},
        {Kind::whole, "events.max-queued", "4096", "events waiting before requests are answered 503", {}, false},
        {Kind::whole,
         "events.allowed-rate",
         "0",
         "requests per minute told in the web-hook handshake; 0: any",
         {},
         false},
        {Kind::list,
         "events.webhook-secrets",
         "",
         "Standard Webhooks secrets of event senders that sign instead of sending a key, separated by commas",
         {},
         true},
        {Kind::span,
         "camara.settle-after",
         "60s",
         "after a CAMARA roaming-on the country is waited for so long, then the place counts as unknown",
         {},
         false},
        {Kind::text,
         "camara.retrieve-url",
         "",
         "CAMARA device-roaming-status retrieve, asked where a device is that only roams; empty: not asked",
         {},
         false},
        {Kind::text, "camara.retrieve-token", "", "bearer token for it", {}, true},
        {Kind::span, "camara.retrieve-timeout", "5s", "how long one such question may take", {}, false},
        {Kind::list,
         "camara.compat",
         "",
         "CloudEvent sources whose known faults are forgiven (numeric id, countryName as text); *: all",
         {},
         false},
        {Kind::text,
         "nchf.statuses",
         "0=active,80=warning,held=exhausted",
         "words a policy counter shows (3GPP TS 29.594) from a percentage on, and while its cap holds",
         {},
         false},
        {Kind::span,
         "warn.lead-time",
         "10m",
         "a cap's last threshold is told early where its limit is nearer than this and the usual delay; 0s: never",
         {},
         false},
        {Kind::span, "welcome.repeat-after", "24h", "a country is not welcomed again within this", {}, false},
        {Kind::span, "trip.home-dwell", "6h", "a trip ends when home has lasted this long", {}, false},
        {Kind::span,
         "confirm.repeat-after",
         "1h",
         "a question is asked again, or withdrawn after leaving, at the earliest after this",
         {},
         false},
        {Kind::span, "confirm.expiry", "24h", "an unanswered question expires after this", {}, false},
        {Kind::yes_no, "vowifi.roams", "no", "whether Wi-Fi calling abroad counts as roaming", {}, false},
        {Kind::whole,
         "billing.tolerance",
         "5",
         "percent by which a session's charge may differ from the tariff",
         {},
         false},
        {Kind::text,
         "authorizations.max-grant",
         "100 MB",
         "most data granted at once where no cap limits it, or where nothing certain is asked for",
         {},
         false},
        {Kind::span, "authorizations.max-grant-voice", "30m", "the same for calls", {}, false},
        {Kind::whole, "authorizations.max-grant-messages", "10", "the same for messages", {}, false},
        {Kind::span, "authorizations.grant-for", "30m", "how long a grant may be used", {}, false},
        {Kind::span,
         "authorizations.reserve-for",
         "6h",
         "how long the records of a grant are awaited after that, its money reserved",
         {},
         false},
        {Kind::span,
         "outbox.lease",
         "60s",
         "a message claimed by a dispatcher that died is claimable again after this",
         {},
         false},
        {Kind::span,
         "retention.events",
         "40d",
         "how long ids, sessions, rejected events and findings are kept",
         {},
         false},
        {Kind::span, "retention.messages", "400d", "how long messages are kept", {}, false},
        {Kind::whole, "http.threads", "512", "connections served at once", {}, false},
        {Kind::text, "tls.certificate", "", "PEM file; with tls.key the interface speaks HTTPS", {}, false},
        {Kind::text, "tls.key", "", "PEM file of the certificate's private key", {}, false},
        {Kind::text, "tls.client-ca", "", "PEM file; clients must then present a certificate it signed", {}, false},
        {Kind::choice, "log.level", "info", "least severe log lines shown", {"debug", "info", "warn", "error"}, false},
    };
}

std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const Option& option : options())
        all.push_back(option.name);
    return all;
}

const Option* find_option(const std::string& name) {
    for (const Option& option : options())
        if (option.name == name) return &option;
    return nullptr;
}

std::string variable_of(const std::string& name) {
    std::string variable = "ROAMGUARD_" + name;
    for (char& c : variable) {
        if (c == '.' || c == '-') c = '_';
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return variable;
}

std::string unknown(const std::string& what, const std::string& name, const std::string& shown_nearest) {
    return "unknown " + what + " " + name + (shown_nearest.empty() ? "" : "; did you mean " + shown_nearest + "?");
}

constexpr long long most_whole = 1'000'000'000;  ///< what counts threads, rows or percent fits an int

bool is_whole(const std::string& text) {
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && value >= 0 && value <= most_whole;
}

/// A hundred years at most: it is added to times, which must stay times.
bool is_span(const std::string& text) {
    const auto span = tariffs::parse_span(text);
    return span && *span <= tariffs::days(36'500);
}

/// What is wrong with a value; empty when nothing is.
std::string rule_of(const Option& option, const std::string& value) {
    switch (option.kind) {
        case Kind::whole:
            return is_whole(value) ? "" : fmt::format("must be a whole number up to {}, not {}", most_whole, value);
        case Kind::span:
            return is_span(value) ? "" : "must be a duration such as 90s, 30m, 6h or 35d, not " + value;
        case Kind::yes_no:
            return value == "yes" || value == "no" || value == "true" || value == "false"
                       ? ""
                       : "must be yes or no, not " + value;
        case Kind::choice: {
            if (std::find(option.choices.begin(), option.choices.end(), value) != option.choices.end()) return "";
            std::string all;
            for (const std::string& choice : option.choices)
                all += (all.empty() ? "" : ", ") + choice;
            return "must be one of " + all + ", not " + value;
        }
        default:
            return "";
    }
}

struct Loading {
    std::map<std::string, Configuration::Value>& values;
    std::vector<std::string>& faults;

    void set(const Option& option, const std::string& value, From from, const std::string& where) {
        if (const std::string rule = rule_of(option, value); !rule.empty()) {
            faults.push_back(where + " " + rule);
            return;
        }
        values[option.name] = {value, from};
    }
};

/// Nothing for what no option may be: a fraction, a date, a table in a list.
std::optional<std::string> text_of(const toml::node& node) {
    if (const auto* value = node.as_string()) return value->get();
    if (const auto* value = node.as_integer()) return std::to_string(value->get());
    if (const auto* value = node.as_boolean()) return value->get() ? "yes" : "no";
    const auto* array = node.as_array();
    if (!array) return std::nullopt;
    std::string all;
    for (const toml::node& one : *array) {
        const std::optional<std::string> text = one.is_array() ? std::nullopt : text_of(one);
        if (!text) return std::nullopt;
        all += (all.empty() ? "" : ",") + *text;
    }
    return all;
}

void read_table(const toml::table& table, const std::string& prefix, const std::string& file, Loading& loading) {
    for (const auto& [key, node] : table) {
        const std::string name = prefix + std::string(key.str());
        if (const toml::table* inner = node.as_table()) {
            read_table(*inner, name + ".", file, loading);
            continue;
        }
        const Option* option = find_option(name);
        if (!option)
            loading.faults.push_back(unknown("option", name + " in " + file, nearest(name, names())));
        else if (const std::optional<std::string> text = text_of(node))
            loading.set(*option, *text, From::file, name + " in " + file);
        else
            loading.faults.push_back(name + " in " + file +
                                     " must be a text in quotes, a whole number, true or false, or a list of them");
    }
}

void read_file(const std::string& file, Loading& loading) {
    if (file.empty()) return;
    try {
        read_table(toml::parse_file(file), "", file, loading);
    } catch (const toml::parse_error& error) {
        loading.faults.push_back("cannot read " + file + ": line " + std::to_string(error.source().begin.line) + ": " +
                                 std::string(error.description()));
    }
}

std::size_t distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
            diagonal = above;
        }
    }
    return row[b.size()];
}

void read_environment(Loading& loading) {
    std::map<std::string, const Option*> by_variable;
    std::vector<std::string> variables;
    for (const Option& option : options()) {
        by_variable[variable_of(option.name)] = &option;
        variables.push_back(variable_of(option.name));
    }
    for (char** entry = environ; *entry; ++entry) {
        const std::string text = *entry;
        const std::size_t equals = text.find('=');
        const std::string name = text.substr(0, equals);
        if (name.rfind("ROAMGUARD_", 0) != 0 || name == "ROAMGUARD_CONFIG" || name == "ROAMGUARD_URL" ||
            name == "ROAMGUARD_KEY")
            continue;
        const auto known = by_variable.find(name);
        if (known == by_variable.end()) {
            // Another program's variable may share the prefix; a near miss is a misspelt option and stops the program.
            const std::string near = nearest(name, variables);
            if (!near.empty() && distance(name, near) <= 2)
                loading.faults.push_back(unknown("environment variable", name, near));
        } else {
            loading.set(*known->second, text.substr(equals + 1), From::environment, name);
        }
    }
}

}  // namespace

const std::vector<Option>& options() {
    static const std::vector<Option> all = make_options();
    return all;
}

std::string nearest(const std::string& word, const std::vector<std::string>& all) {
    std::string best;
    std::size_t least = std::max<std::size_t>(3, word.size() / 2);
    for (const std::string& name : all)
        if (const std::size_t far = distance(word, name); far < least) {
            least = far;
            best = name;
        }
    return best;
}

tl::expected<Configuration, std::vector<std::string>> Configuration::load(
    const std::map<std::string, std::string>& flags, const std::string& file) {
    Configuration configuration;
    std::vector<std::string> faults;
    for (const Option& option : options())
        configuration.values_[option.name] = {option.fallback, From::fallback};
    Loading loading{configuration.values_, faults};
    read_file(file, loading);
    read_environment(loading);
    for (const auto& [name, value] : flags) {
        const Option* option = find_option(name);
        if (!option)
            faults.push_back(
                unknown("option", "--" + name, nearest(name, names()).empty() ? "" : "--" + nearest(name, names())));
        else
            loading.set(*option, value, From::flag, "--" + name);
    }
    if (!faults.empty()) return tl::unexpected(std::move(faults));
    return configuration;
}

const std::string& Configuration::text(const std::string& name) const {
    const auto value = values_.find(name);
    if (value == values_.end()) throw std::logic_error("no option is named " + name);
    return value->second.text;
}

long long Configuration::whole(const std::string& name) const { return std::stoll(text(name)); }
long long Configuration::span_ms(const std::string& name) const { return tariffs::parse_span(text(name)).value().ms; }
bool Configuration::yes(const std::string& name) const { return text(name) == "yes" || text(name) == "true"; }

std::vector<std::string> Configuration::list(const std::string& name) const {
    std::vector<std::string> items;
    std::string item;
    for (char c : text(name) + ",") {
        if (c != ',') {
            if (c != ' ') item += c;
        } else if (!item.empty()) {
            items.push_back(item);
            item.clear();
        }
    }
    return items;
}

namespace {

/// `postgresql://name:********@host/db`: of a URL everything but its passwords may be shown, which libpq takes among
/// the parameters too.
std::string without_password(std::string text) {
    const std::size_t scheme = text.find("://");
    if (scheme == std::string::npos) return text;
    for (std::size_t from = text.find('?'); (from = text.find("password=", from)) != std::string::npos;) {
        from += std::string_view("password=").size();
        text.replace(from, std::min(text.find('&', from), text.size()) - from, "********");
    }
    const std::size_t end = std::min(text.find('/', scheme + 3), text.size());
    const std::size_t at = text.rfind('@', end);
    const std::size_t colon = text.find(':', scheme + 3);
    if (at == std::string::npos || at < scheme + 3 || colon > at) return text;
    return text.replace(colon + 1, at - colon - 1, "********");
}

/// As it stands between the quotes of a TOML text.
std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\u{:04X}", byte);
        else if (c == '"' || c == '\\')
            out += {'\\', c};
        else
            out += c;
    }
    return out;
}

}  // namespace

std::string Configuration::print() const {
    static const char* const origins[] = {"default", "file", "environment", "flag"};
    std::string out, section;
    auto lines_of = [&](const Option& option, const std::string& key) {
        const Value& value = values_.at(option.name);
        const bool bare = option.kind == Kind::whole;
        const std::string shown = option.secret && !value.text.empty() ? "********" : without_password(value.text);
        std::string choices;
        for (const std::string& choice : option.choices)
            choices += (choices.empty() ? ": " : ", ") + choice;
        out += "# " + option.about + choices + " (" + origins[static_cast<int>(value.from)] + ")\n" + key + " = " +
               (bare ? shown : "\"" + escaped(shown) + "\"") + "\n";
    };
    for (const Option& option : options())
        if (option.name.find('.') == std::string::npos) lines_of(option, option.name);
    for (const Option& option : options()) {
        const std::size_t dot = option.name.find('.');
        if (dot == std::string::npos) continue;
        if (option.name.substr(0, dot) != section) {
            section = option.name.substr(0, dot);
            out += "\n[" + section + "]\n";
        }
        lines_of(option, option.name.substr(dot + 1));
    }
    return out;
}

}  // namespace roamguard::commands
