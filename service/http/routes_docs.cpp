#include <memory>

#include "data/digest.h"
#include "data/embedded.h"
#include "service/http/api.h"
#include "service/http/docs_page.h"
#include "service/http/openapi.h"

namespace roamguard::http {
namespace {

/// A text that stays the same as long as the program runs.
struct Fixed {
    std::string content_type, body, tag;
};

Fixed fixed(std::string content_type, std::string body) {
    std::string tag = '"' + roamguard::data::to_hex(roamguard::data::sha256(body), 12) + '"';
    return {std::move(content_type), std::move(body), std::move(tag)};
}

/// RFC 9110, 13.1.2: a list of tags, or `*`; compared weakly.
bool has_it(const Request& request, const std::string& tag) {
    const std::string known = request.header("if-none-match").value_or("");
    return known == "*" || known.find(tag) != std::string::npos;
}

Response answer(const Request& request, const Fixed& fixed) {
    Response response;
    response.headers.emplace_back("ETag", fixed.tag);
    response.headers.emplace_back("Cache-Control", "no-cache");
    if (has_it(request, fixed.tag)) {
        response.status = 304;
        return response;
    }
    response.content_type = fixed.content_type;
    response.body = fixed.body;
    if (fixed.content_type.rfind("text/html", 0) == 0)
        response.headers.emplace_back("Content-Security-Policy",
                                      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action "
                                      "'none'; frame-ancestors 'none'");
    return response;
}

struct Texts {
    Fixed document, page;
};

}  // namespace

void add_docs_routes(std::vector<Route>& routes) {
    const auto texts = std::make_shared<Texts>();
    routes.push_back({"GET",
                      "/openapi.json",
                      {},
                      "This document.",
                      0,
                      [texts](const Request& request) { return answer(request, texts->document); },
                      Doc("openapi", "Pages")
                          .says("OpenAPI 3.1, made from the table of routes that the service runs by.")
                          .header("If-None-Match", "string", "The `ETag` that is known already.")
                          .gives(200, "OpenApiDocument", "The document.")
                          .with("ETag")
                          .gives(304, "", "As it is known.")
                          .with("ETag")});
    routes.push_back({"GET",
                      "/docs",
                      {},
                      "This document as a page.",
                      0,
                      [texts](const Request& request) { return answer(request, texts->page); },
                      Doc("docs", "Pages")
                          .says("It needs no script and loads nothing from anywhere.")
                          .header("If-None-Match", "string", "The `ETag` that is known already.")
                          .gives_as(200, "text/html", "string", "The page.")
                          .with("ETag")
                          .gives(304, "", "As it is known.")
                          .with("ETag")});
    const auto document = openapi_document(routes, roamguard::data::embedded_files().at("web/openapi_schemas.json"));
    texts->document = fixed("application/json", document.dump());
    texts->page = fixed("text/html; charset=utf-8", docs_page(document));
}

}  // namespace roamguard::http
