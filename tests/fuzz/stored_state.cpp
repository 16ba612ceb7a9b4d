#include <stdexcept>

#include "service/storage/codec.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard;
using namespace roamguard::storage;

namespace {

/// Bytes are a record, or are refused by the one exception promised; a record's own bytes are read back the same.
template <class Record>
void check(std::string_view bytes, Record (*decode)(std::string_view)) {
    Record record;
    try {
        record = decode(bytes);
    } catch (const std::runtime_error& refused) {
        HOLDS(*refused.what() != '\0');
        return;
    }
    const std::string written = encode(record);
    Record again = decode(written);
    HOLDS(encode(again) == written);
}

}  // namespace

FUZZ(input) {
    check(input, decode_state);
    check(input, decode_session);
    check(input, decode_seen);
}
