#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "geoip/country.h"

namespace roamguard::geoip {

/// IP-to-country look-ups in a MaxMind DB file (`country.iso_code`, else the flat `country_code`).
/// The file is copied to a private read-only memory file before it is mapped, because truncating a mapped file in
/// place would kill the process. Immutable after construction; any thread.
class IpCountry {
public:
    /// On failure: one sentence saying what is wrong with the file. A file that opens but cannot answer (corrupt
    /// tree, not a country database, IPv4-only without any country) is refused too.
    [[nodiscard]] static tl::expected<std::shared_ptr<const IpCountry>, std::string> open(
        const std::filesystem::path& path);

    ~IpCountry();
    IpCountry(const IpCountry&) = delete;
    IpCountry& operator=(const IpCountry&) = delete;

    /// None for an address that is not listed (private ones never are) or text that is none, and where the file's data
    /// cannot be read. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is looked up as IPv4. Never throws.
    [[nodiscard]] std::optional<Country> find(std::string_view address) const;
    [[nodiscard]] std::int64_t build_epoch_s() const;
    [[nodiscard]] const std::string& digest() const;  ///< SHA-256 (hex) of the file

private:
    struct Impl;
    explicit IpCountry(std::unique_ptr<const Impl> impl);
    std::unique_ptr<const Impl> impl_;
};

/// True when the text is an IPv4 or IPv6 address as inet_pton reads it.
[[nodiscard]] bool is_ip_address(std::string_view text);

}  // namespace roamguard::geoip
