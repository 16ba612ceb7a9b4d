#pragma once

#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "service/http/server.h"

namespace roamguard::http {

/// The OpenAPI 3.1 document of a table of routes: `paths` from the routes and their Doc, everything else (`info`,
/// `tags`, `webhooks`, `components`) from `base`, the text of `web/openapi_schemas.json`. Its `x-responses` are the
/// refusals that follow from the table, and its `x-callbacks` what Doc::calls_back names; neither stays in the
/// document. Throws std::logic_error where a Doc names a schema, tag, header or callback that the base has not.
[[nodiscard]] nlohmann::ordered_json openapi_document(const std::vector<Route>& routes, std::string_view base);

}  // namespace roamguard::http
