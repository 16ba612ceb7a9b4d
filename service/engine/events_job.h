#pragma once

#include <optional>
#include <string>
#include <vector>

#include "service/engine/engine.h"
#include "service/engine/owing.h"
#include "service/intake/read_events.h"

namespace roamguard::engine {

/// What became of one event.
struct EventResult {
    std::string id, source;
    std::vector<protection::Outcome> outcomes;
    std::optional<intake::Refusal> refusal;  ///< of a rejected one
    bool placed = false;
    protection::KnownPlace place;
    protection::DataState data = protection::DataState::allowed;
    std::vector<protection::PriceView> prices;
    std::vector<protection::CapView> caps;
    std::vector<Notification> notifications;
    std::string question;
    std::string time_zone = "UTC";  ///< the customer's, in which periods are written
    bool warned_early = false;      ///< its `threshold_reached` is a forecast's: not reached yet
};

/// The events of one HTTP request: all durable together, each with its result.
class EventsJob final : public Job {
public:
    explicit EventsJob(std::vector<intake::ReadEvent> events) : events_(std::move(events)) {}
    void want(Wants& wants) const override;
    void run(Turn& turn) override;
    [[nodiscard]] std::size_t weight() const override { return events_.size(); }
    [[nodiscard]] const std::vector<EventResult>& results() const { return results_; }
    [[nodiscard]] const std::vector<intake::ReadEvent>& events() const { return events_; }

private:
    std::vector<intake::ReadEvent> events_;
    std::vector<EventResult> results_;
};

/// From now on this CAMARA subscriptionId names that customer.
void learn_subscription(Turn& turn, Working& customer, const std::string& subscription);

/// The customer an event is about, made where nobody knows them yet. `conflict` is set where MSISDN and IMSI name
/// different customers: the number's counts.
struct Resolved {
    Working* customer = nullptr;
    bool conflict = false;
};
[[nodiscard]] Resolved resolve_customer(Turn& turn, const intake::Subscriber& subscriber);
/// The names a customer may be known by, the one looked for first in front.
[[nodiscard]] std::vector<std::string> aliases_of(const intake::Subscriber& subscriber);
/// Where an event says that its customer is.
[[nodiscard]] geoip::Place find_place(const Turn& turn, const intake::RoamingEvent& event, geoip::Country home);

}  // namespace roamguard::engine
