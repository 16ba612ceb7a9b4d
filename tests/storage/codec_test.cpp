#include <catch2/catch.hpp>

#include "service/storage/codec.h"
#include "tests/storage/rows.h"

using namespace roamguard;
using namespace roamguard::storage;

TEST_CASE("a customer's whole state survives the codec") {
    protection::CustomerState state;
    state.profile.id = "c-1";
    state.profile.msisdn = *notifications::Msisdn::parse("+447700900001");
    state.profile.opt_out = {notifications::Kind::welcome};
    customers::CapRule rule;
    rule.id = "monthly";
    rule.services = {tariffs::Service::data};
    rule.currency = *tariffs::Currency::parse("GBP");
    rule.limit = 45'000'000;
    rule.thresholds = {80, 100};
    rule.stages = {45'000'000, 90'000'000};
    state.profile.caps = {rule};
    state.known = true;
    protection::KnownPlace place;
    place.klass = geoip::NetworkClass::terrestrial;
    place.country = *geoip::Country::parse("JP");
    place.plmn = geoip::Plmn::parse("440", "10");
    state.places = {{Instant{5}, place}};
    state.trip.number = 2;
    state.trip.home_since = Instant{9};
    state.trip.spent = {{1'500'000, *tariffs::Currency::parse("JPY")}};
    protection::CapCount count;
    count.cap = "monthly";
    count.used = -5;
    count.overrun = 7;
    count.mark = 80;
    count.kept = rule;
    state.counts = {count};
    protection::Hold hold;
    hold.about = "JP";
    hold.services = {tariffs::Service::data};
    state.holds = {hold};
    protection::Question question;
    question.id = "q-1";
    question.choices = {"extend", "decline"};
    question.price_per_megabyte = tariffs::Money{3'000'000, *tariffs::Currency::parse("CNY")};
    state.questions = {question};
    state.waiting = {{"sms", 4}};
    state.head.fill(0xab);
    state.wake = Instant{123};

    const std::string bytes = encode(state);
    protection::CustomerState read = decode_state(bytes);
    CHECK(encode(read) == bytes);
    CHECK(read.profile == state.profile);
    CHECK(read.places.front().place.destination() == "JP");
    CHECK(read.counts.front().kept == std::optional(rule));
    CHECK(read.trip.spent == state.trip.spent);
    CHECK(read.questions.front().price_per_megabyte == question.price_per_megabyte);
    CHECK(read.head == state.head);
    CHECK(read.wake == state.wake);
}

TEST_CASE("bytes that are no record are refused, not guessed") {
    CHECK(sentence_of<std::runtime_error>([] { (void)decode_state("\xc1"); }).find("a stored record is damaged") == 0);
    CHECK(sentence_of<std::runtime_error>([] { (void)decode_state("\x01"); }) ==
          "a stored record has no list where one belongs");
    const std::string empty_list = "\x90";
    CHECK(decode_state(empty_list).entries == 0);  // a shorter record leaves the rest at its defaults
}
