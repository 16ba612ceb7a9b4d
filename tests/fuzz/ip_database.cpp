#include "geoip/ip_country.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard::geoip;

/// libmaxminddb 1.7 forgets a few kilobytes of what it read when it refuses a file for its metadata.
extern "C" const char* __lsan_default_suppressions() { return "leak:libmaxminddb.so"; }

/// The whole file is the input: a damaged database is refused, or answers something.
FUZZ(input) {
    const roamguard::fuzz::MemoryFile file(input);
    const auto opened = IpCountry::open(file.path());
    if (!opened) {
        HOLDS(opened.error().rfind("The IP database ", 0) == 0);
        return;
    }
    const IpCountry& database = **opened;
    HOLDS(database.digest().size() == 64);
    for (const char* address : {"2.125.160.216", "89.160.20.112", "255.255.255.255", "0.0.0.0", "2001:218::1",
                                "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "no address"}) {
        const auto country = database.find(address);
        HOLDS(database.find(address) == country);
        HOLDS(!country || (country->code().size() == 2 && is_ip_address(address)));
    }
    HOLDS(database.find("::ffff:2.125.160.216") == database.find("2.125.160.216"));
}
