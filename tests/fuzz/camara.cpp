#include "service/intake/camara.h"
#include "tests/fuzz/fuzz.h"
#include "tests/intake/promises.h"

using namespace roamguard;
using namespace roamguard::intake;
using namespace roamguard::intake::testing;

FUZZ(input) {
    const HttpHeaders headers{{{"content-type", "application/cloudevents+json"}}};
    Limits forgiving;
    forgiving.camara_compat = {"*"};
    const ReadEvent strictly = read_camara(headers, input, now(), {});
    const ReadEvent kindly = read_camara(headers, input, now(), forgiving);
    HOLDS(broken_promise(strictly) == "");
    HOLDS(broken_promise(kindly) == "");
    // Forgiveness refuses nothing that strictness takes, and reads it no other way.
    HOLDS(!strictly || (kindly && kindly->content == strictly->content && kindly->mcc == strictly->mcc &&
                        kindly->countries == strictly->countries));

    Subscriber who;
    who.msisdn = *notifications::Msisdn::parse("+447700900012");
    const auto answer = event_of_retrieve(input, who, "r-1", now());
    HOLDS(answer ? broken_promise(*answer) == "" && answer->subscriber.msisdn == who.msisdn : !answer.error().empty());
}
