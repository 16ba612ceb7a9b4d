#include "notifications/sms_reply.h"
#include "notifications/charset.h"
#include "tests/fuzz/fuzz.h"

using namespace roamguard::notifications;
using Says = SmsReply::Says;

namespace {

void check_same(const SmsReply& one, const SmsReply& other) {
    HOLDS(one.says == other.says && one.number == other.number && one.code == other.code);
    HOLDS(one.micros == other.micros && one.currency == other.currency);
}

void check(const SmsReply& reply) {
    HOLDS((reply.says == Says::number) == (reply.number >= 1 && reply.number <= 9));
    HOLDS(reply.code.empty() || (reply.code.size() == 4 && (reply.says == Says::number || reply.says == Says::no)));
    HOLDS(reply.micros >= 0 && (reply.says == Says::cap || (reply.micros == 0 && reply.currency.none())));
}

}  // namespace

FUZZ(input) {
    const SmsReply reply = read_sms_reply(input);
    check(reply);
    const std::string text(input);
    // A mark at the front would stand on what is put before it.
    if (text.empty() || text.size() > 4000 || static_cast<unsigned char>(text.front()) >= 0x80) return;
    check_same(read_sms_reply("  \n" + text + " \t"), reply);
    if (reply.says != Says::unreadable) check_same(read_sms_reply("\"" + text + "!\""), reply);
    // The same text as another gateway delivers it.
    for (const char* charset : {"UTF-8", "UTF-16BE", "ISO-8859-1", "windows-1252", "GSM"})
        if (const auto utf8 = to_utf8(input, charset)) check(read_sms_reply(*utf8));
}
