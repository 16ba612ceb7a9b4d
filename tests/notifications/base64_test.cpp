#include "data/base64.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

using roamguard::data::from_base64;
using roamguard::data::to_base64;

TEST_CASE("base64 is RFC 4648's, with padding") {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : vectors) {
        CHECK(to_base64(bytes) == text);
        CHECK(from_base64(text) == std::optional<std::string>(bytes));
    }
}

TEST_CASE("what is not exactly base64 is none") {
    for (const char* text : {"=", "====", "========", "A===", "AA=A", "=AAA", "Zg", "Zg=", "Zh==", "Zm9=", "Zm9v\n",
                             " Zm9v", "Zm 9v", "Zm9v====", "Zm-v", "Zm_v", "!!!!"})
        CHECK_FALSE(from_base64(text));
}

TEST_CASE("any bytes come back, and any text is read or refused without harm") {
    rc::prop("bytes", [](const std::string& bytes) { RC_ASSERT(from_base64(to_base64(bytes)) == bytes); });
    rc::prop("texts", [] {
        const auto text = *rc::gen::container<std::string>(rc::gen::element('=', 'A', 'Z', '/', '+', ' ', '\0', '-'));
        if (const auto bytes = from_base64(text)) RC_ASSERT(to_base64(*bytes) == text);
    });
}
