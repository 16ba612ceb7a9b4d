#include "service/protection/rules.h"

// CAMARA's roaming-on says that a device is abroad and not where. The status that follows says it, or a question to the
// CAMARA server does; until then nothing a customer would see happens.
namespace roamguard::protection {

void roaming_on(Deciding& d, const intake::RoamingEvent& event) {
    d.out.add(Outcome::noted);
    if (d.terms.inbound) return;
    const Instant at = event.time.at;
    if (!d.state.places.empty()) {
        const PlaceAt& known = d.state.places.back();
        if (known.at > at || (!known.place.home() && at - known.at < d.rules().camara_settle_after)) {
            d.out.reasons.push_back("where the traveller is since then is known: " + known.place.destination());
            return;
        }
    }
    if (d.state.unsettled && d.state.unsettled->at >= at) return;
    d.state.unsettled = Unsettled{at, d.now, event.id};
    d.out.reasons.push_back("abroad, and nobody says where: the country is waited for");
}

void place_told(Deciding& d, Instant at) {
    // The news of one crossing may differ by some seconds in their times.
    if (d.state.unsettled && at + d.rules().camara_settle_after >= d.state.unsettled->at) d.state.unsettled.reset();
}

std::optional<Instant> unsettled_due(const CustomerState& state, const Rules& rules) {
    if (!state.unsettled) return std::nullopt;
    return state.unsettled->since + rules.camara_settle_after;
}

void settle_place(Deciding& d) {
    const auto due = unsettled_due(d.state, d.rules());
    if (!due || *due > d.now) return;
    const Instant at = d.state.unsettled->at;
    d.state.unsettled.reset();
    KnownPlace nowhere;
    nowhere.basis = geoip::Basis::camara;
    d.out.reasons.push_back("no country followed in time: the place is unknown");
    enter_foreign(d, nowhere, at, Because::attach);
}

}  // namespace roamguard::protection
