#include "service/storage/store.h"

#include <algorithm>
#include <new>

#include "service/storage/engines.h"
#include "service/storage/folder_lock.h"

namespace roamguard::storage {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite://";
constexpr std::string_view postgres_scheme = "postgresql://";

bool is_postgres(const std::string& url) { return url.rfind(postgres_scheme, 0) == 0; }

}  // namespace

std::string_view word(MessageState state) {
    switch (state) {
        case MessageState::queued:
            return "queued";
        case MessageState::sent:
            return "sent";
        case MessageState::delivered:
            return "delivered";
        case MessageState::failed:
            return "failed";
        case MessageState::expired:
            return "expired";
        case MessageState::cancelled:
            return "cancelled";
    }
    throw std::logic_error("a message state without a word");
}

std::optional<MessageState> parse_message_state(std::string_view text) {
    for (int i = 0; i <= static_cast<int>(MessageState::cancelled); ++i)
        if (word(static_cast<MessageState>(i)) == text) return static_cast<MessageState>(i);
    return std::nullopt;
}

std::string_view word(Table table) {
    static constexpr std::string_view words[] = {"customers", "aliases",  "sessions", "seen",  "evidence", "messages",
                                                 "rejected",  "findings", "versions", "files", "audit",    "keys"};
    return words[static_cast<std::size_t>(table)];
}

void check_store_url(const std::string& url) {
    if (is_postgres(url)) return check_postgres_url(url);
    if (url.rfind(sqlite_scheme, 0) == 0) {
        if (url.size() <= sqlite_scheme.size() + 1 || url[sqlite_scheme.size()] != '/')
            throw StoreUnavailable("the store must be sqlite:///PATH with a whole path, not " + url);
        return;
    }
    // It may hold a password, so only what it begins with is repeated.
    throw StoreUnavailable("the store must be sqlite:///PATH or postgresql://USER@HOST/DATABASE, not " +
                           url.substr(0, std::min(url.find(':'), std::size_t{20})) + ":…");
}

std::unique_ptr<Store> open_store(const std::string& url, Opening opening) {
    check_store_url(url);
    return is_postgres(url) ? open_postgres(url, opening) : open_sqlite(url.substr(sqlite_scheme.size()), opening);
}

void leave_doubt(const std::string& url) noexcept try {
    if (url.rfind(sqlite_scheme, 0) == 0) FolderLock::leave_doubt(url.substr(sqlite_scheme.size()));
} catch (const std::bad_alloc&) {
    // The process ends for want of memory, and the next start finds the damage by itself if it meets it.
}

std::string unfinished(const Transfer& transfer) {
    return "a migration into it, from " + transfer.source +
           ", is unfinished; start the same `roamguard migrate` again, which goes on where it ended";
}

std::string other_schema(std::int64_t there, std::int64_t known) {
    return "it has schema " + std::to_string(there) + ", this program's is " + std::to_string(known) +
           (there > known ? ": use the newer program" : ": let `roamguard serve` of this program start on it once");
}

std::string shown(const std::string& url) { return is_postgres(url) ? shown_postgres_url(url) : url; }

std::optional<std::string> embedded_path(const std::string& url) {
    if (url.rfind(sqlite_scheme, 0) != 0) return std::nullopt;
    check_store_url(url);
    return url.substr(sqlite_scheme.size());
}

}  // namespace roamguard::storage
