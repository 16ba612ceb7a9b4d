#include "notifications/message.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "notifications/msisdn.h"

using namespace roamguard::notifications;

TEST_CASE("every kind of message has one word that reads back") {
    std::set<std::string> words;
    for (int i = 0; i < kind_count; ++i) {
        const Kind kind = static_cast<Kind>(i);
        words.insert(std::string(word(kind)));
        CHECK(parse_kind(word(kind)) == kind);
    }
    CHECK(words == std::set<std::string>{"welcome", "confirm_destination", "threshold", "confirm_cap", "cap_reached",
                                         "receipt", "declined", "released", "inadvertent", "no_guarantee",
                                         "pass_threshold", "pass_ended", "trip_summary", "help", "usage"});
    CHECK_FALSE(parse_kind("Welcome"));
    CHECK_FALSE(parse_kind(""));
}

TEST_CASE("telephone numbers are read strictly and shown masked") {
    const auto number = Msisdn::parse("+447700900123");
    REQUIRE(number);
    CHECK(number->e164() == "+447700900123");
    CHECK(number->masked() == "+447*******23");
    for (const char* wrong : {"", "447700900123", "+0447700900123", "+4477009", "+44 7700900123", "+4477009001234567",
                              "+44770090012a", "+４４７７００９００１２３"}) {
        CAPTURE(wrong);
        CHECK(Msisdn::parse(wrong).has_value() == (std::string(wrong) == "+4477009"));
    }
    CHECK(Msisdn().masked().empty());
    CHECK(masked_imsi("234150000000123") == "23415********23");
    CHECK(masked_imsi("2341") == "****");
}
