#include "geoip/ip_country.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "data/digest.h"

namespace roamguard::geoip {

namespace {

constexpr std::int64_t max_bytes = std::int64_t{1} << 30;
/// The first look at a database reads this many different records: a country database has some 250 in all, a city
/// database hundreds of thousands, of which the first tell enough.
constexpr std::size_t records_examined = 4096;

std::string system_message() { return std::generic_category().message(errno); }

/// A file descriptor that closes itself.
class Descriptor {
public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool ok() const { return fd_ >= 0; }

private:
    int fd_;
};

/// An opened database that closes itself.
class Database {
public:
    Database() = default;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database() {
        if (opened_) MMDB_close(&mmdb_);
    }
    [[nodiscard]] int open(const std::string& path) {
        const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &mmdb_);
        opened_ = status == MMDB_SUCCESS;
        return status;
    }
    [[nodiscard]] const MMDB_s& get() const { return mmdb_; }

private:
    MMDB_s mmdb_{};
    bool opened_ = false;
};

/// What one record says: its country, that it names none, or that it cannot be read.
struct Answer {
    std::optional<Country> country;
    bool readable = true;
};

bool absent(int status) {
    return status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR || status == MMDB_INVALID_LOOKUP_PATH_ERROR;
}

Answer country_of(MMDB_entry_s entry) {
    for (const auto& path : {std::array<const char*, 3>{"country", "iso_code", nullptr},
                             std::array<const char*, 3>{"country_code", nullptr, nullptr}}) {
        MMDB_entry_data_s value{};
        const int status = MMDB_aget_value(&entry, &value, path.data());
        if (status != MMDB_SUCCESS && !absent(status)) return {std::nullopt, false};
        if (status != MMDB_SUCCESS || !value.has_data || value.type != MMDB_DATA_TYPE_UTF8_STRING) continue;
        if (const auto country = Country::parse({value.utf8_string, value.data_size})) return {country, true};
    }
    return {};
}

/// Reads the whole tree and the first records it leads to: some corrupt files open without complaint and fail only at
/// a look-up, which would be on the day a traveller's place hangs on it.
std::optional<std::string> fault_of(const MMDB_s& mmdb) {
    std::unordered_set<std::uint32_t> seen;
    std::size_t countries = 0;
    for (std::uint32_t number = 0; number < mmdb.metadata.node_count; ++number) {
        MMDB_search_node_s node{};
        if (MMDB_read_node(&mmdb, number, &node) != MMDB_SUCCESS) return "its search tree is corrupt";
        for (auto [type, entry] : {std::pair{node.left_record_type, node.left_record_entry},
                                   std::pair{node.right_record_type, node.right_record_entry}}) {
            if (type == MMDB_RECORD_TYPE_INVALID) return "its search tree is corrupt";
            if (type != MMDB_RECORD_TYPE_DATA || seen.size() >= records_examined || !seen.insert(entry.offset).second)
                continue;
            const Answer answer = country_of(entry);
            if (!answer.readable) return "its data cannot be read";
            if (answer.country) ++countries;
        }
    }
    if (countries == 0) return "no address in it has a country (country.iso_code or country_code)";
    return std::nullopt;
}

tl::expected<std::string, std::string> bytes_of(const std::filesystem::path& path) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe must not stop the start
    if (!file.ok()) return tl::unexpected(system_message());
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return tl::unexpected(system_message());
    if (!S_ISREG(status.st_mode)) return tl::unexpected(std::string("it is not a regular file"));
    if (status.st_size == 0) return tl::unexpected(std::string("it is empty"));
    if (status.st_size > max_bytes) return tl::unexpected(fmt::format("it is larger than {} MiB", max_bytes >> 20));
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t got = ::read(file.get(), bytes.data() + done, bytes.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return tl::unexpected(system_message());
        if (got == 0) return tl::unexpected(std::string("it shrank while it was read"));
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

/// A file of our own in memory that nobody can write, shorten or lengthen any more.
tl::expected<Descriptor, std::string> sealed_copy(const std::string& bytes) {
    Descriptor memory(::memfd_create("roamguard-country", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory.ok()) return tl::unexpected(system_message());
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t put = ::write(memory.get(), bytes.data() + done, bytes.size() - done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return tl::unexpected(system_message());
        done += static_cast<std::size_t>(put);
    }
    if (::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return tl::unexpected(system_message());
    return memory;
}

/// The address as the library wants it, an IPv4-mapped one as the IPv4 it stands for.
struct Address {
    sockaddr_storage storage{};
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::optional<Address> parse_address(std::string_view text) {
    if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
    char written[INET6_ADDRSTRLEN] = {};
    text.copy(written, text.size());
    if (std::memchr(written, '\0', text.size()) != nullptr) return std::nullopt;

    Address address;
    sockaddr_in four{};
    four.sin_family = AF_INET;
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    if (::inet_pton(AF_INET, written, &four.sin_addr) == 1) {
        std::memcpy(&address.storage, &four, sizeof four);
    } else if (::inet_pton(AF_INET6, written, &six.sin6_addr) != 1) {
        return std::nullopt;
    } else if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
        std::memcpy(&four.sin_addr, &six.sin6_addr.s6_addr[12], sizeof four.sin_addr);
        std::memcpy(&address.storage, &four, sizeof four);
    } else {
        std::memcpy(&address.storage, &six, sizeof six);
    }
    return address;
}

}  // namespace

struct IpCountry::Impl {
    Descriptor memory;
    Database database;
    std::string digest;
};

tl::expected<std::shared_ptr<const IpCountry>, std::string> IpCountry::open(const std::filesystem::path& path) {
    const auto refuse = [&](std::string_view why) {
        return tl::unexpected(fmt::format("The IP database {} cannot be used: {}.", path.string(), why));
    };
    const auto bytes = bytes_of(path);
    if (!bytes) return refuse(bytes.error());
    auto impl = std::make_unique<Impl>();
    impl->digest = data::to_hex(data::sha256(*bytes));
    auto memory = sealed_copy(*bytes);
    if (!memory) return refuse("no private copy of it can be made: " + memory.error());
    impl->memory = std::move(*memory);
    const int status = impl->database.open(fmt::format("/proc/self/fd/{}", impl->memory.get()));
    if (status == MMDB_IO_ERROR || status == MMDB_OUT_OF_MEMORY_ERROR) return refuse(MMDB_strerror(status));
    if (status != MMDB_SUCCESS) return refuse("it is no MaxMind DB file, or a damaged one");
    if (const auto fault = fault_of(impl->database.get())) return refuse(*fault);
    return std::shared_ptr<const IpCountry>(new IpCountry(std::move(impl)));
}

IpCountry::IpCountry(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
IpCountry::~IpCountry() = default;

std::optional<Country> IpCountry::find(std::string_view address) const {
    const auto parsed = parse_address(address);
    if (!parsed) return std::nullopt;
    int status = MMDB_SUCCESS;
    const MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&impl_->database.get(), parsed->get(), &status);
    if (status != MMDB_SUCCESS || !found.found_entry) return std::nullopt;
    return country_of(found.entry).country;
}

std::int64_t IpCountry::build_epoch_s() const {
    return static_cast<std::int64_t>(impl_->database.get().metadata.build_epoch);
}

const std::string& IpCountry::digest() const { return impl_->digest; }

bool is_ip_address(std::string_view text) { return parse_address(text).has_value(); }

}  // namespace roamguard::geoip
