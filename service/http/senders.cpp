#include "service/http/senders.h"

#include <stdexcept>

#include "service/http/problem.h"

namespace roamguard::http {
namespace {

bool takes_events(const Route& route) {
    return route.pattern == "/v1/events" || route.pattern == "/camara/notifications" ||
           route.pattern.rfind("/3gpp/", 0) == 0;
}

/// In binary mode a signature, which covers the body alone, leaves the event's attributes open to whoever is between.
bool signs_everything(const Request& request) {
    return !request.header("ce-specversion") && !request.header("ce-id") && !request.header("ce-type");
}

Response refused(const std::string& why) {
    Response refusal = problem(401, "unauthenticated", why);
    refusal.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"roamguard\"");
    return refusal;
}

}  // namespace

Senders::Senders(const std::vector<std::string>& secrets) {
    for (const std::string& text : secrets) {
        const auto secret = notifications::WebhookSecret::parse(text);
        if (!secret)
            throw std::runtime_error("events.webhook-secrets: each must be whsec_ and base64, separated by commas");
        secrets_.push_back(*secret);
    }
}

bool Senders::speaks_for(const Request& request, const Route& route) const {
    return !secrets_.empty() && takes_events(route) && request.header("webhook-signature") &&
           !request.header("authorization");
}

std::optional<Response> Senders::authorize(Request& request, tariffs::Instant now) const {
    const auto checked = notifications::verify_webhook(
        secrets_, request.header("webhook-id").value_or(""), request.header("webhook-timestamp").value_or(""),
        request.header("webhook-signature").value_or(""), request.body, now);
    if (checked != notifications::Signature::good)
        return refused("the signature by Standard Webhooks is not good, or too old");
    if (!signs_everything(request))
        return refused("a signature covers the body alone: send signed events in structured or batched mode");
    request.role = "platform";
    request.role_name = "signed";
    return std::nullopt;
}

}  // namespace roamguard::http
