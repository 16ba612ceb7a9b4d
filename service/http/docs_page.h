#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace roamguard::http {

/// An OpenAPI document as a page to read: by tag, each operation with who may call it, its parameters, an example and
/// its answers, then what the service sends by itself, then the schemas. By `web/docs.mustache`; needs no script and
/// loads nothing.
[[nodiscard]] std::string docs_page(const nlohmann::ordered_json& document);

}  // namespace roamguard::http
