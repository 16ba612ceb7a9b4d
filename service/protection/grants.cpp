#include <algorithm>

#include "service/protection/rules.h"

// What was allowed before it happened and is not recorded yet. The grants of one session and service share one sum per
// cap: what the session's segment costs with all of them used, less what it costs without. Each record moves its part
// of that sum into the cap's count, so the two together stay what they were, to the millionth.
namespace roamguard::protection {
namespace {

constexpr std::size_t most_grants = 32;

bool belongs(const Grant& grant, std::string_view session, tariffs::Service service) {
    return !grant.mixed && grant.session == session && grant.service == service;
}

void add_shares(Grant& grant, const std::vector<GrantShare>& shares) {
    for (const GrantShare& share : shares) {
        const auto known = std::find_if(grant.shares.begin(), grant.shares.end(),
                                        [&](const GrantShare& one) { return one.cap == share.cap; });
        if (known == grant.shares.end())
            grant.shares.push_back(share);
        else
            known->amount = plus(known->amount, share.amount);
    }
}

/// The grants a record of this session settles, in order: those of its pass, then what its sender reported, then what
/// is open.
std::vector<Grant*> to_settle(CustomerState& state, std::string_view session, tariffs::Service service,
                              std::string_view pass) {
    std::vector<Grant*> grants;
    for (Grant& grant : state.grants)
        if (belongs(grant, session, service)) grants.push_back(&grant);
    // A report takes all that is open, so that what was reported always stands before what was opened since.
    std::stable_partition(grants.begin(), grants.end(), [&](const Grant* grant) { return grant->pass == pass; });
    return grants;
}

/// What a settled grant had left of its shares is the next one's of its session: the first of two records may have paid
/// for a block that both are in, or for the block that the second begins.
void pass_on(std::vector<Grant*>& grants) {
    const auto next = std::find_if(grants.begin(), grants.end(),
                                   [](const Grant* grant) { return grant->quantity > 0 && grant->pass.empty(); });
    for (Grant* grant : grants) {
        if (grant->quantity > 0) continue;
        if (next != grants.end()) add_shares(**next, grant->shares);
        grant->shares.clear();
    }
}

/// Whether two grants can stand as one without anything being lost but how late their records may come.
bool alike(const Grant& a, const Grant& b) {
    return belongs(a, b.session, b.service) && a.reported == b.reported && a.pass == b.pass;
}

void merge(std::vector<Grant>& grants, Grant& kept, std::vector<Grant>::iterator from) {
    const Grant& gone = *from;
    kept.quantity = plus(kept.quantity, gone.quantity);
    kept.recorded = plus(kept.recorded, gone.recorded);
    add_shares(kept, gone.shares);
    kept.valid_until = std::max(kept.valid_until, gone.valid_until);
    kept.keep_until = std::max(kept.keep_until, gone.keep_until);
    grants.erase(from);
}

/// Makes room for one more. Where no two are alike the two oldest become one that no session settles: it stays reserved
/// until it lapses.
void merge_oldest(std::vector<Grant>& grants) {
    // cppcheck-suppress invalidContainer  ; the loop ends with what invalidates it
    for (auto one = grants.begin(); one != grants.end(); ++one) {
        const auto other = std::find_if(one + 1, grants.end(), [&](const Grant& next) { return alike(*one, next); });
        if (other != grants.end()) return merge(grants, *one, other);
    }
    Grant& oldest = grants.front();
    oldest.session.clear();
    oldest.mixed = true;
    oldest.reported = true;
    oldest.pass.clear();
    merge(grants, oldest, grants.begin() + 1);
}

}  // namespace

std::int64_t kept_for_grants(const CustomerState& state, std::string_view cap, Kept what) {
    std::int64_t kept = 0;
    for (const Grant& grant : state.grants)
        for (const GrantShare& share : grant.shares)
            if (share.cap == cap && (grant.reported || what == Kept::all)) kept = plus(kept, share.amount);
    return kept;
}

std::int64_t told_use(const CustomerState& state, const CapCount& count) {
    return count.early ? plus(count.used, kept_for_grants(state, count.cap, Kept::reported)) : count.used;
}

void keep_grant(CustomerState& state, Grant grant) {
    while (state.grants.size() >= most_grants)
        merge_oldest(state.grants);
    state.grants.push_back(std::move(grant));
}

void settle_share(CustomerState& state, const std::string& session, tariffs::Service service, std::string_view cap,
                  std::int64_t amount) {
    for (Grant* grant : to_settle(state, session, service, ""))
        for (GrantShare& share : grant->shares) {
            if (share.cap != cap || amount <= 0) continue;
            const std::int64_t part = std::min(share.amount, amount);
            share.amount -= part;
            amount -= part;
        }
}

void settle_grants(CustomerState& state, const std::string& session, tariffs::Service service, std::int64_t quantity,
                   std::string_view pass) {
    std::vector<Grant*> grants = to_settle(state, session, service, pass);
    Grant* open = nullptr;
    for (Grant* grant : grants) {
        const std::int64_t part = std::min(grant->quantity, quantity);
        grant->quantity -= part;
        quantity -= part;
        if (grant->reported) continue;
        open = grant;
        open->recorded = plus(open->recorded, part);
    }
    if (open) open->recorded = plus(open->recorded, quantity);  // more than was granted came of it
    pass_on(grants);
    std::erase_if(state.grants, [](const Grant& grant) { return grant.reported && grant.quantity == 0; });
}

void note_freed(std::vector<std::string>& freed, const Grant& grant) {
    for (const GrantShare& share : grant.shares)
        if (share.amount > 0) freed.push_back(share.cap);
}

void lapse_grants(Deciding& d) {
    std::vector<std::string> freed;
    std::erase_if(d.state.grants, [&](const Grant& grant) {
        const bool over = grant.quantity == 0 ? grant.valid_until <= d.now : grant.keep_until <= d.now;
        if (over) note_freed(freed, grant);
        return over;
    });
    release_early(d, freed);
}

void release_early(Deciding& d, const std::vector<std::string>& freed) {
    for (CapCount& count : d.state.counts) {
        const bool was_kept = std::find(freed.begin(), freed.end(), count.cap) != freed.end();
        const customers::CapRule* rule = rule_named(d.terms, count.cap);
        const Hold* standing = find_hold(d.state, Cause::cap, count.cap);
        if (!count.early || !was_kept || !rule || (standing && standing->declined) || count.end <= d.now) continue;
        if (kept_for_grants(d.state, count.cap, Kept::all) > 0) continue;
        unreach(d, rule_of(count, *rule), count, "what was granted was not used");
    }
}

std::optional<Instant> next_lapse(const CustomerState& state) {
    std::optional<Instant> next;
    for (const CapCount& count : state.counts)
        for (const Grant& grant : state.grants)
            for (const GrantShare& share : grant.shares)
                if (count.early && share.cap == count.cap && (!next || grant.keep_until < *next))
                    next = grant.keep_until;
    return next;
}

}  // namespace roamguard::protection
