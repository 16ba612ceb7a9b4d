#include <kainjow/mustache.hpp>

#include <algorithm>
#include <map>

#include "data/embedded.h"
#include "service/http/api.h"

namespace roamguard::http {
namespace {

using kainjow::mustache::data;
using kainjow::mustache::mustache;

constexpr int shown_messages = 200;

/// A text around its link; all of it before, where there is none.
struct Linked {
    std::string before, link, after;
};

Linked split(const std::string& text, const std::string& start) {
    const std::size_t begin = text.find(start);
    if (begin == std::string::npos) return {text, "", ""};
    const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    return {text.substr(0, begin), text.substr(begin, end - begin), text.substr(end)};
}

/// The phones of the sandbox: the last messages, grouped by number, each as the traveller reads it.
Response sandbox(Api& api, const Request&) {
    if (api.sms_driver != "sandbox") return problem(404, "no_sandbox", "messages go out by another driver");
    std::map<std::string, data> phones;
    std::vector<std::string> order;
    auto rows = api.store().read_messages({}, {0, shown_messages});
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
        if (row->to.empty()) continue;
        if (!phones.count(row->to)) {
            order.push_back(row->to);
            phones.emplace(row->to, data(data::type::list));
        }
        data message;
        message.set("kind", row->kind);
        const Linked text = split(shown_text(api, *row), api.engine.around()->public_url + "/c/");
        message.set("before", text.before);
        if (!text.link.empty()) {
            data link;
            link.set("url", text.link);
            message.set("link", link);
        }
        message.set("after", text.after);
        message.set("language", row->language);
        message.set("state", std::string(storage::word(row->state)));
        message.set("at", tariffs::to_rfc3339(row->created));
        message.set("segments", std::to_string(row->segments));
        phones.at(row->to) << message;
    }
    data list(data::type::list);
    for (const std::string& number : order) {
        data phone;
        phone.set("number", number);
        phone.set("messages", phones.at(number));
        list << phone;
    }
    mustache page(std::string(roamguard::data::embedded_files().at("web/sandbox.mustache")));
    data all;
    all.set("phones", list);
    all.set("empty", order.empty());
    Response response;
    response.content_type = "text/html; charset=utf-8";
    response.body = page.render(all);
    response.headers.emplace_back(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    return response;
}

}  // namespace

void add_sandbox_routes(std::vector<Route>& routes, Api& api) {
    routes.push_back({"GET",
                      "/sandbox",
                      {"admin"},
                      "The phones of the sandbox.",
                      0,
                      [&api](const Request& request) { return sandbox(api, request); },
                      Doc("sandbox", "Pages")
                          .says("The last messages as their travellers read them; the page renews itself.")
                          .gives_as(200, "text/html", "string", "The page.")
                          .may(404, "`no_sandbox`: messages go out by another driver.")});
}

}  // namespace roamguard::http
