#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

/// One fuzz target a file: `FUZZ(input) { ... }` is run with any bytes whatever. It must end at once, touch nothing but
/// its input, and hold what it says.
#define FUZZ(input)                                                                        \
    static void fuzz_one(std::string_view input);                                          \
    extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t length) { \
        fuzz_one({reinterpret_cast<const char*>(bytes), length});                          \
        return 0;                                                                          \
    }                                                                                      \
    static void fuzz_one(std::string_view input)

/// What must be so for every input. Otherwise the program ends, and the fuzzer keeps the input.
#define HOLDS(condition)                                                                             \
    do {                                                                                             \
        if (!(condition)) {                                                                          \
            std::fprintf(stderr, "%s:%d: this does not hold: %s\n", __FILE__, __LINE__, #condition); \
            std::abort();                                                                            \
        }                                                                                            \
    } while (false)

namespace roamguard::fuzz {

/// A file in memory alone, for what is read by path.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view content) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
        HOLDS(fd_ >= 0 && ::write(fd_, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
    }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile() { ::close(fd_); }
    [[nodiscard]] std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(fd_); }

private:
    int fd_;
};

/// What stands before the first `mark`, and what stands behind it: for inputs of several parts that people can read.
inline std::pair<std::string_view, std::string_view> cut(std::string_view text, std::string_view mark) {
    const std::size_t at = text.find(mark);
    if (at == std::string_view::npos) return {text, {}};
    return {text.substr(0, at), text.substr(at + mark.size())};
}

}  // namespace roamguard::fuzz
