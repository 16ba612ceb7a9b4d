#include "service/http/docs_page.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <kainjow/mustache.hpp>

#include "data/embedded.h"

namespace roamguard::http {
namespace {

using Document = nlohmann::ordered_json;
using kainjow::mustache::data;

std::string escaped(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

/// The little of Markdown that our sentences use: `code` and paragraphs.
std::string prose(std::string_view text) {
    std::string out;
    bool code = false;
    const std::string safe = escaped(text);
    for (std::size_t i = 0; i < safe.size(); ++i) {
        if (safe[i] == '`')
            out += (code = !code) ? "<code>" : "</code>";
        else if (safe.compare(i, 2, "\n\n") == 0)
            out += "</p><p>", ++i;
        else
            out += safe[i];
    }
    return out;
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) || std::string_view("-._~").find(c) != std::string_view::npos)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

/// In single quotes for a shell.
std::string in_single_quotes(std::string_view text) {
    std::string out = "'";
    for (char c : text)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
}

/// A member, or nothing to go through where there is none.
const Document& member(const Document& of, const char* name) {
    static const Document none = Document::object();
    const auto found = of.find(name);
    return found == of.end() ? none : *found;
}

std::string last_part(const std::string& reference) { return reference.substr(reference.rfind('/') + 1); }

/// Reads the document. One per page.
class Page {
public:
    explicit Page(const Document& document) : document_(document) {}

    data whole() const {
        data all;
        const Document& info = document_.at("info");
        all.set("title", info.value("title", ""));
        all.set("version", info.value("version", ""));
        all.set("summary", info.value("summary", ""));
        all.set("about", prose(info.value("description", "")));
        data tags(data::type::list);
        for (const Document& tag : document_.at("tags"))
            tags << group(tag);
        all.set("tags", tags);
        data schemas(data::type::list);
        for (const auto& [name, schema] : document_.at("components").at("schemas").items())
            schemas << schema_view(name, schema);
        all.set("schemas", schemas);
        return all;
    }

private:
    [[nodiscard]] const Document& resolved(const Document& object) const {
        const auto reference = object.find("$ref");
        if (reference == object.end()) return object;
        return document_.at(Document::json_pointer(reference->get<std::string>().substr(1)));
    }

    [[nodiscard]] data group(const Document& tag) const {
        const std::string name = tag.at("name");
        data out, calls(data::type::list), hooks(data::type::list);
        for (const auto& [path, methods] : document_.at("paths").items())
            for (const auto& [method, operation] : methods.items())
                if (of_tag(operation, name)) calls << operation_view(path, method, operation);
        bool sends = false;
        for (const auto& [hook, methods] : member(document_, "webhooks").items())
            for (const auto& [method, operation] : methods.items())
                if (of_tag(operation, name)) hooks << operation_view(hook, "", operation), sends = true;
        out.set("name", name);
        out.set("about", prose(tag.value("description", "")));
        out.set("operations", calls);
        out.set("webhooks", hooks);
        out.set("sends", sends);
        return out;
    }

    static bool of_tag(const Document& operation, const std::string& name) {
        const auto tags = operation.find("tags");
        return tags != operation.end() && !tags->empty() && tags->front() == name;
    }

    /// A webhook has no method: it is we who call.
    [[nodiscard]] data operation_view(const std::string& path, const std::string& method,
                                      const Document& operation) const {
        data out;
        out.set("id", operation.value("operationId", ""));
        out.set("method", upper(method));
        out.set("path", path);
        out.set("summary", operation.value("summary", ""));
        const std::string about = operation.value("description", "");
        out.set("about", prose(about));
        out.set("hasAbout", !about.empty());
        out.set("open", !operation.contains("x-roles"));
        data parameters(data::type::list);
        bool any = false;
        for (const Document& one : member(operation, "parameters"))
            parameters << parameter_view(resolved(one)), any = true;
        out.set("hasParameters", any);
        out.set("parameters", parameters);
        out.set("bodies", media_views(member(operation, "requestBody")));
        out.set("hasBody", operation.contains("requestBody"));
        out.set("example", method.empty() ? sent_example(operation) : curl(path, method, operation));
        data answers(data::type::list);
        for (const auto& [status, answer] : operation.at("responses").items())
            answers << answer_view(status, resolved(answer));
        out.set("answers", answers);
        return out;
    }

    [[nodiscard]] data parameter_view(const Document& parameter) const {
        data out;
        out.set("name", parameter.value("name", ""));
        out.set("in", parameter.value("in", ""));
        out.set("required", parameter.value("required", false));
        out.set("type", type_of(parameter.at("schema")));
        out.set("says", prose(parameter.value("description", "")));
        return out;
    }

    [[nodiscard]] data media_views(const Document& holder) const {
        data list(data::type::list);
        for (const auto& [media, content] : member(holder, "content").items()) {
            data one;
            one.set("media", media);
            one.set("type", type_of(member(content, "schema")));
            list << one;
        }
        return list;
    }

    [[nodiscard]] data answer_view(const std::string& status, const Document& answer) const {
        data out;
        out.set("status", status);
        out.set("good", status.front() == '2' || status.front() == '3');
        out.set("says", prose(answer.value("description", "")));
        out.set("bodies", media_views(answer));
        std::string headers;
        for (const auto& [name, header] : member(answer, "headers").items())
            headers += (headers.empty() ? "" : ", ") + name;
        out.set("headers", headers);
        out.set("hasHeaders", !headers.empty());
        return out;
    }

    /// A schema in a word or two, as HTML with links.
    [[nodiscard]] std::string type_of(const Document& schema) const {
        if (const auto reference = schema.find("$ref"); reference != schema.end()) {
            const std::string name = last_part(*reference);
            return fmt::format("<a href=\"#schema-{0}\">{0}</a>", escaped(name));
        }
        for (const char* any : {"oneOf", "anyOf"})
            if (schema.contains(any) && !schema.contains("type")) return joined(schema.at(any));
        if (schema.contains("const")) return "<code>" + escaped(schema.at("const").dump()) + "</code>";
        const auto type = schema.find("type");
        if (type == schema.end()) return "any";
        if (type->is_array()) {
            std::string text;
            for (const Document& one : *type)
                text += (text.empty() ? "" : " or ") + one.get<std::string>();
            return text;
        }
        if (*type == "array") return "list of " + type_of(member(schema, "items"));
        if (*type == "object" && schema.contains("additionalProperties") && schema["additionalProperties"].is_object())
            return "map to " + type_of(schema["additionalProperties"]);
        return type->get<std::string>();
    }

    [[nodiscard]] std::string joined(const Document& schemas) const {
        std::string text;
        for (const Document& one : schemas)
            text += (text.empty() ? "" : " or ") + type_of(one);
        return text;
    }

    /// What narrows it, as HTML: words it may be, bounds, pattern, what holds unless given.
    static std::string rules(const Document& schema) {
        std::string text;
        const auto add = [&](const std::string& rule) { text += (text.empty() ? "" : "; ") + rule; };
        if (const auto words = schema.find("enum"); words != schema.end()) {
            std::string list;
            for (const Document& word : *words)
                list += (list.empty() ? "<code>" : ", <code>") +
                        escaped(word.is_string() ? word.get<std::string>() : word.dump()) + "</code>";
            add("one of " + list);
        }
        for (const auto& [name, word] : {std::pair{"minimum", "at least "},
                                         {"maximum", "at most "},
                                         {"minItems", "items at least "},
                                         {"maxItems", "items at most "},
                                         {"maxLength", "length at most "}})
            if (const auto bound = schema.find(name); bound != schema.end()) add(word + bound->dump());
        if (const auto pattern = schema.find("pattern"); pattern != schema.end())
            add("matches <code>" + escaped(pattern->get<std::string>()) + "</code>");
        if (const auto usual = schema.find("default"); usual != schema.end())
            add("unless given <code>" + escaped(usual->is_string() ? usual->get<std::string>() : usual->dump()) +
                "</code>");
        return text;
    }

    [[nodiscard]] data schema_view(const std::string& name, const Document& schema) const {
        data out, fields(data::type::list);
        bool any = false;
        const Document& required = member(schema, "required");
        for (const auto& [field, of] : member(schema, "properties").items()) {
            const Document& target = resolved(of);
            data one;
            one.set("name", field);
            one.set("type", type_of(of));
            one.set("required", std::find(required.begin(), required.end(), field) != required.end());
            one.set("says", prose(of.value("description", target.value("description", ""))));
            const std::string narrowed = of.contains("$ref") ? "" : rules(of);
            one.set("rules", narrowed);
            one.set("hasRules", !narrowed.empty());
            fields << one;
            any = true;
        }
        out.set("name", name);
        out.set("about", prose(schema.value("description", "")));
        out.set("type", type_of(schema));
        const std::string narrowed = rules(schema);
        out.set("rules", narrowed);
        out.set("hasRules", !narrowed.empty());
        out.set("hasFields", any);
        out.set("fields", fields);
        const Document example = example_of(schema);
        out.set("example", example.is_string() ? example.get<std::string>() : example.dump(2));
        out.set("hasExample", !example.is_null());
        return out;
    }

    /// The schema's own example, or one put together from those of its parts.
    [[nodiscard]] Document example_of(const Document& schema, int depth = 0) const {
        if (depth > 8) return nullptr;
        const auto own = schema.find("examples");
        if (own != schema.end() && !own->empty()) return own->front();
        if (schema.contains("$ref")) return example_of(resolved(schema), depth + 1);
        if (schema.contains("const")) return schema.at("const");
        for (const char* any : {"oneOf", "anyOf"})
            if (schema.contains(any) && !schema.contains("properties"))
                return example_of(schema.at(any).front(), depth + 1);
        if (schema.contains("items")) {
            Document list = Document::array();
            if (Document item = example_of(schema.at("items"), depth + 1); !item.is_null())
                list.push_back(std::move(item));
            return list;
        }
        if (!schema.contains("properties")) return nullptr;
        const Document& required = member(schema, "required");
        Document object = Document::object();
        for (const auto& [name, of] : schema.at("properties").items()) {
            const bool needed = std::find(required.begin(), required.end(), name) != required.end();
            if (needed) object[name] = example_of(of, depth + 1);
        }
        return object;
    }

    [[nodiscard]] std::string curl(const std::string& path, const std::string& method,
                                   const Document& operation) const {
        std::string url = path, query, headers;
        for (const Document& named : member(operation, "parameters")) {
            const Document& one = resolved(named);
            const Document example = example_of(one.at("schema"));
            const std::string value = example.is_string() ? example.get<std::string>()
                                      : example.is_null() ? "ID"
                                                          : example.dump();
            const std::string name = one.at("name");
            if (one.at("in") == "path")
                url.replace(url.find("{" + name + "}"), name.size() + 2, percent_encoded(value));
            else if (one.at("in") == "query" && one.value("required", false))
                query += (query.empty() ? "?" : "&") + name + "=" + percent_encoded(value);
        }
        std::string text = "curl -s";
        if (method != "get" && !(method == "post" && operation.contains("requestBody"))) text += " -X " + upper(method);
        text += " \"$ROAMGUARD_URL" + url + query + "\"";
        if (operation.contains("x-roles")) text += " \\\n  -H \"Authorization: Bearer $ROAMGUARD_KEY\"";
        if (operation.contains("requestBody")) text += curl_body(operation.at("requestBody").at("content"));
        return text;
    }

    [[nodiscard]] std::string curl_body(const Document& content) const {
        const std::string media = content.begin().key();
        const Document& schema = content.begin().value().at("schema");
        const Document example = example_of(schema);
        std::string text;
        if (media == "multipart/form-data") {
            for (const auto& [part, of] : resolved(schema).at("properties").items())
                text += " \\\n  -F " + part + "=@" + part + ".csv";
            return text;
        }
        if (media == "application/x-www-form-urlencoded") {
            for (const auto& [name, value] : example.items())
                text += " \\\n  --data-urlencode " +
                        in_single_quotes(name + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
            return text;
        }
        text = " \\\n  -H 'Content-Type: " + media + "'";
        if (example.is_string()) return text + " --data-binary @FILE";
        return text + " \\\n  -d " + in_single_quotes(example.dump(2));
    }

    [[nodiscard]] std::string sent_example(const Document& operation) const {
        const Document& content = operation.at("requestBody").at("content");
        return example_of(content.begin().value().at("schema")).dump(2);
    }

    const Document& document_;
};

}  // namespace

std::string docs_page(const Document& document) {
    kainjow::mustache::mustache page(std::string(roamguard::data::embedded_files().at("web/docs.mustache")));
    if (!page.is_valid()) throw std::logic_error("web/docs.mustache: " + page.error_message());
    return page.render(Page(document).whole());
}

}  // namespace roamguard::http
