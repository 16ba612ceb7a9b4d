#include "service/customers/regimes.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "data/embedded.h"
#include "service/customers/cap_json.h"
#include "service/customers/object_reader.h"

namespace roamguard::customers {

namespace {

using nlohmann::json;
using notifications::Kind;
using Sentences = std::vector<std::string>;

constexpr std::string_view embedded_folder = "data/regimes/";
constexpr std::string_view extension = ".toml";
constexpr std::string_view local_currency = "LOCAL";
constexpr const char* local_amounts_field = "localAmounts";
constexpr std::array<std::string_view, 5> regime_fields{"id", "title", "dataRoaming", "optOut", "caps"};
constexpr std::size_t most_file_bytes = 1U << 20;

/// TOML as JSON, so that the caps of a regime and of a profile are read by the same code. Dates become null, which no
/// field accepts.
json to_json(const toml::node& node) {
    if (const auto* table = node.as_table()) {
        json object = json::object();
        for (const auto& [key, value] : *table)
            object[std::string(key.str())] = to_json(value);
        return object;
    }
    if (const auto* array = node.as_array()) {
        json list = json::array();
        for (const auto& value : *array)
            list.push_back(to_json(value));
        return list;
    }
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* whole = node.as_integer()) return whole->get();
    if (const auto* real = node.as_floating_point()) return real->get();
    if (const auto* truth = node.as_boolean()) return truth->get();
    return nullptr;
}

/// Reads one regime's file; every fault becomes a sentence beginning with the file's name.
class RegimeReader {
public:
    RegimeReader(std::string file, std::string id, Sentences& sentences)
        : file_(std::move(file)), sentences_(sentences) {
        regime_.id = std::move(id);
    }

    [[nodiscard]] Regime read(std::string_view text) {
        try {
            read_document(to_json(toml::parse(text, file_)));
        } catch (const toml::parse_error& error) {
            sentences_.push_back(file_ + ", line " + std::to_string(error.source().begin.line) +
                                 ": this is not TOML: " + std::string(error.description()) + ".");
        }
        for (const ProfileFault& fault : faults_.take())
            sentences_.push_back(file_ + (fault.pointer.empty() ? "" : ", " + fault.pointer) + ": " + fault.detail);
        return std::move(regime_);
    }

private:
    void read_document(json document) {
        ObjectReader fields(document, "", regime_fields, faults_);
        read_names(fields);
        const auto roaming = fields.parsed(
            "dataRoaming",
            [](std::string_view word) -> std::optional<bool> {
                if (word != "allowed" && word != "barred") return std::nullopt;
                return word == "barred";
            },
            "bad_data_roaming", "`dataRoaming` is `allowed` or `barred`.");
        regime_.data_roaming_off = roaming.value_or(false);
        read_opt_out(fields);
        if (fields.array("caps") == nullptr) return;
        json& caps = document["caps"];
        std::vector<json> amounts = take_local_amounts(caps);
        regime_.caps = read_caps(caps, "/caps", {}, faults_);
        if (!faults_.none()) return;
        for (std::size_t i = 0; i < amounts.size(); ++i)
            if (!amounts[i].is_null()) make_local(regime_.caps[i], amounts[i], "/caps/" + std::to_string(i));
    }

    void read_names(ObjectReader& fields) {
        const std::string* id = fields.text("id");
        if (id != nullptr && *id != regime_.id)
            fields.fault("id", "bad_id",
                         "`id` is " + in_ticks(*id) + ", but the file's name says `" + regime_.id + "`.");
        const std::string* title = fields.text("title");
        if (title != nullptr) regime_.title = *title;
        for (const char* name : {"id", "title"})
            if (!fields.has(name)) fields.fault(name, "required", "A regime needs `id` and `title`.");
    }

    void read_opt_out(ObjectReader& fields) {
        const auto words = fields.texts("optOut", [](const std::string& word) -> std::optional<Objection> {
            const auto kind = notifications::parse_kind(word);
            if (kind && may_ever_opt_out(*kind)) return std::nullopt;
            return Objection{"not_switchable", in_ticks(word) + " is no message that a customer may switch off."};
        });
        if (!words) return;
        for (const std::string& word : *words)
            if (const auto kind = notifications::parse_kind(word)) regime_.may_opt_out.insert(*kind);
    }

    /// Takes `localAmounts` out of each cap in LOCAL currency (null: the cap is not local) and lends it a real currency
    /// while it is read.
    static std::vector<json> take_local_amounts(json& caps) {
        std::vector<json> taken(caps.size());
        for (std::size_t i = 0; i < caps.size(); ++i) {
            json& cap = caps[i];
            if (!cap.is_object() || cap.value("currency", json{}) != local_currency) continue;
            cap["currency"] = "EUR";
            taken[i] = cap.value(local_amounts_field, json::object());
            cap.erase(local_amounts_field);
        }
        return taken;
    }

    void make_local(CapRule& cap, const json& amounts, const std::string& pointer) {
        cap.currency = {};
        regime_.local_currency_caps.insert(cap.id);
        const std::string at = pointer + "/" + local_amounts_field;
        if (!ObjectReader::is_object(amounts, at, faults_)) return;
        if (!amounts.empty() && (!cap.stages.empty() || cap.extension || cap.every)) {
            faults_.add(at, "local_amounts", "`localAmounts` goes with a plain `amount`, without stages or extension.");
            return;
        }
        for (const auto& item : amounts.items()) {
            const auto currency = tariffs::Currency::parse(item.key());
            if (!currency)
                faults_.add(at + "/" + item.key(), "unknown_currency", in_ticks(item.key()) + " is no currency.");
            const auto micros = read_money(item.value(), item.key(), at + "/" + item.key(), faults_);
            if (currency && micros) regime_.local_amounts[cap.id][*currency] = *micros;
        }
    }

    std::string file_;
    Sentences& sentences_;
    Faults faults_;
    Regime regime_;
};

/// The id a file is for, by its name; nothing for other files.
std::optional<std::string> id_of_file(std::string_view name) {
    if (!name.ends_with(extension) || name.size() == extension.size()) return std::nullopt;
    return std::string(name.substr(0, name.size() - extension.size()));
}

std::map<std::string, std::string> overlay_files(const std::string& directory, Sentences& sentences) {
    std::map<std::string, std::string> files;
    std::error_code error;
    std::filesystem::directory_iterator entries(directory, error);
    if (error) {
        sentences.push_back("The regimes directory " + directory + " cannot be read: " + error.message() + ".");
        return files;
    }
    for (; !error && entries != std::filesystem::directory_iterator{}; entries.increment(error)) {
        const std::string name = entries->path().filename().string();
        if (!id_of_file(name)) continue;
        std::ifstream file(entries->path(), std::ios::binary);
        std::string text(most_file_bytes + 1, '\0');
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        text.resize(static_cast<std::size_t>(file.gcount()));
        if (file.bad() || !file.is_open())
            sentences.push_back(entries->path().string() + " cannot be read.");
        else if (text.size() > most_file_bytes)
            sentences.push_back(entries->path().string() + " is larger than 1 MB.");
        else
            files.emplace(name, std::move(text));
    }
    if (error) sentences.push_back("The regimes directory " + directory + " cannot be read: " + error.message() + ".");
    return files;
}

}  // namespace

tl::expected<Regimes, std::vector<std::string>> Regimes::load(const std::string& directory) {
    Regimes regimes;
    Sentences sentences;
    for (const auto& [path, text] : data::embedded_files()) {
        if (!path.starts_with(embedded_folder)) continue;
        const auto id = id_of_file(std::string_view(path).substr(embedded_folder.size()));
        if (id) regimes.regimes_.insert_or_assign(*id, RegimeReader(path, *id, sentences).read(text));
    }
    if (!directory.empty()) {
        for (const auto& [name, text] : overlay_files(directory, sentences)) {
            const std::string id = *id_of_file(name);
            regimes.regimes_.insert_or_assign(id, RegimeReader(name, id, sentences).read(text));
        }
    }
    if (!sentences.empty()) return tl::unexpected(std::move(sentences));
    return regimes;
}

const Regime* Regimes::find(std::string_view id) const {
    const auto found = regimes_.find(id);
    return found == regimes_.end() ? nullptr : &found->second;
}

std::vector<std::string> Regimes::ids() const {
    std::vector<std::string> ids;
    for (const auto& [id, regime] : regimes_)
        ids.push_back(id);
    return ids;
}

std::vector<CapRule> caps_for(const Regime& regime, tariffs::Currency local) {
    std::vector<CapRule> caps = regime.caps;
    for (CapRule& cap : caps) {
        if (!regime.local_currency_caps.contains(cap.id)) continue;
        cap.currency = local;
        const auto amounts = regime.local_amounts.find(cap.id);
        if (amounts == regime.local_amounts.end()) continue;
        if (const auto amount = amounts->second.find(local); amount != amounts->second.end())
            cap.limit = amount->second;
    }
    return caps;
}

bool may_ever_opt_out(Kind kind) {
    switch (kind) {
        case Kind::welcome:
        case Kind::threshold:
        case Kind::inadvertent:
        case Kind::pass_threshold:
        case Kind::pass_ended:
        case Kind::trip_summary:
            return true;
        case Kind::confirm_destination:
        case Kind::confirm_cap:
        case Kind::cap_reached:
        case Kind::receipt:
        case Kind::declined:
        case Kind::released:
        case Kind::no_guarantee:
        case Kind::help:
        case Kind::usage:
            return false;
    }
    throw std::logic_error("a kind of message that nobody thought of");
}

}  // namespace roamguard::customers
