#pragma once

#include <memory>
#include <string>
#include <vector>

#include "notifications/channel.h"
#include "notifications/webhook_signature.h"

namespace roamguard::notifications {

struct WebhookOptions {
    std::string option;  ///< the setting that holds the URL, named where it is wrong: `platform.webhook-url`
    std::string url;     ///< empty: each message's `to` is its URL
    std::vector<WebhookSecret> secrets;  ///< each signs, so that they can be changed without a gap; none: unsigned
    int timeout_s = 15;
    /// as_is: the message's text is the body, of `content_type`; told until accepted, so what is not 2xx is `later`.
    /// message: a CloudEvent `org.roamguard.message.v1` for a gateway of the operator's own; `{"delivered":true}` in
    /// the answer says that it arrived, and 4xx (but 408, 425, 429) that this message never will.
    enum class Body { as_is, message } body = Body::as_is;
    std::string content_type = "application/cloudevents+json";  ///< of as_is
};

/// Posts with `webhook-id` (the message's id), `webhook-timestamp` and, with secrets, `webhook-signature` (Standard
/// Webhooks). Redirects are failures. Throws std::runtime_error, naming the option, for a URL that is none. Any thread.
[[nodiscard]] std::unique_ptr<Channel> make_webhook(WebhookOptions options);

}  // namespace roamguard::notifications
