#include "service/storage/codec.h"

#include <algorithm>
#include <msgpack.hpp>
#include <stdexcept>
#include <type_traits>

namespace roamguard::storage {
namespace {

using Packer = msgpack::packer<msgpack::sbuffer>;

template <class T>
concept HasFields = requires(T& value) {
    value.fields();
};

// Types of other rooms, which do not know that they are stored.
auto fields_of(tariffs::Money& m) { return std::tie(m.micros, m.currency); }
auto fields_of(tariffs::Quantity& q) { return std::tie(q.kind, q.amount); }
auto fields_of(notifications::PriceLine& p) { return std::tie(p.service, p.price, p.unit, p.tax, p.called); }
auto fields_of(customers::PeriodRule& p) { return std::tie(p.over, p.billing_day); }
auto fields_of(customers::CapRule& c) {
    return std::tie(c.id, c.services, c.destinations, c.currency, c.limit, c.tax, c.period, c.thresholds, c.at_limit,
                    c.stages, c.extension, c.every);
}
auto fields_of(customers::Profile& p) {
    return std::tie(p.id, p.msisdn, p.imsi, p.kind, p.home_country, p.plan, p.language, p.time_zone, p.regime,
                    p.channels, p.app_address, p.caps, p.high_cost_per_megabyte, p.payer, p.opt_out, p.hold,
                    p.data_roaming);
}
template <HasFields T>
auto fields_of(T& value) {
    return value.fields();
}

template <class T>
concept Record = requires(T& value) {
    fields_of(value);
};

// What makes a record in a list the same one after a change, so that what a newer version wrote in it stays with it.
auto key_of(const tariffs::Money& m) { return std::tie(m.currency); }
auto key_of(const customers::CapRule& c) { return std::tie(c.id); }
auto key_of(const protection::PlaceAt& p) { return std::tie(p.at); }
auto key_of(const protection::DestinationAnswer& a) { return std::tie(a.destination); }
auto key_of(const protection::CapCount& c) { return std::tie(c.cap, c.start, c.trip); }
auto key_of(const protection::Hold& h) { return std::tie(h.cause, h.about, h.period_start, h.stage); }
auto key_of(const protection::Question& q) { return std::tie(q.id); }
auto key_of(const notifications::PriceLine& p) { return std::tie(p.service, p.called); }
auto key_of(const protection::Grant& g) { return std::tie(g.session, g.service, g.valid_until, g.reported); }
auto key_of(const protection::HeldPass& p) { return std::tie(p.id, p.pass); }
auto key_of(const protection::GrantShare& g) { return std::tie(g.cap); }
auto key_of(const protection::BurnShare& b) { return std::tie(b.cap); }
auto key_of(const protection::Burn& b) { return std::tie(b.session); }
auto key_of(const protection::Told& t) { return std::tie(t.destination); }
auto key_of(const protection::Waiting& w) { return std::tie(w.message); }
auto key_of(const protection::CounterStatus& c) { return std::tie(c.counter); }
auto key_of(const protection::PolicySubscription& p) { return std::tie(p.id); }
auto key_of(const protection::Segment& s) { return std::tie(s.network, s.version, s.line, s.periods, s.pass); }
// These stand alone, and yet one may give way to another.
auto key_of(const protection::Trip& t) { return std::tie(t.number); }
auto key_of(const protection::Unsettled& u) { return std::tie(u.event); }

template <class T>
concept Keyed = requires(const T& value) {
    key_of(value);
};

// --- writing

void put(Packer& out, bool value) { value ? out.pack_true() : out.pack_false(); }
template <class T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) void put(Packer& out, T value) { out.pack(value); }
template <class T>
requires std::is_enum_v<T>
void put(Packer& out, T value) { out.pack(static_cast<int>(value)); }
void put(Packer& out, const std::string& value) { out.pack(value); }
void put(Packer& out, const std::array<std::uint8_t, 32>& value) {
    out.pack_bin(32);
    out.pack_bin_body(reinterpret_cast<const char*>(value.data()), 32);
}
void put(Packer& out, tariffs::Instant value) { out.pack(value.ms); }
void put(Packer& out, tariffs::Span value) { out.pack(value.ms); }
void put(Packer& out, tariffs::Currency value) { out.pack(value.code()); }
void put(Packer& out, geoip::Country value) { out.pack(value.code()); }
void put(Packer& out, const geoip::Plmn& value) { out.pack(value.text()); }
void put(Packer& out, const notifications::Msisdn& value) { out.pack(value.e164()); }
void put(Packer& out, std::pair<std::string, std::string>& value) {
    out.pack_array(2);
    out.pack(value.first);
    out.pack(value.second);
}
template <class T>
void put(Packer& out, std::set<T>& values) {
    out.pack_array(static_cast<std::uint32_t>(values.size()));
    for (const T& value : values)
        put(out, value);
}

// --- reading

using Object = msgpack::object;

std::string_view text_of(const Object& from) {
    if (from.type != msgpack::type::STR) throw std::runtime_error("a stored record has no text where one belongs");
    return {from.via.str.ptr, from.via.str.size};
}

void get(const Object& from, bool& value) { value = from.as<bool>(); }
template <class T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) void get(const Object& from, T& value) {
    value = from.as<T>();
}
template <class T>
requires std::is_enum_v<T>
void get(const Object& from, T& value) { value = static_cast<T>(from.as<int>()); }
void get(const Object& from, std::string& value) { value = text_of(from); }
void get(const Object& from, std::array<std::uint8_t, 32>& value) {
    if (from.type != msgpack::type::BIN || from.via.bin.size != 32)
        throw std::runtime_error("a stored hash is not 32 bytes");
    std::copy(from.via.bin.ptr, from.via.bin.ptr + 32, reinterpret_cast<char*>(value.data()));
}
void get(const Object& from, tariffs::Instant& value) { value.ms = from.as<std::int64_t>(); }
void get(const Object& from, tariffs::Span& value) { value.ms = from.as<std::int64_t>(); }
template <class T>
T parsed(std::optional<T> value) {
    if (!value) throw std::runtime_error("a stored record has a code that cannot be read");
    return *value;
}
void get(const Object& from, tariffs::Currency& value) {
    const auto text = text_of(from);
    value = text.empty() ? tariffs::Currency{} : parsed(tariffs::Currency::parse(text));
}
void get(const Object& from, geoip::Country& value) {
    const auto text = text_of(from);
    value = text.empty() ? geoip::Country{} : parsed(geoip::Country::parse(text));
}
void get(const Object& from, geoip::Plmn& value) { value = parsed(geoip::Plmn::parse(text_of(from))); }
void get(const Object& from, notifications::Msisdn& value) {
    const auto text = text_of(from);
    value = text.empty() ? notifications::Msisdn{} : parsed(notifications::Msisdn::parse(text));
}
const msgpack::object_array& array_of(const Object& from) {
    if (from.type != msgpack::type::ARRAY) throw std::runtime_error("a stored record has no list where one belongs");
    return from.via.array;
}
void get(const Object& from, std::pair<std::string, std::string>& value) {
    const auto& array = array_of(from);
    if (array.size < 2) throw std::runtime_error("a stored pair is not two texts");
    value.first = text_of(array.ptr[0]);
    value.second = text_of(array.ptr[1]);
}
template <class T>
void get(const Object& from, std::set<T>& values) {
    const auto& array = array_of(from);
    for (std::uint32_t i = 0; i < array.size; ++i) {
        T value{};
        get(array.ptr[i], value);
        values.insert(value);
    }
}

// What may hold records: `longer` becomes true where one says more than this version knows.
template <class T>
void get(const Object& from, T& value, bool&) {
    get(from, value);
}
template <Record T>
void get(const Object& from, T& value, bool& longer);
template <class T>
void get(const Object& from, std::vector<T>& values, bool& longer);
template <class T>
void get(const Object& from, std::optional<T>& value, bool& longer) {
    if (from.type == msgpack::type::NIL) {
        value.reset();
        return;
    }
    T read{};
    get(from, read, longer);
    value = std::move(read);
}
template <class T>
void get(const Object& from, std::vector<T>& values, bool& longer) {
    const auto& array = array_of(from);
    values.clear();
    values.reserve(array.size);
    for (std::uint32_t i = 0; i < array.size; ++i) {
        T value{};
        get(array.ptr[i], value, longer);
        values.push_back(std::move(value));
    }
}
template <Record T>
void get(const Object& from, T& value, bool& longer) {
    const auto& array = array_of(from);
    std::uint32_t i = 0;
    std::apply(
        [&](auto&... field) {
            auto one = [&](auto& target) {
                if (i < array.size) get(array.ptr[i], target, longer);
                ++i;
            };
            (one(field), ...);
        },
        fields_of(value));
    longer = longer || array.size > i;
}

// --- writing, over what a newer version wrote: `was` is the record as it was read, null where nothing needs keeping

template <Keyed T>
bool is_same(const T& value, const Object& was) {
    T before{};
    bool longer = false;
    get(was, before, longer);
    return key_of(before) == key_of(value);
}

template <class T>
void put(Packer& out, T& value, const Object*) {
    put(out, value);
}
template <Record T>
void put(Packer& out, T& value, const Object* was);
template <class T>
void put(Packer& out, std::vector<T>& values, const Object* was);
template <class T>
void put(Packer& out, std::optional<T>& value, const Object* was) {
    if (value)
        put(out, *value, was && was->type != msgpack::type::NIL ? was : nullptr);
    else
        out.pack_nil();
}
template <class T>
const Object* same_in(const Object* list, const T& value) {
    static_assert(Keyed<T>, "a record that is kept in lists needs a key_of");
    if (!list) return nullptr;
    for (const Object& one : array_of(*list))
        if (is_same(value, one)) return &one;
    return nullptr;
}
template <class T>
void put(Packer& out, std::vector<T>& values, const Object* was) {
    out.pack_array(static_cast<std::uint32_t>(values.size()));
    for (T& value : values) {
        if constexpr (Record<T>)
            put(out, value, same_in(was, value));
        else
            put(out, value);
    }
}
template <Record T>
void put(Packer& out, T& value, const Object* was) {
    if constexpr (Keyed<T>)
        if (was && !is_same(value, *was)) was = nullptr;
    const msgpack::object_array before = was ? array_of(*was) : msgpack::object_array{};
    std::uint32_t i = 0;
    std::apply(
        [&](auto&... field) {
            out.pack_array(std::max(before.size, static_cast<std::uint32_t>(sizeof...(field))));
            auto one = [&](auto& member) {
                put(out, member, i < before.size ? &before.ptr[i] : nullptr);
                ++i;
            };
            (one(field), ...);
        },
        fields_of(value));
    for (; i < before.size; ++i)
        out.pack(before.ptr[i]);
}

/// A list or text takes no less than a byte an element, so a length beyond the bytes there are is damage, for which no
/// memory is to be reserved.
msgpack::object_handle unpacked(std::string_view bytes) {
    constexpr std::size_t deepest = 64;
    const std::size_t most = bytes.size();
    return msgpack::unpack(
        bytes.data(), bytes.size(), [](msgpack::type::object_type, std::size_t, void*) { return true; }, nullptr,
        msgpack::unpack_limit(most, most, most, most, most, deepest));
}

/// `newer`: the bytes that the record was read from, where they say more than this version knows; else empty.
template <class T>
std::string encode_record(T& value, std::string_view newer = {}) {
    msgpack::sbuffer buffer(1024);
    Packer packer(buffer);
    const msgpack::object_handle was = newer.empty() ? msgpack::object_handle{} : unpacked(newer);
    put(packer, value, newer.empty() ? nullptr : &was.get());
    return std::string(buffer.data(), buffer.size());
}

template <class T>
T decode_record(std::string_view bytes, std::string T::*newer = nullptr) {
    T value;
    bool longer = false;
    try {
        const msgpack::object_handle handle = unpacked(bytes);
        get(handle.get(), value, longer);
    } catch (const msgpack::unpack_error& error) {
        throw std::runtime_error(std::string("a stored record is damaged: ") + error.what());
    } catch (const msgpack::type_error&) {
        throw std::runtime_error("a stored record has a value of another type than expected");
    }
    if (newer && longer) value.*newer = bytes;
    return value;
}

}  // namespace

std::string encode(protection::CustomerState& state) { return encode_record(state, state.newer); }
protection::CustomerState decode_state(std::string_view bytes) {
    return decode_record(bytes, &protection::CustomerState::newer);
}
std::string encode(protection::Session& session) { return encode_record(session, session.newer); }
protection::Session decode_session(std::string_view bytes) { return decode_record(bytes, &protection::Session::newer); }
std::string encode(SeenResult& result) { return encode_record(result); }
SeenResult decode_seen(std::string_view bytes) { return decode_record<SeenResult>(bytes); }

}  // namespace roamguard::storage
