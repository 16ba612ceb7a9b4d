#include <algorithm>

#include "service/protection/rules.h"

namespace roamguard::protection {
namespace {

using customers::CapRule;
using intake::RoamingEvent;
using tariffs::Span;

// Chosen by bench/forecast: docs/reference/forecast.md.
/// A session's records weigh half after this part of the horizon: who looks far ahead must look far back.
constexpr std::int64_t memory_part = 2;
/// This part of the horizon counts as time without use: a short burst says little of a far horizon.
constexpr std::int64_t ballast_part = 8;
constexpr std::int64_t delay_weight = 8;  ///< a record's delay moves the usual one by an eighth of the difference

constexpr std::size_t most_sessions = 8;
constexpr Span least_silence = tariffs::minutes(30);

/// Units per millisecond, times 2^20.
using Pace = __int128;
constexpr int pace_bits = 20;

std::int64_t fits(__int128 value) {
    return static_cast<std::int64_t>(std::clamp<__int128>(value, INT64_MIN, INT64_MAX));
}

Instant end_of(const RoamingEvent& event) { return std::max(event.time.at, event.ended.value_or(event.time.at)); }

bool is_credit(const RoamingEvent& event) { return event.charged && event.charged->amount.micros < 0; }

/// How far ahead the forecast looks: what is used now is heard of a delay later, and the lead time is the customer's.
Span horizon(const Deciding& d) { return Span{d.state.feed_delay_ms} + d.rules().warn_lead_time; }

Span memory(const Deciding& d) { return {horizon(d).ms / memory_part}; }

/// A session not heard of for so long is over.
Span silence_of(const Deciding& d, const BurnShare& share) {
    return std::max({Span{share.interval_ms * 3}, horizon(d), least_silence});
}

bool over(const Deciding& d, const Burn& burn) {
    return std::all_of(burn.shares.begin(), burn.shares.end(),
                       [&](const BurnShare& share) { return d.now - burn.received > silence_of(d, share); });
}

Burn* burn_of(CustomerState& state, const std::string& session) {
    for (Burn& burn : state.burns)
        if (burn.session == session) return &burn;
    return nullptr;
}

/// When consent opened the counter's stage, by the clock; what was used before says nothing of its pace.
bool before_stage(const CustomerState& state, const CapCount& count, Instant at) {
    for (const Question& question : state.questions)
        if (question.cause == Cause::cap && question.about == count.cap && question.period_start == count.start &&
            question.stage == count.stage - 1 && question.state == QuestionState::confirmed)
            return at <= *question.decided;
    return false;
}

BurnShare* share_of(Burn& burn, const CapCount& count) {
    for (BurnShare& share : burn.shares)
        if (share.cap == count.cap && share.period_start == count.start && share.stage == count.stage) return &share;
    return nullptr;
}

/// A record within the measured time joins it; a later one lengthens it, and lets what is behind fade.
void add(BurnShare& share, Instant end, std::int64_t amount, Span memory) {
    if (end <= share.last - Span{share.span_ms}) return;
    const std::int64_t sum = fits(static_cast<__int128>(share.amount) + std::max<std::int64_t>(amount, 0));
    if (end <= share.last) {
        share.amount = sum;
        return;
    }
    const std::int64_t passed = (end - share.last).ms;
    const auto faded = [&](__int128 value) { return fits(value * memory.ms / (memory.ms + passed)); };
    share.amount = faded(sum);
    share.span_ms = std::max<std::int64_t>(faded(static_cast<__int128>(share.span_ms) + passed), 1);
    share.interval_ms = passed;
    share.last = end;
}

/// What a session burns of a counter now. Silence beyond its interval counts as time in which nothing was used.
Pace pace_of(const Deciding& d, const Burn& burn, const BurnShare& share) {
    const Span silence = silence_of(d, share);
    if (share.interval_ms == 0 || d.now - burn.received > silence || d.now - share.last > silence + horizon(d))
        return 0;
    const std::int64_t overdue = std::max<std::int64_t>((d.now - burn.received).ms - share.interval_ms, 0);
    const std::int64_t span = share.span_ms + overdue + horizon(d).ms / ballast_part;
    return (static_cast<__int128>(share.amount) << pace_bits) / span;
}

int last_threshold(const CapRule& rule) {
    int last = 0;
    for (int threshold : rule.thresholds)
        if (threshold < 100) last = std::max(last, threshold);
    return last;
}

std::string minutes_text(std::int64_t ms) { return std::to_string(ms / 60'000) + " min"; }

std::string amount_text(const CapRule& rule, std::int64_t amount) {
    if (!rule.is_volume()) return tariffs::to_decimal({amount, rule.currency}) + " " + rule.currency.code();
    return tariffs::to_text(tariffs::Quantity{amount, tariffs::UnitKind::bytes}, tariffs::Style::counted);
}

}  // namespace

void note_record(Deciding& d, const RoamingEvent& event) {
    if (is_credit(event)) return;
    const std::int64_t delay = std::max<std::int64_t>((d.now - end_of(event)).ms, 0);
    std::int64_t& usual = d.state.feed_delay_ms;
    usual = usual == 0 ? delay : usual + (delay - usual) / delay_weight;
    auto& burns = d.state.burns;
    std::erase_if(burns, [&](const Burn& burn) { return over(d, burn); });
    if (event.session.empty() || d.rules().warn_lead_time.ms <= 0) return;
    Burn* burn = burn_of(d.state, event.session);
    if (!burn && burns.size() >= most_sessions)
        burns.erase(std::min_element(burns.begin(), burns.end(),
                                     [](const Burn& a, const Burn& b) { return a.received < b.received; }));
    if (!burn) burn = &burns.emplace_back(Burn{event.session, d.now, {}});
    burn->received = d.now;
}

void note_burn(Deciding& d, const RoamingEvent& event, const CapCount& count, std::int64_t amount) {
    Burn* burn = burn_of(d.state, event.session);
    if (!burn || is_credit(event) || count.end <= d.now) return;
    const Instant end = end_of(event);
    if (before_stage(d.state, count, end)) return;
    BurnShare* share = count.reached ? nullptr : share_of(*burn, count);
    if (share) return add(*share, end, amount, memory(d));
    std::erase_if(burn->shares, [&](const BurnShare& old) { return old.cap == count.cap; });
    if (!count.reached) burn->shares.push_back({count.cap, count.start, count.stage, end, 0, 0, 0});
}

std::optional<int> forecast(Deciding& d, const CapRule& rule, const CapCount& count, std::int64_t limit) {
    const int threshold = last_threshold(rule);
    if (threshold <= std::max(count.mark, highest_passed(rule, count.used, limit))) return std::nullopt;
    Pace pace = 0;
    Instant last;
    for (Burn& burn : d.state.burns)
        if (const BurnShare* share = share_of(burn, count)) {
            pace += pace_of(d, burn, *share);
            last = std::max(last, share->last);
        }
    if (pace <= 0) return std::nullopt;
    const Span left{fits(((static_cast<__int128>(limit) - count.used) << pace_bits) / pace)};
    if (left >= horizon(d) || last + left >= count.end) return std::nullopt;
    d.out.reasons.push_back("forecast: the rest of cap " + rule.id + " lasts " + minutes_text(left.ms) + " at " +
                            amount_text(rule, fits(pace * 3'600'000 >> pace_bits)) + " an hour, and records come " +
                            minutes_text(d.state.feed_delay_ms) + " late");
    return threshold;
}

}  // namespace roamguard::protection
