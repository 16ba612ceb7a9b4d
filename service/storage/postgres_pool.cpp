#include "service/storage/postgres_pool.h"

#include <chrono>

namespace roamguard::storage::postgres {

namespace {

/// A connection that was dead fails at once; one that was silent has cost the caller enough.
constexpr std::chrono::seconds tried_at_once{3};

}  // namespace

Rows Pool::run(const char* sql, const Parameters& parameters) {
    const auto begun = std::chrono::steady_clock::now();
    for (int attempt = 1;; ++attempt) {
        std::unique_ptr<Connection> connection = take();
        const bool kept = connection != nullptr;
        try {
            if (!connection) connection = std::make_unique<Connection>(url_, Connection::Use::read);
            Rows rows = connection->run(sql, parameters);
            give_back(std::move(connection));
            return rows;
        } catch (const StoreUnavailable&) {
            const bool died = !connection || connection->broken();
            give_back(std::move(connection));
            if (!died || !kept || attempt > 1 || std::chrono::steady_clock::now() - begun > tried_at_once) throw;
            drop_idle();  // they were all made before the server went away
        } catch (...) {
            give_back(std::move(connection));
            throw;
        }
    }
}

std::unique_ptr<Connection> Pool::take() {
    std::unique_lock lock(mutex_);
    if (!returned_.wait_for(lock, std::chrono::seconds(5), [&] { return out_ < most_connections; }))
        throw StoreUnavailable("all " + std::to_string(most_connections) + " reading connections are busy");
    ++out_;
    if (idle_.empty()) return nullptr;
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
}

void Pool::give_back(std::unique_ptr<Connection> connection) {
    {
        const std::lock_guard lock(mutex_);
        --out_;
        if (connection && !connection->broken()) idle_.push_back(std::move(connection));
    }
    returned_.notify_one();
}

void Pool::drop_idle() {
    std::vector<std::unique_ptr<Connection>> dropped;
    const std::lock_guard lock(mutex_);
    dropped.swap(idle_);
}

}  // namespace roamguard::storage::postgres
