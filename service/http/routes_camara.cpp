#include <charconv>

#include "service/engine/customer_jobs.h"
#include "service/http/api.h"
#include "service/http/camara_error.h"
#include "service/intake/camara.h"
#include "service/json/reader.h"

// CAMARA Device Roaming Status: the notifications a CAMARA server sends, whose subscriptions they are, and the same
// question answered by us from the state we keep (1.1.0).
namespace roamguard::http {
namespace {

using nlohmann::json;

constexpr std::size_t max_notification = 64 * 1024;

Response take_notification(Api& api, const Request& request) {
    const tariffs::Instant now = api.engine.now();
    const intake::HttpHeaders headers{request.headers};
    engine::EventsJob job({intake::read_camara(headers, request.body, now, api.intake)});
    if (auto refusal = submit(api, job)) return as_camara_error(*refusal);
    count_events(api, job, now);
    if (job.results().front().refusal) return camara_error(*job.results().front().refusal);
    Response done;
    done.status = 204;
    return done;
}

Response put_subscription(Api& api, const Request& request) {
    const std::string& id = request.captures[0];
    if (id.size() > 200) return problem(422, "invalid_field", "a subscriptionId is at most 200 bytes");
    auto body = roamguard::json::read_json(request.body, 4);
    if (!body) return problem(400, body.error().code, "the body is not JSON: " + body.error().detail);
    const auto number =
        body->is_object() && body->size() == 1 && body->contains("msisdn") && (*body)["msisdn"].is_string()
            ? notifications::Msisdn::parse((*body)["msisdn"].get<std::string>())
            : std::nullopt;
    if (!number)
        return problem(422, "invalid_field", "send {\"msisdn\":\"+…\"} with a number in E.164",
                       {{"/msisdn", "invalid_value", "must be a number in E.164"}});
    engine::CamaraSubscriptionJob job(id, *number);
    if (auto refusal = submit(api, job)) return *refusal;
    return json_response({{"id", id}, {"msisdn", number->e164()}, {"subscriber", job.customer()}});
}

/// The number of `{"device":{"phoneNumber":…}}`, or why there is none.
tl::expected<notifications::Msisdn, Response> asked_number(const Request& request) {
    const auto body = roamguard::json::read_json(request.body, 8);
    if (!body || !body->is_object())
        return tl::unexpected(camara_error(400, "INVALID_ARGUMENT", "the body must be a JSON object"));
    if (!body->contains("device"))
        return tl::unexpected(camara_error(422, "MISSING_IDENTIFIER", "the device is not identified: send `device`"));
    const json& device = (*body)["device"];
    if (!device.is_object() || device.empty())
        return tl::unexpected(camara_error(400, "INVALID_ARGUMENT", "device must be an object with phoneNumber"));
    if (!device.contains("phoneNumber")) {
        for (const char* other : {"networkAccessIdentifier", "ipv4Address", "ipv6Address"})
            if (device.contains(other))
                return tl::unexpected(
                    camara_error(422, "UNSUPPORTED_IDENTIFIER", "devices are known here by phoneNumber only"));
        return tl::unexpected(camara_error(400, "INVALID_ARGUMENT", "device must have phoneNumber"));
    }
    const auto number = device["phoneNumber"].is_string()
                            ? notifications::Msisdn::parse(device["phoneNumber"].get<std::string>())
                            : std::nullopt;
    if (!number)
        return tl::unexpected(
            camara_error(400, "INVALID_ARGUMENT", "device.phoneNumber must be a number in E.164 with a leading +"));
    return *number;
}

json status_json(const protection::CustomerState& state) {
    const protection::PlaceAt& last = state.places.back();
    if (state.unsettled) return {{"lastStatusTime", tariffs::to_rfc3339(state.unsettled->at)}, {"roaming", true}};
    json status = {{"lastStatusTime", tariffs::to_rfc3339(last.at)}, {"roaming", !last.place.home()}};
    if (last.place.home()) return status;
    int mcc = 0;
    const std::string& digits = last.place.mcc;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), mcc).ec == std::errc{})
        status["countryCode"] = mcc;
    json names = json::array();
    for (geoip::Country country : last.place.candidates)
        names.push_back(country.code());
    if (names.empty() && !last.place.country.none()) names.push_back(last.place.country.code());
    if (!digits.empty() || !names.empty()) status["countryName"] = std::move(names);
    return status;
}

Response retrieve(Api& api, const Request& request) {
    const auto number = asked_number(request);
    if (!number) return number.error();
    const auto customer = api.store().read_alias(engine::alias_of(*number));
    const auto seen = customer ? see_customer(api, *customer) : std::nullopt;
    if (!seen || (seen->state.places.empty() && !seen->state.unsettled))
        return camara_error(404, "IDENTIFIER_NOT_FOUND", "nothing is known of this device");
    json status = seen->state.places.empty()
                      ? json{{"lastStatusTime", tariffs::to_rfc3339(seen->state.unsettled->at)}, {"roaming", true}}
                      : status_json(seen->state);
    return json_response(status);
}

}  // namespace

void add_camara_routes(std::vector<Route>& routes, Api& api) {
    routes.push_back({"POST",
                      "/camara/notifications",
                      {"platform"},
                      "A CAMARA Device Roaming Status notification.",
                      max_notification,
                      [&api](const Request& request) { return correlated(request, take_notification(api, request)); },
                      Doc("notifyRoamingStatus", "CAMARA")
                          .in(Doc::Dialect::camara)
                          .says("Structured mode, one event a request. Refusals before the route is found (404, 405, "
                                "413) are problem details as everywhere.")
                          .header("x-correlator", "Correlator", "Echoed in the answer.")
                          .takes("application/cloudevents+json", "CamaraEvent")
                          .gives(204, "", "Durable.")
                          .with("x-correlator")
                          .may(400, "Not JSON, no CloudEvent, an unlisted type, or a field breaks a rule.")
                          .may(409, "The same source and id came before with other content.")
                          .may(415, "Another Content-Type.")
                          .may(422,
                               "`MISSING_IDENTIFIER`: it does not say whose event it is, or by an unknown "
                               "`subscriptionId` only.")
                          .commits()
                          .signable()});
    routes.push_back({"PUT",
                      "/v1/camara/subscriptions/{id}",
                      {"platform"},
                      "Says whose a CAMARA subscription is.",
                      4096,
                      [&api](const Request& request) { return put_subscription(api, request); },
                      Doc("putCamaraSubscription", "CAMARA")
                          .says("For notifications that name no device, as a three-legged token makes them.")
                          .path("id", "CamaraSubscriptionId", "CAMARA's `subscriptionId`.")
                          .takes("application/json", "CamaraOwner")
                          .gives(200, "CamaraSubscription", "Known from now on.")
                          .may(400, "The body is not JSON.")
                          .may(422, "The body names no number.")
                          .commits()});
    routes.push_back(
        {"POST",
         "/device-roaming-status/v1/retrieve",
         {"platform", "care"},
         "Where a device is, as CAMARA Device Roaming Status 1.1.0 asks.",
         4096,
         [&api](const Request& request) { return correlated(request, retrieve(api, request)); },
         Doc("retrieveRoamingStatus", "CAMARA")
             .in(Doc::Dialect::camara)
             .says("Answered from the last place known.")
             .header("x-correlator", "Correlator", "Echoed in the answer.")
             .takes("application/json", "RoamingStatusRequest")
             .gives(200, "RoamingStatus", "The last status known.")
             .with("x-correlator")
             .may(400, "`INVALID_ARGUMENT`: not JSON, or no phone number.")
             .may(404, "`IDENTIFIER_NOT_FOUND`: nothing is known of this device.")
             .may(422, "`MISSING_IDENTIFIER` or `UNSUPPORTED_IDENTIFIER`: only `phoneNumber` is known here.")});
}

}  // namespace roamguard::http
