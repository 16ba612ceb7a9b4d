#include "service/engine/camara_retrieve.h"

#include <stdexcept>

#include <nlohmann/json.hpp>

#include "notifications/http_client.h"
#include "service/engine/events_job.h"
#include "service/intake/camara.h"

namespace roamguard::engine {
namespace {

using nlohmann::json;
using notifications::Attempt;
using Fate = Attempt::Fate;

class CamaraRetrieve final : public notifications::Channel {
public:
    CamaraRetrieve(Engine& engine, CamaraRetrieveOptions options) : engine_(engine), options_(std::move(options)) {
        const auto target = notifications::parse_target(options_.url);
        if (!target) throw std::runtime_error("camara.retrieve-url: an http:// or https:// URL is needed");
        target_ = *target;
        if (target_.path == "/") target_.path = "/device-roaming-status/v1/retrieve";
    }

    Attempt send(const notifications::Outgoing& question) override {
        const json asked = json::parse(question.text);
        notifications::Client client(target_.server, options_.token, options_.timeout_s);
        const notifications::Reply reply =
            client.send("POST", target_.path, json{{"device", {{"phoneNumber", question.to}}}}.dump(),
                        "application/json", {{"x-correlator", question.id}});
        if (reply.status == 0) return {Fate::later, "the CAMARA server does not answer: " + reply.error, {}};
        if (reply.status == 429 || reply.status >= 500)
            return {Fate::later, "the CAMARA server answers " + std::to_string(reply.status), {}};
        if (reply.status != 200) return {Fate::dead, "the CAMARA server answers " + std::to_string(reply.status), {}};
        intake::Subscriber who;
        who.msisdn = notifications::Msisdn::parse(question.to).value();
        const auto event =
            intake::event_of_retrieve(reply.body, who, question.id, Instant{asked.at("at").get<std::int64_t>()});
        if (!event) return {Fate::dead, "the CAMARA server's answer says no country: " + event.error(), {}};
        EventsJob job({*event});
        engine_.submit(job);
        if (const auto& refusal = job.results().front().refusal)
            return {Fate::dead, "the CAMARA server's answer was refused: " + refusal->code, {}};
        return {Fate::delivered, {}, {}};
    }

private:
    Engine& engine_;
    CamaraRetrieveOptions options_;
    notifications::Target target_;
};

}  // namespace

std::unique_ptr<notifications::Channel> make_camara_retrieve(Engine& engine, CamaraRetrieveOptions options) {
    return std::make_unique<CamaraRetrieve>(engine, std::move(options));
}

}  // namespace roamguard::engine
