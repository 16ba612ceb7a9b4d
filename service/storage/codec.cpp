#include "service/storage/codec.h"

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
template <Record T>
void put(Packer& out, T& value);
template <class T>
void put(Packer& out, std::vector<T>& values);
template <class T>
void put(Packer& out, std::optional<T>& value) {
    if (value)
        put(out, *value);
    else
        out.pack_nil();
}
void put(Packer& out, std::pair<std::string, std::string>& value) {
    out.pack_array(2);
    out.pack(value.first);
    out.pack(value.second);
}
template <class T>
void put(Packer& out, std::vector<T>& values) {
    out.pack_array(static_cast<std::uint32_t>(values.size()));
    for (T& value : values)
        put(out, value);
}
template <class T>
void put(Packer& out, std::set<T>& values) {
    out.pack_array(static_cast<std::uint32_t>(values.size()));
    for (const T& value : values)
        put(out, value);
}
template <Record T>
void put(Packer& out, T& value) {
    std::apply(
        [&](auto&... field) {
            out.pack_array(static_cast<std::uint32_t>(sizeof...(field)));
            (put(out, field), ...);
        },
        fields_of(value));
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
template <Record T>
void get(const Object& from, T& value);
template <class T>
void get(const Object& from, std::vector<T>& values);
template <class T>
void get(const Object& from, std::optional<T>& value) {
    if (from.type == msgpack::type::NIL) {
        value.reset();
        return;
    }
    T read{};
    get(from, read);
    value = std::move(read);
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
void get(const Object& from, std::vector<T>& values) {
    const auto& array = array_of(from);
    values.clear();
    values.reserve(array.size);
    for (std::uint32_t i = 0; i < array.size; ++i) {
        T value{};
        get(array.ptr[i], value);
        values.push_back(std::move(value));
    }
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
template <Record T>
void get(const Object& from, T& value) {
    const auto& array = array_of(from);
    std::uint32_t i = 0;
    std::apply(
        [&](auto&... field) {
            auto one = [&](auto& target) {
                if (i < array.size) get(array.ptr[i], target);
                ++i;
            };
            (one(field), ...);
        },
        fields_of(value));
}

template <class T>
std::string encode_record(T& value) {
    msgpack::sbuffer buffer(1024);
    Packer packer(buffer);
    put(packer, value);
    return std::string(buffer.data(), buffer.size());
}

template <class T>
T decode_record(std::string_view bytes) {
    T value;
    try {
        const msgpack::object_handle handle = msgpack::unpack(
            bytes.data(), bytes.size(), [](msgpack::type::object_type, std::size_t, void*) { return true; });
        get(handle.get(), value);
    } catch (const msgpack::unpack_error& error) {
        throw std::runtime_error(std::string("a stored record is damaged: ") + error.what());
    } catch (const msgpack::type_error&) {
        throw std::runtime_error("a stored record has a value of another type than expected");
    }
    return value;
}

}  // namespace

std::string encode(protection::CustomerState& state) { return encode_record(state); }
protection::CustomerState decode_state(std::string_view bytes) {
    return decode_record<protection::CustomerState>(bytes);
}
std::string encode(protection::Session& session) { return encode_record(session); }
protection::Session decode_session(std::string_view bytes) { return decode_record<protection::Session>(bytes); }
std::string encode(SeenResult& result) { return encode_record(result); }
SeenResult decode_seen(std::string_view bytes) { return decode_record<SeenResult>(bytes); }

}  // namespace roamguard::storage
