#include "service/commands/configuration.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard;
using commands::Configuration;
using commands::Option;

namespace {

/// Whatever loads can be asked for, by every option's own kind.
void check_values(const Configuration& configuration) {
    for (const Option& option : commands::options()) {
        if (option.kind == Option::Kind::whole) HOLDS(configuration.whole(option.name) >= 0);
        if (option.kind == Option::Kind::span) HOLDS(configuration.span_ms(option.name) >= 0);
        if (option.kind == Option::Kind::yes_no) (void)configuration.yes(option.name);
        if (option.kind == Option::Kind::list)
            for (const std::string& one : configuration.list(option.name))
                HOLDS(!one.empty());
    }
}

/// The printed configuration is itself a configuration, and the same one but for what it hides.
void check_printed(const Configuration& configuration) {
    const fuzz::MemoryFile file(configuration.print());
    const auto again = Configuration::load({}, file.path());
    HOLDS(again.has_value());
    for (const Option& option : commands::options())
        if (!option.secret && option.name != "store")  // its password is hidden
            HOLDS(again->text(option.name) == configuration.text(option.name));
}

}  // namespace

FUZZ(input) {
    const fuzz::MemoryFile file(input);
    const auto loaded = Configuration::load({}, file.path());
    if (!loaded) {
        HOLDS(!loaded.error().empty());
        for (const std::string& fault : loaded.error())
            HOLDS(!fault.empty());
        return;
    }
    check_values(*loaded);
    check_printed(*loaded);
}
