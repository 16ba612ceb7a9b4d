#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>

#include "service/http/framing.h"
#include "service/http/wire.h"

namespace roamguard::http {

/// What all connections of a server hold together, so that no number of them can outgrow the machine.
/// Internally synchronised.
struct Load {
    std::atomic<int> connections{0};
    std::atomic<std::size_t> received_bytes{0};  ///< of heads and bodies waiting or being handled
};

/// A request whose head was read and admitted, waiting for the rest of its body.
struct Awaited {
    Request request;
    const Route* route = nullptr;
    std::size_t body_bytes = 0;
    bool keep_alive = true;
    bool authorized = false;
    SteadyTime since = SteadyClock::now();
};

/// A connection between two looks at it. Whoever holds the unique_ptr owns it: a worker or the parking lot.
struct Connection {
    Connection(int descriptor, const Tls* tls, Load& shared) : wire{descriptor, tls}, load{shared} {
        ++load.connections;
    }
    ~Connection() {
        hold(0);
        --load.connections;
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Accounts for `bytes` held from now on instead of what it held before.
    void hold(std::size_t bytes) {
        load.received_bytes += bytes - held_bytes;
        held_bytes = bytes;
    }

    enum class Phase {
        fresh,    ///< accepted, no byte of a request yet
        idle,     ///< kept alive between requests
        request,  ///< a request has begun
        closing,  ///< answered for the last time; what still comes is thrown away, so that the answer arrives
    };

    Wire wire;
    Load& load;
    std::size_t held_bytes = 0;
    std::string received;
    std::size_t scanned = 0;  ///< bytes of `received` known not to end a head
    std::optional<Awaited> awaited;
    Phase phase = Phase::fresh;
    SteadyTime phase_since = SteadyClock::now();
    SteadyTime deadline;              ///< while parked
    std::size_t discarded_bytes = 0;  ///< while closing
    bool known_to_epoll = false;
};

}  // namespace roamguard::http
