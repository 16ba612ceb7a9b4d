#pragma once

#include <memory>
#include <string>

#include "notifications/channel.h"

namespace roamguard::notifications {

struct KannelOptions {
    std::string url;  ///< of sendsms, `http://127.0.0.1:13013/cgi-bin/sendsms`
    std::string username, password;
    std::string sender;  ///< `from`: a number or up to 11 letters and digits
    std::string smsc;    ///< the link to send by; empty: as Kannel routes
    /// What Kannel reaches us by, `http://name:key@127.0.0.1:8080`; empty: no receipts. Kannel decodes nothing in it,
    /// so name and key must be free of characters that a URL encodes.
    std::string receipt_url;
    int timeout_s = 10;
};

/// SMS through Kannel 1.4.5's sendsms. A call that was written and not answered has an unknown outcome and is tried
/// again, so that an SMS can arrive twice but is not lost. Throws std::runtime_error, naming the option
/// `sms.kannel.url` or `sms.callback-url`, for a URL that is none. Any thread.
[[nodiscard]] std::unique_ptr<Channel> make_kannel(KannelOptions options);

}  // namespace roamguard::notifications
