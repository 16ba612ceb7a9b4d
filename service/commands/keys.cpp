#include "service/http/keys.h"

#include <algorithm>
#include <iostream>

#include "service/commands/commands.h"
#include "service/storage/store.h"

namespace roamguard::commands {
namespace {

using storage::KeyRow;

/// Runs a command on the configured store; what it throws is said, and 1.
template <class Run>
int on_store(const Configuration& configuration, storage::Opening opening, Run run) {
    try {
        return run(*storage::open_store(configuration.text("store"), opening));
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}

void write(storage::Store& store, const KeyRow& row) {
    storage::Delta delta;
    delta.keys.push_back(row);
    store.commit(delta);
}

}  // namespace

int create_key(const Configuration& configuration, const std::string& role, const std::string& name) {
    return on_store(configuration, storage::Opening::serve, [&](storage::Store& store) {
        const http::NewKey key = http::make_key(role, name, store.clock());
        write(store, key.row);
        std::cout << key.secret << "\n";
        std::cerr << "Key " << key.row.id << " of role " << role
                  << ". It is shown this once; the store keeps only its hash.\n";
        return 0;
    });
}

int list_keys(const Configuration& configuration) {
    return on_store(configuration, storage::Opening::read, [](storage::Store& store) {
        for (const KeyRow& row : store.read_keys())
            std::cout << row.id << "\t" << row.role << "\t" << row.name << "\t" << tariffs::to_rfc3339(row.created)
                      << "\t" << (row.revoked ? "revoked " + tariffs::to_rfc3339(*row.revoked) : "in force") << "\n";
        return 0;
    });
}

int revoke_key(const Configuration& configuration, const std::string& id) {
    return on_store(configuration, storage::Opening::serve, [&](storage::Store& store) {
        std::vector<KeyRow> rows = store.read_keys();
        const auto row = std::find_if(rows.begin(), rows.end(), [&](const KeyRow& one) { return one.id == id; });
        if (row == rows.end()) {
            std::cerr << "there is no key " << id << "; `roamguard keys list` shows them\n";
            return 1;
        }
        if (row->revoked) {
            std::cerr << "Key " << id << " was revoked already, at " << tariffs::to_rfc3339(*row->revoked) << ".\n";
            return 0;
        }
        row->revoked = store.clock();
        write(store, *row);
        std::cerr << "Key " << id << " of role " << row->role << " is revoked.\n";
        if (std::all_of(rows.begin(), rows.end(), [](const KeyRow& one) { return one.revoked.has_value(); }))
            std::cerr << "No key is in force any more: nobody may do anything until one is made.\n";
        return 0;
    });
}

}  // namespace roamguard::commands
