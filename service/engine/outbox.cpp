#include "service/engine/outbox.h"

#include "service/engine/outbox_jobs.h"

namespace roamguard::engine {
namespace {

using notifications::Attempt;
using notifications::Finished;
using notifications::Outgoing;

/// Goes on while what was due turned out to be past its expiry, so that a claim which comes back short means that
/// nothing more is due.
std::vector<Outgoing> claim(Engine& engine, const std::string& channel, tariffs::Span lease, int limit) try {
    std::vector<Outgoing> claimed;
    std::vector<std::int64_t> before;
    for (;;) {
        const tariffs::Instant now = engine.now();
        const std::vector<std::int64_t> due =
            engine.store().due_messages(channel, now, limit - static_cast<int>(claimed.size()));
        if (due.empty() || due == before) return claimed;
        before = due;
        ClaimJob job(due, lease);
        engine.submit(job);
        for (const storage::MessageRow& row : job.claimed())
            claimed.push_back({row.row, row.attempts, row.id, row.to, row.channel, row.kind, row.language, row.text,
                               row.encoding, row.segments, now, row.created, row.expires});
        if (static_cast<int>(claimed.size()) >= limit || job.claimed().size() == due.size()) return claimed;
    }
} catch (const storage::StoreBroken& error) {
    engine.broke(error);
    throw;
}

Delivery::How how_of(Attempt::Fate fate) {
    switch (fate) {
        case Attempt::Fate::sent:
            return Delivery::How::sent;
        case Attempt::Fate::delivered:
            return Delivery::How::delivered;
        case Attempt::Fate::later:
            return Delivery::How::later;
        case Attempt::Fate::dead:
            return Delivery::How::dead;
    }
    throw std::logic_error("a fate without a meaning");
}

void finish(Engine& engine, const std::vector<Finished>& finished) {
    std::vector<Delivery> deliveries;
    for (const Finished& one : finished)
        deliveries.push_back({how_of(one.result.fate), one.row, one.attempt, one.wait, one.result.error});
    DeliveryJob job(std::move(deliveries));
    engine.submit(job);
}

}  // namespace

notifications::Outbox outbox_of(Engine& engine, const std::string& channel, tariffs::Span lease) {
    return {[&engine, channel, lease](int limit) { return claim(engine, channel, lease, limit); },
            [&engine](const std::vector<Finished>& finished) { finish(engine, finished); }};
}

}  // namespace roamguard::engine
