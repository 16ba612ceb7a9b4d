#include "notifications/charset.h"

#include <unicode/ucnv.h>
#include <unicode/ucnv_err.h>
#include <unicode/unistr.h>

#include <memory>
#include <vector>

namespace roamguard::notifications {

std::optional<std::string> to_utf8(std::string_view bytes, const std::string& charset) {
    if (bytes.size() > 64 * 1024) return std::nullopt;
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<UConverter, decltype(&ucnv_close)> converter(ucnv_open(charset.c_str(), &status),
                                                                       &ucnv_close);
    if (U_FAILURE(status)) return std::nullopt;
    ucnv_setToUCallBack(converter.get(), UCNV_TO_U_CALLBACK_STOP, nullptr, nullptr, nullptr, &status);
    std::vector<UChar> units(2 * bytes.size() + 1);
    const auto capacity = static_cast<std::int32_t>(units.size());
    const std::int32_t length = ucnv_toUChars(converter.get(), units.data(), capacity, bytes.data(),
                                              static_cast<std::int32_t>(bytes.size()), &status);
    if (U_FAILURE(status) || length > capacity) return std::nullopt;
    std::string text;
    icu::UnicodeString(units.data(), length).toUTF8String(text);
    return text;
}

}  // namespace roamguard::notifications
