#include <algorithm>

#include "service/protection/rules.h"

namespace roamguard::protection {

std::vector<tariffs::Service> Hold::in_force() const {
    std::vector<tariffs::Service> off;
    if (asleep) return off;
    for (tariffs::Service service : services)
        if (std::find(lifted.begin(), lifted.end(), service) == lifted.end()) off.push_back(service);
    return off;
}

Hold* find_hold(CustomerState& state, Cause cause, std::string_view about) {
    for (Hold& hold : state.holds)
        if (hold.cause == cause && hold.about == about) return &hold;
    return nullptr;
}

void hold(Deciding& d, Hold hold, std::string reason) {
    hold.lifted.clear();
    if (const KnownPlace* place = d.state.place(); place && !place->home())
        for (const tariffs::Service service : hold.services)
            if (covered(d.state, *place, service, d.now)) hold.lifted.push_back(service);
    if (std::vector<tariffs::Service> off = hold.in_force(); !off.empty())
        d.out.holds.push_back({HoldChange::What::held, hold.cause, hold.about, std::move(off), std::move(reason)});
    if (Hold* old = find_hold(d.state, hold.cause, hold.about)) {
        *old = std::move(hold);
        return;
    }
    d.state.holds.push_back(std::move(hold));
}

void release(Deciding& d, Cause cause, std::string_view about, std::string reason) {
    const Hold* found = find_hold(d.state, cause, about);
    if (!found) return;
    std::vector<tariffs::Service> off = found->asleep ? found->services : found->in_force();
    if (!off.empty())
        d.out.holds.push_back(
            {HoldChange::What::released, cause, std::string(about), std::move(off), std::move(reason)});
    d.state.holds.erase(d.state.holds.begin() + (found - d.state.holds.data()));
}

DataState data_state(const CustomerState& state, const Terms& terms) {
    const KnownPlace* place = state.place();
    if (!place || place->home()) return DataState::allowed;
    if (terms.barred) return DataState::blocked;
    DataState result = DataState::allowed;
    for (const Hold& hold : state.holds) {
        const std::vector<tariffs::Service> off = hold.in_force();
        if (std::find(off.begin(), off.end(), tariffs::Service::data) == off.end()) continue;
        if (hold.declined) return DataState::blocked;
        result = DataState::held;
    }
    return result;
}

}  // namespace roamguard::protection
