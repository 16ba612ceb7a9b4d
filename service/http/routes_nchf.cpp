#include <algorithm>
#include <charconv>

#include "service/engine/policy_jobs.h"
#include "service/http/api.h"
#include "service/http/three_gpp_problem.h"
#include "service/json/reader.h"

// Nchf_SpendingLimitControl, 3GPP TS 29.594: policy functions subscribe to a customer's caps as to a charging function.
namespace roamguard::http {
namespace {

using engine::PolicyRequest;
using nlohmann::json;

const std::string path = "/nchf-spendinglimitcontrol/v1/subscriptions";
constexpr std::size_t max_body = 16 * 1024;
constexpr std::size_t max_uri = 1024;
constexpr std::size_t max_text = 256;
constexpr std::size_t max_counters = 64;

enum class Whole { subscribe, update };

bool digits(std::string_view text, std::size_t least, std::size_t most) {
    return text.size() >= least && text.size() <= most &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool printable(std::string_view text) {
    return !text.empty() && text.size() <= max_text && std::none_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == 127;
    });
}

bool is_supi(std::string_view text) {
    if (text.rfind("imsi-", 0) == 0) return digits(text.substr(5), 5, 15);
    return printable(text);
}

bool is_gpsi(std::string_view text) {
    if (text.rfind("msisdn-", 0) == 0) return digits(text.substr(7), 5, 15);
    return printable(text);
}

bool is_port(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return digits(text, 1, 5) && error == std::errc{} && end == text.data() + text.size() && value >= 1 &&
           value <= 65535;
}

bool is_host(std::string_view host) {
    const bool v6 = host.size() > 4 && host.front() == '[' && host.back() == ']';
    if (v6) host = host.substr(1, host.size() - 2);
    return !host.empty() && std::all_of(host.begin(), host.end(), [&](char c) {
        const bool digit = c >= '0' && c <= '9', letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return digit || letter || c == '.' || (v6 ? c == ':' : c == '-');
    });
}

/// `http(s)://host[:port][/path]`: callbacks are made by adding to it, so it has no query and no fragment, and no
/// credentials that would travel in clear.
bool is_callback(std::string_view uri) {
    static constexpr std::string_view in_path = "-._~!$&'()*+,;=:@/%";
    if (uri.size() > max_uri) return false;
    const std::size_t scheme = uri.rfind("https://", 0) == 0 ? 8 : uri.rfind("http://", 0) == 0 ? 7 : 0;
    if (scheme == 0) return false;
    const std::size_t slash = std::min(uri.find('/', scheme), uri.size());
    std::string_view server = uri.substr(scheme, slash - scheme);
    const std::size_t colon = server.rfind(':');
    if (colon != std::string_view::npos && server.find(']', colon) == std::string_view::npos) {
        if (!is_port(server.substr(colon + 1))) return false;
        server = server.substr(0, colon);
    }
    const std::string_view rest = uri.substr(slash);
    return is_host(server) && std::all_of(rest.begin(), rest.end(), [](char c) {
               const bool digit = c >= '0' && c <= '9', letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
               return digit || letter || in_path.find(c) != std::string_view::npos;
           });
}

/// What is wrong with a request, gathered: the most serious cause names it.
struct Faults {
    std::vector<InvalidParam> missing, mandatory, optional;

    [[nodiscard]] bool none() const { return missing.empty() && mandatory.empty() && optional.empty(); }
    [[nodiscard]] Response answer() const {
        const char* cause = !missing.empty()     ? "MANDATORY_IE_MISSING"
                            : !mandatory.empty() ? "MANDATORY_IE_INCORRECT"
                                                 : "OPTIONAL_IE_INCORRECT";
        std::vector<InvalidParam> all = missing;
        all.insert(all.end(), mandatory.begin(), mandatory.end());
        all.insert(all.end(), optional.begin(), optional.end());
        return three_gpp_problem(400, cause, all.front().param + ": " + all.front().reason, all);
    }
};

/// A text member that passes `valid`; otherwise a fault with what it must be.
std::string text_of(const json& body, const char* name, bool (*valid)(std::string_view), const char* must,
                    std::vector<InvalidParam>& faults) {
    const auto member = body.find(name);
    if (member == body.end()) return {};
    if (member->is_string() && valid(member->get_ref<const std::string&>())) return member->get<std::string>();
    faults.push_back({"/" + std::string(name), must});
    return {};
}

std::vector<std::string> counters_of(const json& body, Faults& faults) {
    const auto member = body.find("policyCounterIds");
    std::vector<std::string> counters;
    if (member == body.end()) return counters;
    if (!member->is_array() || member->empty() || member->size() > max_counters) {
        faults.optional.push_back(
            {"/policyCounterIds", "must be a list of 1 to " + std::to_string(max_counters) + " policy counter ids"});
        return counters;
    }
    for (std::size_t i = 0; i < member->size(); ++i) {
        const json& one = (*member)[i];
        if (one.is_string() && printable(one.get_ref<const std::string&>()))
            counters.push_back(one.get<std::string>());
        else
            faults.optional.push_back({"/policyCounterIds/" + std::to_string(i), "must be a text of 1 to 256 bytes"});
    }
    return counters;
}

std::optional<tariffs::Instant> expiry_of(const json& body, Faults& faults) {
    const auto member = body.find("expiry");
    if (member == body.end()) return std::nullopt;
    const auto time =
        member->is_string() ? tariffs::parse_rfc3339(member->get_ref<const std::string&>()) : std::nullopt;
    if (time) return time->at;
    faults.optional.push_back({"/expiry", "must be a time like 2026-11-24T05:31:00Z"});
    return std::nullopt;
}

/// SpendingLimitContext; members the service does not know are passed over, as the standard wants.
tl::expected<PolicyRequest, Response> read_context(const Request& request, Whole whole) {
    const auto body = roamguard::json::read_json(request.body, 16);
    if (!body)
        return tl::unexpected(
            three_gpp_problem(400, "INVALID_MSG_FORMAT", "the body is not JSON: " + body.error().detail));
    if (!body->is_object())
        return tl::unexpected(three_gpp_problem(400, "INVALID_MSG_FORMAT", "the body must be a JSON object"));
    Faults faults;
    std::vector<InvalidParam>& who = whole == Whole::subscribe ? faults.mandatory : faults.optional;
    PolicyRequest read;
    read.supi = text_of(*body, "supi", is_supi, "must be imsi- and 5 to 15 digits, or another SUPI", who);
    read.gpsi = text_of(*body, "gpsi", is_gpsi, "must be msisdn- and 5 to 15 digits, extid-a@b, or another GPSI", who);
    read.notif_uri =
        text_of(*body, "notifUri", is_callback,
                "must be an http or https URL without credentials, query or fragment, at most 1024 bytes", who);
    while (!read.notif_uri.empty() && read.notif_uri.back() == '/')
        read.notif_uri.pop_back();  // the callbacks begin with one
    read.notif_id = text_of(*body, "notifId", printable, "must be a text of 1 to 256 bytes", faults.optional);
    read.counters = counters_of(*body, faults);
    read.expiry = expiry_of(*body, faults);
    if (whole == Whole::subscribe) {
        if (!body->contains("supi") && !body->contains("gpsi"))
            faults.missing.push_back({"/supi", "supi or gpsi must say whose counters they are"});
        if (!body->contains("notifUri"))
            faults.missing.push_back({"/notifUri", "notifUri must say where changes are told"});
    }
    if (!faults.none()) return tl::unexpected(faults.answer());
    return read;
}

Response refusal_of(const engine::PolicyRefusal& refusal) {
    std::vector<InvalidParam> invalid;
    for (const auto& [pointer, reason] : refusal.faults)
        invalid.push_back({pointer, reason});
    return three_gpp_problem(refusal.status, refusal.cause, refusal.detail, std::move(invalid));
}

Response subscribe(Api& api, const Request& request) {
    auto context = read_context(request, Whole::subscribe);
    if (!context) return context.error();
    engine::PolicySubscribeJob job(std::move(*context));
    if (auto refusal = submit(api, job)) return *refusal;
    if (job.result().refusal) return refusal_of(*job.result().refusal);
    Response response = json_response(job.result().status, 201);
    response.headers.emplace_back("Location", path + "/" + job.result().subscription);
    return response;
}

Response update(Api& api, const Request& request) {
    auto context = read_context(request, Whole::update);
    if (!context) return context.error();
    engine::PolicyUpdateJob job(request.captures[0], std::move(*context));
    if (auto refusal = submit(api, job)) return *refusal;
    if (job.result().refusal) return refusal_of(*job.result().refusal);
    return json_response(job.result().status);
}

Response unsubscribe(Api& api, const Request& request) {
    engine::PolicyDeleteJob job(request.captures[0]);
    if (auto refusal = submit(api, job)) return *refusal;
    if (job.refusal()) return refusal_of(*job.refusal());
    Response response;
    response.status = 204;
    return response;
}

}  // namespace

void add_nchf_routes(std::vector<Route>& routes, Api& api) {
    routes.push_back(
        {"POST",
         path,
         {"platform"},
         "Subscribes a policy function to a customer's caps (3GPP TS 29.594).",
         max_body,
         [&api](const Request& request) { return subscribe(api, request); },
         Doc("subscribeSpendingLimits", "3GPP")
             .in(Doc::Dialect::three_gpp)
             .says("Each cap is a policy counter; what its status is called is `nchf.statuses`. At least one of "
                   "`supi` and `gpsi`, and `notifUri`.")
             .takes("application/json", "SpendingLimitContext")
             .gives(201, "SpendingLimitStatus", "Subscribed; the counters as they stand.")
             .with("Location")
             .may(400,
                  "`USER_UNKNOWN`, `NO_AVAILABLE_POLICY_COUNTERS`, `UNKNOWN_POLICY_COUNTERS`, or a "
                  "member is missing or wrong.")
             .may(403,
                  "`INSUFFICIENT_RESOURCES`: the subscriber has too many subscriptions; or the key is "
                  "of another role.")
             .commits()
             .calls_back("statusNotification")
             .calls_back("subscriptionTermination")});
    routes.push_back({"PUT",
                      path + "/{id}",
                      {"platform"},
                      "Changes what a policy function's subscription asks for (3GPP TS 29.594).",
                      max_body,
                      [&api](const Request& request) { return update(api, request); },
                      Doc("changeSpendingLimits", "3GPP")
                          .in(Doc::Dialect::three_gpp)
                          .says("What is left out stays as it is, but for `policyCounterIds` and `expiry`.")
                          .path("id", "PolicySubscriptionId", "The subscription, as `Location` named it.")
                          .takes("application/json", "SpendingLimitContext")
                          .gives(200, "SpendingLimitStatus", "Changed; the counters as they stand.")
                          .may(400, "A member is wrong, or names another subscriber.")
                          .may(404, "`SUBSCRIPTION_NOT_FOUND`.")
                          .commits()
                          .calls_back("statusNotification")
                          .calls_back("subscriptionTermination")});
    routes.push_back({"DELETE",
                      path + "/{id}",
                      {"platform"},
                      "Ends a policy function's subscription (3GPP TS 29.594).",
                      0,
                      [&api](const Request& request) { return unsubscribe(api, request); },
                      Doc("unsubscribeSpendingLimits", "3GPP")
                          .in(Doc::Dialect::three_gpp)
                          .path("id", "PolicySubscriptionId", "The subscription, as `Location` named it.")
                          .gives(204, "", "Ended.")
                          .may(404, "`SUBSCRIPTION_NOT_FOUND`.")
                          .commits()});
}

}  // namespace roamguard::http
