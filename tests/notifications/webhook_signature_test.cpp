#include "notifications/webhook_signature.h"

#include <rapidcheck/catch.h>

#include <array>
#include <catch2/catch.hpp>

namespace roamguard::notifications {
namespace {

using tariffs::Instant;

/// The fixed vectors in the tests of Standard Webhooks' own libraries
/// (https://github.com/standard-webhooks/standard-webhooks at b2fa7b8, Apache-2.0): only their values.
struct Vector {
    const char* secret;
    const char* id;
    std::int64_t timestamp_s;
    const char* body;
    const char* signature;
};
constexpr std::array vectors{
    Vector{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
           R"({"test": 2432232314})", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
    Vector{"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1649367553,
           R"({"email":"test@example.com","username":"test_user"})", "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw="},
};

WebhookSecret secret(std::string_view text) { return WebhookSecret::parse(text).value(); }

Signature verified(const Vector& vector, std::string_view timestamp, std::string_view signatures, std::string_view body,
                   Instant now) {
    const std::array secrets{secret(vector.secret)};
    return verify_webhook(secrets, vector.id, timestamp, signatures, body, now);
}

}  // namespace

TEST_CASE("signatures are those of Standard Webhooks' own libraries, with or without the secret's prefix") {
    for (const Vector& vector : vectors) {
        const std::string_view text = vector.secret;
        for (const std::string_view written : {text, text.substr(6)})
            CHECK(sign_webhook(secret(written), vector.id, vector.timestamp_s, vector.body) == vector.signature);
        CHECK(verified(vector, std::to_string(vector.timestamp_s), vector.signature, vector.body,
                       {vector.timestamp_s * 1000}) == Signature::good);
    }
}

TEST_CASE("a secret is strict base64 of at least one byte") {
    CHECK(secret("whsec_AA==").bytes() == std::string(1, '\0'));
    CHECK(secret("+/+/").bytes() == "\xfb\xff\xbf");
    for (const char* text : {"", "whsec_", "whsec_A", "whsec_AA", "whsec_AA=", "whsec_AB==", "AAA=AAAA", "AA==AAAA",
                             " AAAA", "AAAA\n", "AA AA===", "whsec_whsec_AAAA", "====", "-_-_", "MfKQ9r8GKYqrTw jUPD8"})
        CHECK_FALSE(WebhookSecret::parse(text));
}

TEST_CASE("several secrets stand side by side while one replaces another, and one that is none spoils the option") {
    const auto two = parse_webhook_secrets(" whsec_AAAA  BBBB ");
    REQUIRE(two);
    CHECK(two->size() == 2);
    CHECK((*two)[1].bytes() == secret("BBBB").bytes());
    CHECK_FALSE(parse_webhook_secrets(""));
    CHECK_FALSE(parse_webhook_secrets("  "));
    CHECK_FALSE(parse_webhook_secrets("whsec_AAAA,BBBB"));
    CHECK_FALSE(parse_webhook_secrets("whsec_AAAA no secret"));
}

TEST_CASE("what a signature's headers may hold") {
    const Vector& vector = vectors[0];
    const std::string at = std::to_string(vector.timestamp_s), good = vector.signature;
    const Instant now{vector.timestamp_s * 1000};
    const auto of = [&](std::string_view timestamp, std::string_view signatures) {
        return verified(vector, timestamp, signatures, vector.body, now);
    };
    CHECK(of(at, "") == Signature::missing);
    CHECK(of("", good) == Signature::missing);
    for (const char* timestamp : {"x", "-1614265330", "1614265330.0", " 1614265330", "0x60", "99999999999999999999"})
        CHECK(of(timestamp, good) == Signature::malformed);
    for (const char* signatures : {"v1", "nonsense", " ", "v1,AAAA v1"})
        CHECK(of(at, signatures) == Signature::malformed);
    CHECK(of(at, "v1a,AAAA v2,BBBB " + good) == Signature::good);
    CHECK(of(at, good + " v1,AAAA") == Signature::good);
    for (const std::string& signatures :
         {std::string{"v1,AAAA"}, std::string{"v1a,AAAA"}, std::string{"v1,"}, "V1," + good.substr(3),
          "v2," + good.substr(3), good.substr(0, good.size() - 1), good + "="})
        CHECK(of(at, signatures) == Signature::wrong);
    CHECK(of("0" + at, good) == Signature::wrong);
}

TEST_CASE("a signature is stale when its timestamp is clearly over five minutes away, either way") {
    const Vector& vector = vectors[0];
    const std::string at = std::to_string(vector.timestamp_s);
    for (const std::int64_t away_s : {-290, 0, 290})
        CHECK(verified(vector, at, vector.signature, vector.body, {(vector.timestamp_s + away_s) * 1000}) ==
              Signature::good);
    for (const std::int64_t away_s : {-100'000, -310, 310, 100'000})
        CHECK(verified(vector, at, vector.signature, vector.body, {(vector.timestamp_s + away_s) * 1000}) ==
              Signature::stale);
}

TEST_CASE("any of the secrets may have signed, and without a secret nothing is good") {
    const Vector& vector = vectors[0];
    const std::string at = std::to_string(vector.timestamp_s);
    const Instant now{vector.timestamp_s * 1000};
    const std::array both{secret("AAAA"), secret(vector.secret)};
    const std::array other{secret("AAAA")};
    CHECK(verify_webhook(both, vector.id, at, vector.signature, vector.body, now) == Signature::good);
    CHECK(verify_webhook(other, vector.id, at, vector.signature, vector.body, now) == Signature::wrong);
    CHECK(verify_webhook({}, vector.id, at, vector.signature, vector.body, now) == Signature::wrong);
    CHECK(verify_webhook(both, "", at, vector.signature, vector.body, now) == Signature::missing);
}

TEST_CASE("every byte of id, timestamp and body counts") {
    const WebhookSecret key = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    const std::array keys{key};
    rc::prop("what was signed verifies, and nothing else does", [&](const std::string& body, unsigned char flip) {
        const auto timestamp_s = *rc::gen::inRange<std::int64_t>(0, 4'000'000'000);
        const Instant now{timestamp_s * 1000};
        const std::string at = std::to_string(timestamp_s), made = sign_webhook(key, "n-1", timestamp_s, body);
        RC_ASSERT(verify_webhook(keys, "n-1", at, made, body, now) == Signature::good);
        RC_ASSERT(verify_webhook(keys, "n-2", at, made, body, now) == Signature::wrong);
        RC_ASSERT(verify_webhook(keys, "n-1", std::to_string(timestamp_s + 1), made, body, now) == Signature::wrong);
        RC_ASSERT(verify_webhook(keys, "n-1", at, made, body + "x", now) == Signature::wrong);
        if (body.empty() || flip == 0) return;
        std::string other = body;
        other[flip % body.size()] = static_cast<char>(other[flip % body.size()] ^ flip);
        RC_ASSERT(verify_webhook(keys, "n-1", at, made, other, now) == Signature::wrong);
    });
}

}  // namespace roamguard::notifications
