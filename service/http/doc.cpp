#include "service/http/doc.h"

#include <algorithm>

namespace roamguard::http {
namespace {

const char* refusal_type(Doc::Dialect dialect) {
    return dialect == Doc::Dialect::camara ? "application/json" : "application/problem+json";
}

const char* refusal_schema(Doc::Dialect dialect) {
    switch (dialect) {
        case Doc::Dialect::camara:
            return "CamaraError";
        case Doc::Dialect::three_gpp:
            return "ProblemDetails3gpp";
        case Doc::Dialect::problem:
            break;
    }
    return "Problem";
}

}  // namespace

Doc& Doc::says(std::string text) {
    more = std::move(text);
    return *this;
}

Doc& Doc::query(std::string name, std::string schema, std::string says) {
    parameters.push_back({"query", std::move(name), std::move(schema), std::move(says), Need::optional});
    return *this;
}

Doc& Doc::needs_query(std::string name, std::string schema, std::string says) {
    parameters.push_back({"query", std::move(name), std::move(schema), std::move(says), Need::required});
    return *this;
}

Doc& Doc::header(std::string name, std::string schema, std::string says) {
    parameters.push_back({"header", std::move(name), std::move(schema), std::move(says), Need::optional});
    return *this;
}

Doc& Doc::path(std::string name, std::string schema, std::string says) {
    parameters.push_back({"path", std::move(name), std::move(schema), std::move(says), Need::required});
    return *this;
}

Doc& Doc::paged() {
    return query("limit", "Limit", "How many items at most.")
        .query("cursor", "Cursor", "The `next` of the page before.")
        .may(400, "`limit` or `cursor` is none.");
}

Doc& Doc::takes(std::string media_type, std::string schema) {
    bodies.push_back({std::move(media_type), std::move(schema)});
    return *this;
}

Doc& Doc::may_be_empty() {
    body_need = Need::optional;
    return *this;
}

Doc& Doc::gives(int status, std::string schema, std::string says) {
    answers.push_back({status, schema.empty() ? "" : "application/json", std::move(schema), std::move(says), {}});
    return *this;
}

Doc& Doc::gives_as(int status, std::string media_type, std::string schema, std::string says) {
    answers.push_back({status, std::move(media_type), std::move(schema), std::move(says), {}});
    return *this;
}

Doc& Doc::with(std::string header) {
    answers.back().headers.push_back(std::move(header));
    return *this;
}

Doc& Doc::may(int status, std::string says) {
    answers.push_back({status, refusal_type(dialect), refusal_schema(dialect), std::move(says), {}});
    return *this;
}

Doc& Doc::commits() {
    engine = true;
    return *this;
}

Doc& Doc::in(Dialect spoken) {
    dialect = spoken;
    return *this;
}

Doc& Doc::signable() {
    signature = true;
    return *this;
}

Doc& Doc::calls_back(std::string name) {
    callbacks.push_back(std::move(name));
    return *this;
}

bool Doc::has_success() const {
    return std::any_of(answers.begin(), answers.end(), [](const Answer& answer) { return answer.status < 400; });
}

}  // namespace roamguard::http
