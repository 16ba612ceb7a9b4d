#pragma once

#include <memory>
#include <string>

#include "notifications/channel.h"
#include "service/engine/engine.h"

namespace roamguard::engine {

struct CamaraRetrieveOptions {
    std::string url;    ///< of `retrieve` itself; a bare server gets the standard's path
    std::string token;  ///< sent as Bearer; may be empty
    int timeout_s = 5;
};

/// The channel `camara`: asks a CAMARA server (device-roaming-status, POST …/retrieve) where a device is of which it
/// said only that it roams. The answer comes in as an event of its own, at the time of the event that asked. Throws
/// std::runtime_error naming the option when the URL is none.
[[nodiscard]] std::unique_ptr<notifications::Channel> make_camara_retrieve(Engine& engine,
                                                                           CamaraRetrieveOptions options);

}  // namespace roamguard::engine
