#include "service/http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>

namespace roamguard::http {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;

const Histogram::BucketBoundaries fast{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                       0.05,   0.1,     0.25,   0.5,   1,      2.5,   5};
const Histogram::BucketBoundaries sizes{1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
const Histogram::BucketBoundaries late{0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400};

/// Family::Add locks and compares labels; the hot path keeps the references instead.
class Counters {
public:
    explicit Counters(Family<Counter>& family) : family_(family) {}
    Counter& of(const std::string& key, const std::map<std::string, std::string>& labels) {
        const std::lock_guard lock(mutex_);
        Counter*& counter = counters_[key];
        if (!counter) counter = &family_.Add(labels);
        return *counter;
    }

private:
    Family<Counter>& family_;
    std::mutex mutex_;
    std::unordered_map<std::string, Counter*> counters_;
};

Family<Counter>& counter_family(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
Histogram& histogram(prometheus::Registry& registry, const char* name, const char* help,
                     const Histogram::BucketBoundaries& buckets) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

}  // namespace

struct Metrics::Impl {
    prometheus::Registry registry;
    Counters requests{
        counter_family(registry, "roamguard_http_requests_total", "HTTP requests by route, method and status.")};
    Counters events{counter_family(registry, "roamguard_events_total", "Events by their first outcome.")};
    Counters messages{counter_family(registry, "roamguard_messages_total", "Messages owed, by kind.")};
    Counters deliveries{
        counter_family(registry, "roamguard_deliveries_total", "Delivery attempts, by what became of them.")};
    Counters receipts{counter_family(registry, "roamguard_receipts_total", "Delivery receipts, by what they report.")};
    Counters replies{
        counter_family(registry, "roamguard_sms_inbound_total", "SMS that came in, by what became of them.")};
    Counters authorizations{counter_family(registry, "roamguard_authorizations_total",
                                           "Requests to use a service, by what was decided and why.")};
    prometheus::Family<prometheus::Gauge>& channel_up =
        prometheus::BuildGauge()
            .Name("roamguard_channel_up")
            .Help("Whether the other side of a channel answers: 1, or 0 after repeated failures.")
            .Register(registry);
    mutable std::mutex channels_mutex;
    std::map<std::string, ChannelState> channels;
    Histogram& request_seconds =
        histogram(registry, "roamguard_http_request_seconds", "Time to answer a request.", fast);
    Histogram& commit_seconds = histogram(registry, "roamguard_commit_seconds", "Time of a durable commit.", fast);
    Histogram& batch_requests = histogram(registry, "roamguard_batch_requests", "Requests in one commit.", sizes);
    Histogram& checkpoint_seconds =
        histogram(registry, "roamguard_checkpoint_seconds", "Stall of a WAL checkpoint.", fast);
    Histogram& lateness =
        histogram(registry, "roamguard_warning_lateness_seconds",
                  "Delay between the end of the usage that crossed a threshold and the commit of its message; 0 where "
                  "a forecast told it early.",
                  late);
    Histogram& event_delay = histogram(registry, "roamguard_event_delay_seconds",
                                       "Delay between an event's time (of usage: its end) and its receipt.", late);
    prometheus::Counter& opened =
        counter_family(registry, "roamguard_opened_total", "Stages, destinations and passes that were opened.").Add({});
    prometheus::Counter& opened_confirmed =
        counter_family(registry, "roamguard_opened_confirmed_total", "Of those: resting on a recorded confirmation.")
            .Add({});
    prometheus::Gauge& coverage = prometheus::BuildGauge()
                                      .Name("roamguard_coverage_ratio")
                                      .Help("Confirmed of opened since the start; anything below 1 is an alert.")
                                      .Register(registry)
                                      .Add({}, 1);
    prometheus::Gauge& queued = prometheus::BuildGauge()
                                    .Name("roamguard_events_waiting")
                                    .Help("Events waiting for the engine.")
                                    .Register(registry)
                                    .Add({});
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::request(const std::string& pattern, const std::string& method, int status, double seconds) {
    std::string route = pattern;  // `{n}` as `:n`: braces in a label value trip simple readers of the format
    std::replace(route.begin(), route.end(), '{', ':');
    std::erase(route, '}');
    impl_->requests
        .of(method + pattern + std::to_string(status),
            {{"route", route}, {"method", method}, {"status", std::to_string(status)}})
        .Increment();
    impl_->request_seconds.Observe(seconds);
}

void Metrics::event(const engine::EventResult& result) {
    const std::string outcome(
        protection::word(result.outcomes.empty() ? protection::Outcome::noted : result.outcomes.front()));
    impl_->events.of(outcome, {{"outcome", outcome}}).Increment();
    if (outcome == "duplicate") return;
    for (const engine::Notification& one : result.notifications)
        message(one.kind);
}

void Metrics::lateness(double seconds) { impl_->lateness.Observe(seconds); }
void Metrics::batch(std::size_t requests, double commit_seconds) {
    impl_->batch_requests.Observe(static_cast<double>(requests));
    impl_->commit_seconds.Observe(commit_seconds);
}
void Metrics::checkpoint(double seconds) { impl_->checkpoint_seconds.Observe(seconds); }
void Metrics::consents(engine::Turn::Consents consents) {
    impl_->opened.Increment(consents.opened);
    impl_->opened_confirmed.Increment(consents.confirmed);
    impl_->coverage.Set(impl_->opened_confirmed.Value() / impl_->opened.Value());
}
void Metrics::queued(std::size_t events) { impl_->queued.Set(static_cast<double>(events)); }
void Metrics::message(const std::string& kind) { impl_->messages.of(kind, {{"kind", kind}}).Increment(); }
void Metrics::delivery(const std::string& channel, const std::string& result) {
    impl_->deliveries.of(channel + result, {{"channel", channel}, {"result", result}}).Increment();
}
void Metrics::receipt(const std::string& status) { impl_->receipts.of(status, {{"status", status}}).Increment(); }
void Metrics::sms(const std::string& outcome) { impl_->replies.of(outcome, {{"outcome", outcome}}).Increment(); }
void Metrics::authorization(const std::string& decision, const std::string& reason) {
    impl_->authorizations.of(decision + reason, {{"decision", decision}, {"reason", reason}}).Increment();
}
void Metrics::channel(const std::string& name, ChannelState state) {
    const std::lock_guard lock(impl_->channels_mutex);
    impl_->channels[name] = state;
    impl_->channel_up.Add({{"channel", name}}).Set(state == ChannelState::up ? 1 : 0);
}
std::vector<std::string> Metrics::channels_down() const {
    const std::lock_guard lock(impl_->channels_mutex);
    std::vector<std::string> down;
    for (const auto& [name, state] : impl_->channels)
        if (state == ChannelState::down) down.push_back(name);
    return down;
}
void Metrics::delay(double seconds) { impl_->event_delay.Observe(seconds); }

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(impl_->registry.Collect()); }

}  // namespace roamguard::http
