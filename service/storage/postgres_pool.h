#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "service/storage/postgres_connection.h"

namespace roamguard::storage::postgres {

/// Read-only connections for any thread, a statement at a time. Few, because a server has few to give: a reader waits
/// for one. A connection that died is dropped and the statement tried once more. Internally synchronised.
class Pool {
public:
    static constexpr int most_connections = 16;
    explicit Pool(std::string url) : url_(std::move(url)) {}
    [[nodiscard]] Rows run(const char* sql, const Parameters& parameters = {});

private:
    /// A connection, or nothing where a new one may be made.
    std::unique_ptr<Connection> take();
    void give_back(std::unique_ptr<Connection> connection);
    void drop_idle();

    std::string url_;
    std::mutex mutex_;
    std::condition_variable returned_;
    std::vector<std::unique_ptr<Connection>> idle_;
    int out_ = 0;
};

}  // namespace roamguard::storage::postgres
