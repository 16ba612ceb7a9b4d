#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "notifications/dispatcher.h"
#include "service/commands/configuration.h"
#include "service/engine/engine.h"
#include "service/http/metrics.h"

namespace roamguard::commands {

/// The ways out as configured, one dispatcher each: `sms`, `app`, `platform`, `nchf`, `camara`. start() and stop() from
/// one thread, wake() from any.
class Delivery {
public:
    /// Throws std::runtime_error naming the option at fault.
    Delivery(engine::Engine& engine, const Configuration& configuration, http::Metrics& metrics);
    /// The engine runs already.
    void start();
    void stop();
    void wake();

private:
    void drop_unconfigured();

    engine::Engine& engine_;
    std::vector<std::string> unconfigured_;
    std::map<std::string, std::unique_ptr<notifications::Dispatcher>> dispatchers_;
};

/// What check-config can tell of the drivers without a store. Throws std::runtime_error naming the option at fault.
void check_delivery(const Configuration& configuration);

/// Where travellers reach us, without a slash at its end. Throws std::runtime_error where links would lead nowhere.
[[nodiscard]] std::string public_url_of(const Configuration& configuration);
/// What is told to the roaming platform, for the decisions.
[[nodiscard]] engine::Surroundings::Platform platform_of(const Configuration& configuration);

}  // namespace roamguard::commands
