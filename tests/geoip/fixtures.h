#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "geoip/ip_country.h"
#include "geoip/networks.h"

namespace roamguard::geoip {

inline const Networks& built_in() {
    static const std::shared_ptr<const Networks> networks = Networks::load({}).value();
    return *networks;
}

inline std::filesystem::path test_data(std::string_view name) {
    return std::filesystem::path(ROAMGUARD_SOURCE_DIR) / "tests/data" / name;
}

inline Country country(std::string_view code) { return code.empty() ? Country{} : Country::parse(code).value(); }

inline Plmn plmn(std::string_view text) { return Plmn::parse(text).value(); }

/// `FR MC` for a list of countries.
inline std::string codes(const std::vector<Country>& countries) {
    std::string text;
    for (const Country one : countries)
        text += (text.empty() ? "" : " ") + one.code();
    return text;
}

/// A file of its own that goes away with the test.
class TemporaryFile {
public:
    explicit TemporaryFile(std::string_view content) {
        std::string name = (std::filesystem::temp_directory_path() / "roamguard-XXXXXX").string();
        const int fd = ::mkstemp(name.data());
        REQUIRE(fd >= 0);
        ::close(fd);
        path_ = name;
        write(content);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    void write(std::string_view content) const {
        std::ofstream(path_, std::ios::binary | std::ios::trunc) << content << std::flush;
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace roamguard::geoip
