#include "service/engine/links.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "data/base64.h"
#include "data/digest.h"

namespace roamguard::engine {
namespace {

using protection::Question;

constexpr std::size_t token_bytes = 18;
constexpr std::size_t most_links = 16;
constexpr std::string_view path = "/c/";
constexpr std::string_view hidden = "/c/…";

/// What of a question's terms stays with it when it is closed: its offers and prices go then.
std::string terms_of(const Question& question) {
    std::string terms = fmt::format("{}\n{}\n{}\n{}\n", protection::word(question.cause), question.about,
                                    question.limit, question.next_limit);
    if (question.price_per_megabyte)
        terms +=
            fmt::format("{} {}", question.price_per_megabyte->micros, question.price_per_megabyte->currency.code());
    for (const std::string& choice : question.choices)
        terms += "\n" + choice;
    return terms;
}

const Question* find_question(const protection::CustomerState& state, std::string_view id) {
    for (const Question& question : state.questions)
        if (question.id == id) return &question;
    return nullptr;
}

}  // namespace

std::string token_of(std::string_view key, const Question& question) {
    if (key.empty()) throw std::logic_error("the key of an erased customer makes no link");
    const std::string text = fmt::format("link/{}/{}", question.id, data::to_hex(data::sha256(terms_of(question))));
    std::array<unsigned char, 32> code{};
    unsigned int length = 0;
    if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(text.data()), text.size(), code.data(), &length))
        throw std::runtime_error("OpenSSL makes no HMAC");
    return data::to_base64_url({reinterpret_cast<const char*>(code.data()), token_bytes});
}

std::string alias_of_token(std::string_view token) { return "t:" + data::to_hex(data::sha256(token)); }

const Question* question_of(std::string_view token, std::string_view key, const protection::CustomerState& state) {
    const Question* found = nullptr;
    if (key.empty()) return found;
    for (const Question& question : state.questions) {
        const std::string its = token_of(key, question);
        if (its.size() == token.size() && CRYPTO_memcmp(its.data(), token.data(), its.size()) == 0) found = &question;
    }
    return found;
}

std::string open_link(Turn& turn, Working& customer, const Question& question) {
    std::string token = token_of(customer.key, question);
    const std::string alias = alias_of_token(token);
    auto& links = customer.state.links;
    if (std::find(links.begin(), links.end(), alias) != links.end()) return token;
    turn.set_alias(alias, customer.id);
    links.push_back(alias);
    for (; links.size() > most_links; links.erase(links.begin()))
        turn.drop_alias(links.front());
    customer.changed = true;
    return token;
}

void drop_links(Turn& turn, Working& customer) {
    for (const std::string& alias : customer.state.links)
        turn.drop_alias(alias);
    customer.state.links.clear();
    customer.changed = true;
}

std::string link_to(std::string_view public_url, std::string_view token) {
    return fmt::format("{}{}{}", public_url, path, token);
}

std::string masked(std::string text, std::string_view token) {
    const std::string shown = fmt::format("{}{}", path, token);
    const std::size_t at = text.find(shown);
    if (at != std::string::npos) text.replace(at, shown.size(), hidden);
    return text;
}

std::string text_to_send(const storage::MessageRow& message, std::string_view key,
                         const protection::CustomerState& state) {
    std::string text = message.text;
    const std::size_t at = message.question.empty() ? std::string::npos : text.find(hidden);
    const Question* question = at == std::string::npos ? nullptr : find_question(state, message.question);
    if (question && !key.empty()) text.replace(at, hidden.size(), fmt::format("{}{}", path, token_of(key, *question)));
    return text;
}

}  // namespace roamguard::engine
