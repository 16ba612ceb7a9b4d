#include "notifications/sms_text.h"
#include "service/engine/links.h"
#include "service/engine/outbox_jobs.h"
#include "service/http/api.h"
#include "service/json/reader.h"

namespace roamguard::http {
namespace {

using nlohmann::json;

std::string shown_number(const Request& request, const storage::MessageRow& row) {
    const auto number = notifications::Msisdn::parse(row.to);
    if (!number) return {};
    return sees_numbers(request) ? number->e164() : number->masked();
}

json shown(Api& api, const Request& request, storage::MessageRow row) {
    row.text = shown_text(api, row);
    return message_json(row, shown_number(request, row));
}

Response list_messages(Api& api, const Request& request) {
    const auto page = read_page(request);
    if (!page) return page.error();
    storage::MessageFilter filter;
    if (const auto state = request.parameter("state")) {
        if (!storage::parse_message_state(*state))
            return problem(422, "invalid_parameter",
                           "state must be queued, sent, delivered, failed, expired or cancelled");
        filter.state = *state;
    }
    if (const auto kind = request.parameter("kind")) {
        if (*kind == "charge_requested")  // the one row to a machine that people must be able to find
            filter.channel = "platform";
        else if (!notifications::parse_kind(*kind))
            return problem(422, "invalid_parameter", "kind is none of the kinds of messages");
        filter.kind = *kind;
    }
    if (const auto number = request.parameter("msisdn")) {
        filter.customer = find_customer(api, *number);
        if (!filter.customer) return list_response(json::array(), std::nullopt);
    }
    const auto rows = api.store().read_messages(filter, *page);
    json items = json::array();
    for (const storage::MessageRow& row : rows)
        items.push_back(shown(api, request, row));
    const bool more = static_cast<int>(rows.size()) == page->limit;
    return list_response(std::move(items), more ? std::optional(rows.back().row) : std::nullopt);
}

Response retry(Api& api, const Request& request) {
    const auto row = api.store().read_message(request.captures[0]);
    if (!row || (row->channel != "sms" && row->channel != "app"))
        return problem(404, "unknown_notification", "there is no message with this id");
    engine::RetryJob job(row->row);
    if (auto refusal = submit(api, job)) return *refusal;
    if (!job.refusal().empty()) return problem(409, "not_retryable", job.refusal());
    return json_response(shown(api, request, job.message()));
}

Response measure(const Request& request) {
    auto body = roamguard::json::read_json(request.body, 4);
    if (!body) return problem(400, body.error().code, "the body is not JSON: " + body.error().detail);
    if (!body->is_object() || body->size() != 1 || !body->contains("text") || !(*body)["text"].is_string())
        return problem(422, "invalid_field", "send {\"text\":\"…\"}", {{"/text", "required", "must be a text"}});
    const notifications::Measure measured = notifications::measure((*body)["text"].get<std::string>());
    return json_response({{"encoding", notifications::word(measured.encoding)},
                          {"units", measured.units},
                          {"segments", measured.segments}});
}

}  // namespace

std::string shown_text(Api& api, const storage::MessageRow& row) {
    const std::string& driver = row.channel == "app" ? api.app_driver : api.sms_driver;
    if (driver != "sandbox" || row.question.empty()) return row.text;
    const auto customer = api.store().read_customer(row.customer);
    return customer ? engine::text_to_send(row, customer->key, storage::decode_state(customer->state)) : row.text;
}

void add_message_routes(std::vector<Route>& routes, Api& api) {
    routes.push_back({"GET",
                      "/v1/notifications",
                      {"care"},
                      "Messages of the outbox, newest first.",
                      0,
                      [&api](const Request& request) { return list_messages(api, request); },
                      Doc("listNotifications", "Messages")
                          .query("msisdn", "SubscriberName", "Only this customer's.")
                          .query("state", "MessageState", "Only those in this state.")
                          .query("kind", "MessageKind", "Only those of this kind.")
                          .paged()
                          .gives(200, "NotificationList", "A page of messages.")
                          .may(422, "`state` or `kind` is none.")});
    routes.push_back({"POST",
                      "/v1/notifications/{id}/retry",
                      {"admin"},
                      "Puts a failed or expired message back into its queue.",
                      1024,
                      [&api](const Request& request) { return retry(api, request); },
                      Doc("retryNotification", "Messages")
                          .path("id", "string", "The message's `id`.")
                          .gives(200, "Notification", "Queued again.")
                          .may(404, "There is no message with this id.")
                          .may(409, "`not_retryable`: it neither failed nor expired.")
                          .commits()});
    routes.push_back(
        {"POST",
         "/v1/messages/measure",
         {"product", "approver", "care"},
         "How many SMS segments a text takes.",
         64 * 1024,
         [](const Request& request) { return measure(request); },
         Doc("measureText", "Messages")
             .says("For whoever writes templates: counted in GSM 03.38 septets, or in UTF-16 units where a "
                   "letter is not in that alphabet.")
             .takes("application/json", "MeasureRequest")
             .gives(200, "Measured", "The count.")
             .may(400, "The body is not JSON.")
             .may(422, "The body is no `{\"text\":…}`.")});
}

}  // namespace roamguard::http
