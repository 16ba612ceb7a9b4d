#include "service/engine/payers.h"

#include <algorithm>

#include "service/engine/events_job.h"
#include "service/engine/owing.h"

namespace roamguard::engine {
namespace {

using notifications::Msisdn;

Working* known_by(Turn& turn, const Msisdn& number) {
    const auto owner = number.none() ? std::nullopt : turn.find(alias_of(number));
    return owner ? turn.customer(*owner) : nullptr;
}

void forget_line(Turn& turn, const Msisdn& payer, CustomerId line) {
    Working* before = known_by(turn, payer);
    if (before && std::erase(before->state.pays_for, line) > 0) before->changed = true;
}

}  // namespace

std::optional<std::string> payer_objection(Turn& turn, const customers::Profile& profile) {
    if (profile.payer.none()) return std::nullopt;
    const Working* payer = known_by(turn, profile.payer);
    if (payer && !payer->state.profile.payer.none())
        return "this number has a payer itself, and a payer has none; name the one who pays in the end";
    const Working* line = known_by(turn, profile.msisdn);
    if (line && !line->state.pays_for.empty())
        return "this line pays for others, and a payer has no payer; give those lines another payer first";
    return std::nullopt;
}

void follow_payer(Turn& turn, Working& line, const Msisdn& before) {
    const Msisdn& present = line.state.profile.payer;
    if (before != present) forget_line(turn, before, line.id);
    if (present.none()) return;
    intake::Subscriber subscriber;
    subscriber.msisdn = present;
    Working& payer = *resolve_customer(turn, subscriber).customer;
    auto& lines = payer.state.pays_for;
    if (std::find(lines.begin(), lines.end(), line.id) != lines.end()) return;
    lines.push_back(line.id);
    payer.changed = true;
}

void drop_payer(Turn& turn, Working& line) { forget_line(turn, line.state.profile.payer, line.id); }

std::vector<Working*> lines_of(Turn& turn, const Working& payer) {
    turn.bring(payer.state.pays_for);
    std::vector<Working*> lines;
    for (CustomerId id : payer.state.pays_for) {
        Working* line = turn.customer(id);
        if (line && !line->state.erased && line->state.profile.payer == payer.state.profile.msisdn)
            lines.push_back(line);
    }
    return lines;
}

void renumber_payer(Turn& turn, const Working& payer, const Msisdn& before) {
    turn.bring(payer.state.pays_for);
    for (CustomerId id : payer.state.pays_for) {
        Working* line = turn.customer(id);
        if (!line || line->state.profile.payer != before) continue;
        line->state.profile.payer = payer.state.profile.msisdn;
        turn.record(*line, "profile",
                    "{\"what\":\"the payer has another number\",\"payer\":" +
                        json_text(payer.state.profile.msisdn.e164()) + "}");
    }
}

std::string payers_language(Turn& turn, const customers::Profile& line) {
    const Working* payer = known_by(turn, line.payer);
    return payer ? payer->state.profile.language : std::string();
}

}  // namespace roamguard::engine
