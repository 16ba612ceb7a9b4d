#include "notifications/charset.h"
#include "service/engine/outbox_jobs.h"
#include "service/engine/sms_job.h"
#include "service/http/api.h"
#include "service/json/reader.h"

// What the SMS gateway brings: customers' replies (MO) and delivery receipts (DLR), as JSON or in Kannel's parameters.
namespace roamguard::http {
namespace {

using nlohmann::json;

constexpr std::size_t max_sms_body = 16 * 1024;
constexpr std::size_t max_text_bytes = 8 * 1024;

Response field_problem(const std::string& field, const std::string& code, const std::string& rule) {
    return problem(422, "invalid_field", field + " " + rule, {{"/" + field, code, field + " " + rule}});
}

/// Gateways write numbers with +, with 00 or with neither; a + that was not encoded arrives as a space.
std::optional<notifications::Msisdn> gateway_number(std::string text) {
    const auto space = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && space(text.front()))
        text.erase(0, 1);
    while (!text.empty() && space(text.back()))
        text.pop_back();
    if (text.rfind("00", 0) == 0) text.erase(0, 2);
    if (!text.empty() && text.front() != '+') text.insert(0, 1, '+');
    return notifications::Msisdn::parse(text);
}

tl::expected<engine::InboundSms, Response> checked(const std::string& from, std::string text, std::string id) {
    engine::InboundSms sms;
    const auto number = gateway_number(from);
    if (!number) return tl::unexpected(field_problem("from", "invalid_value", "must be the sender's number in E.164"));
    if (text.size() > max_text_bytes)
        return tl::unexpected(field_problem("text", "too_long", "must be at most 8192 bytes"));
    if (id.size() > 200) return tl::unexpected(field_problem("id", "too_long", "must be at most 200 bytes"));
    sms.from = *number;
    sms.text = std::move(text);
    sms.id = std::move(id);
    return sms;
}

/// Texts of a JSON object by name; what is no text, or none of the names, is refused.
tl::expected<std::map<std::string, std::string>, Response> read_texts(const Request& request,
                                                                      const std::set<std::string>& names) {
    auto body = roamguard::json::read_json(request.body, 8);
    if (!body) return tl::unexpected(problem(400, body.error().code, "the body is not JSON: " + body.error().detail));
    if (!body->is_object()) return tl::unexpected(problem(422, "invalid_body", "the body must be a JSON object"));
    std::map<std::string, std::string> texts;
    for (const auto& [name, value] : body->items()) {
        if (!names.count(name)) {
            const std::string rule = roamguard::json::shown_name(name) + " is none of this request's fields";
            return tl::unexpected(problem(422, "unknown_field", rule, {{"/" + name, "unknown_field", rule}}));
        }
        if (value.is_null()) continue;
        const bool number = name == "status" && value.is_number_integer();
        if (!value.is_string() && !number) return tl::unexpected(field_problem(name, "wrong_type", "must be a text"));
        texts[name] = number ? std::to_string(value.get<std::int64_t>()) : value.get<std::string>();
    }
    return texts;
}

tl::expected<engine::InboundSms, Response> read_json_sms(const Request& request) {
    const auto texts = read_texts(request, {"from", "to", "text", "receivedAt", "id"});
    if (!texts) return tl::unexpected(texts.error());
    const auto given = [&](const char* name) {
        const auto found = texts->find(name);
        return found == texts->end() ? std::string() : found->second;
    };
    for (const char* name : {"from", "text"})
        if (!texts->count(name)) return tl::unexpected(field_problem(name, "required", "is required"));
    auto sms = checked(given("from"), given("text"), given("id"));
    if (!sms || !texts->count("receivedAt")) return sms;
    const auto at = tariffs::parse_rfc3339(given("receivedAt"));
    if (!at)
        return tl::unexpected(
            field_problem("receivedAt", "invalid_value", "must be a time by RFC 3339 with an offset"));
    sms->received_at = at->at;
    return sms;
}

tl::expected<engine::InboundSms, Response> read_kannel_sms(const Request& request) {
    const auto from = request.parameter("from");
    if (!from) return tl::unexpected(field_problem("from", "required", "is required"));
    std::string charset = request.parameter("charset").value_or("UTF-8");
    if (charset.empty()) charset = "UTF-8";
    const std::string bytes = request.parameter("text").value_or("");
    // What is not of its charset is still an SMS, but nobody may guess what it says: it is answered as unreadable.
    constexpr const char* replacement = "\xEF\xBF\xBD";
    const auto text = notifications::to_utf8(bytes, charset);
    return checked(*from, text.value_or(replacement + bytes), request.parameter("id").value_or(""));
}

bool posts_json(const Request& request) {
    return request.method == "POST" && request.header("content-type").value_or("").rfind("application/json", 0) == 0;
}

/// A gateway sends a body back to the customer as SMS, and repeats what is not 200.
Response taken_by_gateway() {
    Response empty;
    empty.content_type = "text/plain; charset=utf-8";
    return empty;
}

/// Services write under names and short codes; none of them is a customer, and to refuse them would only make the
/// gateway try again.
bool from_no_phone(const Request& request) {
    const auto from = request.parameter("from");
    return request.method == "GET" && from && !from->empty() && !gateway_number(*from);
}

Response take_sms(Api& api, const Request& request) {
    if (from_no_phone(request)) {
        api.metrics.sms("unknown_number");
        return taken_by_gateway();
    }
    const bool as_json = posts_json(request);
    if (request.method == "POST" && !as_json)
        return problem(415, "unsupported_media_type", "send application/json, or Kannel's parameters by GET");
    auto sms = as_json ? read_json_sms(request) : read_kannel_sms(request);
    if (!sms) return sms.error();
    engine::SmsJob job(std::move(*sms));
    if (auto refusal = submit(api, job)) return *refusal;
    api.metrics.sms(job.outcome());
    for (const engine::Notification& one : job.notifications())
        api.metrics.message(one.kind);
    if (!as_json) return taken_by_gateway();
    json notifications = json::array();
    for (const engine::Notification& one : job.notifications())
        notifications.push_back({{"id", one.id}, {"kind", one.kind}});
    return json_response({{"outcome", job.outcome()},
                          {"confirmation", job.question().empty() ? json(nullptr) : json(job.question())},
                          {"notifications", std::move(notifications)}});
}

struct ReceiptFields {
    std::string id, status;
};

tl::expected<ReceiptFields, Response> read_receipt(const Request& request) {
    if (posts_json(request)) {
        const auto texts = read_texts(request, {"id", "status", "detail", "at"});
        if (!texts) return tl::unexpected(texts.error());
        ReceiptFields fields;
        if (const auto found = texts->find("id"); found != texts->end()) fields.id = found->second;
        if (const auto found = texts->find("status"); found != texts->end()) fields.status = found->second;
        return fields;
    }
    return ReceiptFields{request.parameter("id").value_or(""), request.parameter("status").value_or("")};
}

Response take_receipt(Api& api, const Request& request) {
    const auto fields = read_receipt(request);
    if (!fields) return fields.error();
    if (fields->id.empty()) return field_problem("id", "required", "is required: the message's id");
    const auto receipt = engine::parse_receipt(fields->status);
    if (!receipt)
        return field_problem("status", "invalid_value",
                             "must be delivered, failed, rejected, expired, buffered, accepted, or Kannel's number "
                             "for it (1, 2, 16, 34, 4, 8)");
    const auto row = api.store().read_message(fields->id);
    if (!row || (row->channel != "sms" && row->channel != "app"))
        return problem(404, "unknown_notification", "there is no message with this id");
    engine::ReceiptJob job(row->row, *receipt, "the gateway reports " + fields->status);
    if (auto refusal = submit(api, job)) return *refusal;
    api.metrics.receipt(fields->status);
    return json_response({{"id", fields->id}, {"state", storage::word(job.message().state)}});
}

/// By GET Kannel's parameters, by POST JSON.
Doc inbound_doc(std::string_view method) {
    const bool posted = method == "POST";
    Doc doc(posted ? "receiveSms" : "receiveSmsFromKannel", "Gateway");
    if (posted)
        return doc.takes("application/json", "InboundSms")
            .gives(200, "SmsOutcome", "Taken: durable, like an event.")
            .may(400, "The body is not JSON.")
            .may(415, "Another Content-Type.")
            .may(422, "A field is missing or wrong; `errors` names it.")
            .commits();
    return doc.says("The answer is empty, because a gateway would send it on to the customer.")
        .needs_query("from", "GatewayNumber", "Who sent it, as the gateway writes numbers: with `+`, `00` or neither.")
        .query("to", "string", "What it was sent to; kept, not checked.")
        .query("text", "SmsText", "The text, in `charset`.")
        .query("id", "MessageIdOfGateway", "The gateway's id, by which a repetition is told.")
        .query("charset", "string", "The text's charset; UTF-8 unless given.")
        .gives_as(200, "text/plain", "Empty", "Taken: durable, like an event.")
        .may(422, "`from` is missing or no number, or a value is too long.")
        .commits();
}

Doc receipt_doc(std::string_view method) {
    const bool posted = method == "POST";
    Doc doc(posted ? "receiveReceipt" : "receiveReceiptFromKannel", "Gateway");
    if (posted)
        doc.takes("application/json", "DeliveryReceipt").may(400, "The body is not JSON.");
    else
        doc.needs_query("id", "string", "The message's `id`, as our own `dlr-url` carries it.")
            .needs_query("status", "ReceiptStatus", "What became of it.");
    return doc.gives(200, "ReceiptTaken", "Taken.")
        .may(404, "There is no message with this id.")
        .may(422, "`id` or `status` is missing or wrong.")
        .commits();
}

}  // namespace

void add_sms_routes(std::vector<Route>& routes, Api& api) {
    for (const char* method : {"GET", "POST"}) {
        routes.push_back({method,
                          "/v1/sms/inbound",
                          {"gateway"},
                          "A customer's SMS: an answer, STOP, START, USAGE or HELP.",
                          max_sms_body,
                          [&api](const Request& request) { return take_sms(api, request); },
                          inbound_doc(method)});
        routes.push_back({method,
                          "/v1/sms/dlr",
                          {"gateway"},
                          "A delivery receipt for one of our messages.",
                          max_sms_body,
                          [&api](const Request& request) { return take_receipt(api, request); },
                          receipt_doc(method)});
    }
}

}  // namespace roamguard::http
