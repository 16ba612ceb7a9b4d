#include <catch2/catch.hpp>

#include <set>

#include "data/embedded.h"
#include "service/http/api.h"
#include "service/http/docs_page.h"
#include "service/http/openapi.h"
#include "tests/engine/workshop.h"

namespace roamguard::http {
namespace {

using Document = nlohmann::ordered_json;

std::string_view base() { return roamguard::data::embedded_files().at("web/openapi_schemas.json"); }

/// The routes of the whole program, on an engine that nothing is asked of.
class Program {
public:
    std::vector<Route> routes() { return all_routes(api_); }

private:
    engine::Workshop workshop_;
    Metrics metrics_;
    Api api_{*workshop_.engine, metrics_, {}, 0, "sandbox", ""};
};

Route route(std::string method, std::string pattern, std::vector<std::string> roles, Doc doc) {
    return {std::move(method),
            std::move(pattern),
            std::move(roles),
            "A sentence.",
            0,
            [](const Request&) {
                return Response{}; },
            std::move(doc)};
}

Document operation_of(const Route& route) {
    const Document document = openapi_document({route}, base());
    return document.at("paths").front().front();
}

void find_references(const Document& part, std::set<std::string>& into) {
    if (part.is_object() && part.contains("$ref")) into.insert(part.at("$ref").get<std::string>());
    if (part.is_structured())
        for (const Document& one : part)
            find_references(one, into);
}

TEST_CASE("every route of the program has an operation id of its own, a tag and a success") {
    Program program;
    std::set<std::string> ids;
    for (const Route& one : program.routes()) {
        INFO(one.method << ' ' << one.pattern);
        CHECK_FALSE(one.summary.empty());
        CHECK_FALSE(one.doc.none());
        CHECK_FALSE(one.doc.tag.empty());
        CHECK(one.doc.has_success());
        CHECK(ids.insert(one.doc.id).second);
    }
    CHECK(ids.size() > 30);
}

TEST_CASE("a route that takes a body says what it takes, and one that takes none does not") {
    Program program;
    for (const Route& one : program.routes()) {
        INFO(one.method << ' ' << one.pattern);
        if (one.method == "PUT" || one.method == "PATCH") CHECK_FALSE(one.doc.bodies.empty());
        if (one.max_body == 0) CHECK(one.doc.bodies.empty());
    }
}

TEST_CASE("the document has every route and no reference into nothing") {
    Program program;
    const std::vector<Route> routes = program.routes();
    const Document document = openapi_document(routes, base());
    std::size_t operations = 0;
    for (const Document& path : document.at("paths"))
        operations += path.size();
    CHECK(operations == routes.size());
    std::set<std::string> references;
    find_references(document, references);
    for (const std::string& reference : references) {
        INFO(reference);
        CHECK(document.contains(Document::json_pointer(reference.substr(1))));
    }
}

TEST_CASE("the base keeps no schema that nothing refers to") {
    Program program;
    const Document document = openapi_document(program.routes(), base());
    std::set<std::string> references;
    find_references(document, references);
    for (const auto& [name, schema] : document.at("components").at("schemas").items()) {
        INFO(name);
        CHECK(references.count("#/components/schemas/" + name) == 1);
    }
}

TEST_CASE("what follows from the table need not be written beside it") {
    Route takes = route("POST", "/v1/things/{n}", {"care"}, Doc("makeThing", "Holds").gives(204, "", "Made."));
    takes.max_body = 1024;
    takes.doc.takes("application/json", "Money");
    const Document operation = operation_of(takes);
    CHECK(operation.at("parameters").at(0).at("$ref") == "#/components/parameters/n");
    for (const char* status : {"204", "401", "403", "413", "default"})
        CHECK(operation.at("responses").contains(status));
    CHECK(operation.at("x-roles") == Document({"care", "admin"}));
    CHECK(operation.at("description").get<std::string>().find("at most 1024 bytes") != std::string::npos);
    CHECK(operation.at("security").size() == 1);
}

TEST_CASE("a route open to anyone asks for nothing and refuses nobody") {
    const Document operation =
        operation_of(route("GET", "/open", {}, Doc("open", "Holds").gives(200, "Money", "Here.")));
    CHECK(operation.at("security").empty());
    CHECK_FALSE(operation.at("responses").contains("401"));
    CHECK_FALSE(operation.contains("x-roles"));
}

TEST_CASE("gateways may send the key as a password, and event senders may sign") {
    const Document sms =
        operation_of(route("GET", "/v1/sms/x", {"gateway"}, Doc("sms", "Holds").gives(200, "", "Taken.")));
    CHECK(sms.at("security").at(1).contains("basic"));
    const Document events =
        operation_of(route("GET", "/v1/x", {"platform"}, Doc("events", "Holds").gives(200, "", "Taken.").signable()));
    CHECK(events.at("security").at(1).size() == 3);
}

TEST_CASE("a Doc that names what the base has not is a fault of ours") {
    CHECK_THROWS_AS(operation_of(route("GET", "/x", {}, Doc("x", "Holds").gives(200, "Nothing", "?"))),
                    std::logic_error);
    CHECK_THROWS_AS(operation_of(route("GET", "/x", {}, Doc("x", "Nowhere").gives(200, "", "?"))), std::logic_error);
    CHECK_THROWS_AS(operation_of(route("GET", "/x", {}, Doc("x", "Holds").gives(200, "", "?").with("No-Header"))),
                    std::logic_error);
}

TEST_CASE("the page escapes what it shows and loads nothing") {
    Route odd = route("GET", "/x", {}, Doc("x", "Holds").says("a <b> & `c<d`").gives(200, "Money", "Here."));
    const std::string page = docs_page(openapi_document({odd}, base()));
    CHECK(page.find("a &lt;b&gt; &amp; <code>c&lt;d</code>") != std::string::npos);
    for (const char* outside : {"<script", "<img", "<link", "src=", "@import", "url(", "http-equiv"}) {
        INFO(outside);
        CHECK(page.find(outside) == std::string::npos);
    }
}

}  // namespace
}  // namespace roamguard::http
