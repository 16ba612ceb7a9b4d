#include "geoip/networks.h"

#include <algorithm>

#include "tests/fuzz/fuzz.h"

using namespace roamguard::geoip;

/// A whole table of networks, in place of the built-in one.
FUZZ(input) {
    const roamguard::fuzz::MemoryFile file(input);
    const auto loaded = Networks::load({file.path(), {}, {}});
    if (!loaded) {
        HOLDS(!loaded.error().sentences.empty());
        return;
    }
    for (const char* mcc : {"440", "901", "310", "001"})
        for (const char* mnc : {"10", "410", "14", "01"}) {
            const Network* network = (*loaded)->find(*Plmn::parse(mcc, mnc));
            if (!network) continue;
            HOLDS(network->klass == NetworkClass::terrestrial || network->countries.empty());
            HOLDS(network->klass == NetworkClass::test || !test_mcc(mcc));
            const auto& of_mcc = (*loaded)->countries_of_mcc(mcc);
            for (const Country country : network->countries)
                HOLDS(std::find(of_mcc.begin(), of_mcc.end(), country) != of_mcc.end());
        }
}
