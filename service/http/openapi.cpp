#include "service/http/openapi.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

namespace roamguard::http {
namespace {

using Document = nlohmann::ordered_json;

/// Makes the operations; holds the base to look names up in. One per document.
class Writer {
public:
    explicit Writer(const Document& base) : base_(base), components_(base.at("components")) {
        for (const Document& tag : base.at("tags"))
            tags_.insert(tag.at("name").get<std::string>());
    }

    Document operation(const Route& route) {
        const Doc& doc = route.doc;
        if (!doc.tag.empty() && !tags_.count(doc.tag)) throw std::logic_error("there is no tag " + doc.tag);
        Document out = {{"summary", without_point(route.summary)}, {"responses", responses(route)}};
        if (!doc.id.empty()) out["operationId"] = doc.id;
        if (!doc.tag.empty()) out["tags"] = {doc.tag};
        if (const std::string text = description(route); !text.empty()) out["description"] = text;
        if (Document list = parameters(route); !list.empty()) out["parameters"] = std::move(list);
        if (!doc.bodies.empty()) out["requestBody"] = request_body(doc);
        out["security"] = security(route);
        if (!route.roles.empty()) out["x-roles"] = roles(route);
        for (const std::string& name : doc.callbacks)
            out["callbacks"][name] = base_.at("x-callbacks").at(name);
        return out;
    }

private:
    static std::string without_point(std::string sentence) {
        if (!sentence.empty() && sentence.back() == '.') sentence.pop_back();
        return sentence;
    }

    [[nodiscard]] Document schema(const std::string& name) const {
        if (name.empty() || std::islower(static_cast<unsigned char>(name.front()))) return {{"type", name}};
        if (!components_.at("schemas").contains(name)) throw std::logic_error("there is no schema " + name);
        return {{"$ref", "#/components/schemas/" + name}};
    }

    static std::vector<std::string> roles(const Route& route) {
        std::vector<std::string> all = route.roles;
        if (std::find(all.begin(), all.end(), "admin") == all.end()) all.emplace_back("admin");
        return all;
    }

    static std::string description(const Route& route) {
        std::string text = route.doc.more;
        const auto add = [&](const std::string& sentence) { text += (text.empty() ? "" : "\n\n") + sentence; };
        if (!route.roles.empty()) {
            const std::vector<std::string> all = roles(route);
            add(fmt::format("Needs a key with {} `{}`.", all.size() == 1 ? "the role" : "one of the roles",
                            fmt::join(all, "`, `")));
        }
        if (route.max_body > 0 && !route.doc.bodies.empty())
            add(fmt::format("The body is at most {} bytes.", route.max_body));
        return text;
    }

    /// The {parts} of the path in its order, then what the Doc names.
    [[nodiscard]] Document parameters(const Route& route) const {
        Document list = Document::array();
        const std::vector<Doc::Parameter>& named = route.doc.parameters;
        for (std::size_t at = route.pattern.find('{'); at != std::string::npos; at = route.pattern.find('{', at + 1)) {
            const std::string name = route.pattern.substr(at + 1, route.pattern.find('}', at) - at - 1);
            const auto own = std::find_if(named.begin(), named.end(), [&](const Doc::Parameter& parameter) {
                return parameter.in == "path" && parameter.name == name;
            });
            if (own != named.end())
                list.push_back(parameter(*own));
            else if (components_.at("parameters").contains(name))
                list.push_back({{"$ref", "#/components/parameters/" + name}});
            else
                list.push_back(parameter({"path", name, "string", "A part of the path.", Doc::Need::required}));
        }
        for (const Doc::Parameter& one : named)
            if (one.in != "path") list.push_back(parameter(one));
        return list;
    }

    [[nodiscard]] Document parameter(const Doc::Parameter& one) const {
        Document out = {{"in", one.in}, {"name", one.name}, {"description", one.says}, {"schema", schema(one.schema)}};
        if (one.need == Doc::Need::required) out["required"] = true;
        return out;
    }

    [[nodiscard]] Document request_body(const Doc& doc) const {
        Document content = Document::object();
        for (const Doc::Body& body : doc.bodies)
            content[body.media_type] = {{"schema", schema(body.schema)}};
        return {{"required", doc.body_need == Doc::Need::required}, {"content", std::move(content)}};
    }

    /// Beside the key: gateways send it as Basic password, event senders may sign.
    static Document security(const Route& route) {
        Document list = Document::array();
        if (route.roles.empty()) return list;
        list.push_back({{"key", Document::array()}});
        if (route.pattern.rfind("/v1/sms/", 0) == 0) list.push_back({{"basic", Document::array()}});
        if (route.doc.signature)
            list.push_back({{"webhookId", Document::array()},
                            {"webhookTimestamp", Document::array()},
                            {"webhookSignature", Document::array()}});
        return list;
    }

    [[nodiscard]] Document responses(const Route& route) const {
        std::map<std::string, Document> by_status;  // in order, `default` last
        const auto implied = [&](const std::string& status) {
            const Document& all = base_.at("x-responses");
            const Document& own = all.at(name_of(route.doc.dialect));
            by_status[status] = own.contains(status) ? own.at(status) : all.at("problem").at(status);
        };
        implied("default");
        for (const char* status : {"401", "403"})
            if (!route.roles.empty()) implied(status);
        if (route.max_body > 0 && !route.doc.bodies.empty()) implied("413");
        if (route.doc.engine) implied("503");
        for (const Doc::Answer& answer : route.doc.answers)
            add(by_status[std::to_string(answer.status)], answer);
        Document out = Document::object();
        for (auto& [status, answer] : by_status)
            out[status] = std::move(answer);
        return out;
    }

    static const char* name_of(Doc::Dialect dialect) {
        return dialect == Doc::Dialect::camara ? "camara" : dialect == Doc::Dialect::three_gpp ? "3gpp" : "problem";
    }

    /// A second answer of one status is a further reason, or a further media type.
    void add(Document& response, const Doc::Answer& answer) const {
        if (!response.is_object() || response.contains("$ref")) response = Document::object();
        response["description"] = response.contains("description") && response["description"] != answer.says
                                      ? response["description"].get<std::string>() + " " + answer.says
                                      : answer.says;
        if (!answer.media_type.empty()) response["content"][answer.media_type] = {{"schema", schema(answer.schema)}};
        for (const std::string& name : answer.headers) {
            if (!components_.at("headers").contains(name)) throw std::logic_error("there is no header " + name);
            response["headers"][name] = {{"$ref", "#/components/headers/" + name}};
        }
    }

    const Document& base_;
    const Document& components_;
    std::set<std::string> tags_;
};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

}  // namespace

Document openapi_document(const std::vector<Route>& routes, std::string_view base_text) {
    const Document base = Document::parse(base_text);
    Document document = base;
    document.erase("x-responses");
    document.erase("x-callbacks");
    document["info"]["version"] = ROAMGUARD_VERSION;
    document["paths"] = Document::object();
    Writer writer(base);
    for (const Route& route : routes)
        document["paths"][route.pattern][lower(route.method)] = writer.operation(route);
    return document;
}

}  // namespace roamguard::http
