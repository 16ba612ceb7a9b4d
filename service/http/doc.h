#pragma once

#include <string>
#include <utility>
#include <vector>

namespace roamguard::http {

/// What the reference says of a route beyond what the table of routes says already: method, path, roles, the sentence
/// and the largest body stand there, and what they imply (path parameters, security, 401, 403, 413) is added by
/// openapi.cpp. It stands beside the route, so that whoever changes one sees the other:
///
///     Doc("listHolds", "Holds").paged().gives(200, "HoldList")
///
/// `schema` is a name of `web/openapi_schemas.json`, or, in lower case, a type of JSON Schema (`string`, `integer`).
/// A value type; immutable once it stands in the table.
struct Doc {
    /// How refusals read: RFC 9457, or as the standard whose path this is wants them.
    enum class Dialect { problem, camara, three_gpp };
    enum class Need { required, optional };
    struct Parameter {
        std::string in, name, schema, says;
        Need need;
    };
    struct Body {
        std::string media_type, schema;
    };
    struct Answer {
        int status;
        std::string media_type, schema, says;  ///< no media type: no body
        std::vector<std::string> headers;      ///< of `components.headers`
    };

    Doc() = default;
    /// `id` is the operation's name for generated clients, unique; `tag` is one of the file's.
    Doc(std::string id_, std::string tag_) : id(std::move(id_)), tag(std::move(tag_)) {}

    /// More sentences; Markdown's `code` is understood.
    Doc& says(std::string text);
    Doc& query(std::string name, std::string schema, std::string says);
    Doc& needs_query(std::string name, std::string schema, std::string says);
    /// A header of the request.
    Doc& header(std::string name, std::string schema, std::string says);
    /// A {part} of the path that needs other words than `components.parameters` has for its name.
    Doc& path(std::string name, std::string schema, std::string says);
    /// `limit` and `cursor`.
    Doc& paged();
    Doc& takes(std::string media_type, std::string schema);
    /// The body may be left out.
    Doc& may_be_empty();
    /// A success, in JSON where a schema is given.
    Doc& gives(int status, std::string schema, std::string says);
    Doc& gives_as(int status, std::string media_type, std::string schema, std::string says);
    /// A header of the answer named last.
    Doc& with(std::string header);
    /// A further refusal, in the route's dialect.
    Doc& may(int status, std::string says);
    /// Goes through the engine, which may be too busy, or its store not answering: 503 with Retry-After.
    Doc& commits();
    /// Before the first may().
    Doc& in(Dialect spoken);
    /// Who sends may sign by Standard Webhooks instead of showing a key.
    Doc& signable();
    /// Answers that call back: a name of `x-callbacks` in the file.
    Doc& calls_back(std::string name);

    [[nodiscard]] bool none() const { return id.empty(); }
    [[nodiscard]] bool has_success() const;

    std::string id, tag, more;
    std::vector<Parameter> parameters;
    std::vector<Body> bodies;
    std::vector<Answer> answers;
    std::vector<std::string> callbacks;
    Dialect dialect = Dialect::problem;
    Need body_need = Need::required;
    bool engine = false, signature = false;
};

}  // namespace roamguard::http
