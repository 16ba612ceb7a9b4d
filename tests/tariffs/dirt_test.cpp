#include <catch2/catch.hpp>

#include "tests/tariffs/tables.h"

using namespace roamguard::tariffs;
using namespace roamguard::tariffs::testing;

namespace {

/// The codes of all faults of a tariffs.csv, with their lines.
std::string codes_of(const std::string& bytes) {
    std::string codes;
    for (const Fault& fault : compile({{"tariffs", bytes}}).faults)
        codes += (codes.empty() ? "" : " ") + std::to_string(fault.line) + ":" + fault.code;
    return codes;
}

std::string utf16(const std::string& ascii, bool little, bool mark) {
    std::string bytes = !mark ? "" : little ? "\xFF\xFE" : "\xFE\xFF";
    for (char c : ascii)
        bytes += little ? std::string{c, '\0'} : std::string{'\0', c};
    return bytes;
}

/// One cell of a sound row replaced, and what the one fault says.
struct Speck {
    const char* column;
    const char* value;
    const char* code;
    const char* says;
};

std::string row_with(const Speck& speck) {
    std::vector<std::pair<std::string, std::string>> cells = {
        {"plan", "p"},       {"destination", "*"}, {"service", "data"}, {"price", "1"},
        {"currency", "EUR"}, {"unit", "MB"},       {"increment", ""}};
    if (std::string_view(speck.column) == "increment") cells[2].second = "voice_mo", cells[5].second = "minute";
    std::string header, row;
    for (auto& [name, value] : cells) {
        if (name == speck.column) value = speck.value;
        header += (header.empty() ? "" : ",") + name;
        row += (row.empty() ? "" : ",") + std::string("\"") + value + "\"";
    }
    return header + "\n" + row + "\n";
}

}  // namespace

TEST_CASE("a table is read as any spreadsheet writes it") {
    const std::string comma = "plan,destination,service,price,currency,unit\np,*,data,1.50,EUR,MB\n";
    const auto with = [&](char delimiter, const std::string& line_end) {
        std::string text;
        for (char c : comma)
            text += c == ',' ? std::string(1, delimiter) : c == '\n' ? line_end : std::string(1, c);
        return text;
    };
    const std::string mark = "\xEF\xBB\xBF";
    for (const std::string& file :
         {comma, mark + comma, with(',', "\r\n"), mark + with(';', "\r\n"), with('\t', "\r\n"), with(';', "\n"),
          with(',', "\r"), "sep=;\r\n" + with(';', "\r\n"), mark + "sep=,\r\n" + with(',', "\r\n"),
          "sep=\t\n" + with('\t', "\n"), comma + "\r\n,,,,,\r\n",
          std::string("\"plan\";\"destination\";\"service\";\"price\";\"currency\";\"unit\"\r\n"
                      "\"p\";\"*\";\"data\";\"1.50\";\"EUR\";\"MB\"\r\n")}) {
        INFO(file);
        const auto compiled = compile({{"tariffs", file}});
        CHECK(text(compiled.faults).empty());
        REQUIRE(compiled.table);
        CHECK(compiled.table->rows()[0].price == money("1.50", "EUR"));
    }
    CHECK(compile({{"tariffs", "sep=;\n" + with(';', "\n")}}).table->rows()[0].line == 3);
}

TEST_CASE("what is no CSV is told apart from a bad table") {
    const std::string table = "plan,destination,service,price,currency,unit\np,*,data,1.50,EUR,MB\n";
    for (bool little : {true, false})
        for (bool mark : {true, false})
            CHECK(codes_of(utf16(table, little, mark)) == "1:utf16");
    CHECK(codes_of("PK\x03\x04 and more") == "1:zip");
    CHECK(codes_of(table + std::string("q,*,data,1,EUR,M\0B\n", 18)) == "3:nul");
    CHECK(codes_of(table + "q,*,data,1,\x80,MB\n") == "3:not_utf8");  // a euro sign in a code page
    CHECK(codes_of(table + "\"q,*,data,1,EUR,MB\n") == "3:unclosed_quote");
    CHECK(codes_of("plan;destination;service;price;currency;unit\np;*;data;1,50;EUR;MB\n") == "2:decimal_comma");
    CHECK(codes_of("plan,destination,service,price,currency,unit\np,*,data,1,50,EUR,MB\n") == "2:too_many_cells");
}

TEST_CASE("each speck of dirt in a price list has its own fault and says what to write") {
    const Speck specks[] = {
        {"destination", "Austrailia", "unknown_country", "did you mean AU?"},
        {"destination", "Untied Kingdom", "unknown_country", "did you mean GB?"},
        {"destination", "South Korea", "unknown_country", "did you mean KR?"},
        {"destination", "zone:", "empty_zone", "needs the name of a zone"},
        {"destination", "zone:D", "unknown_zone", "not defined in zones.csv"},
        {"destination", "Rest of World", "unknown_class", "did you mean *?"},
        {"service", "day_pass", "unknown_service", "has its row in passes.csv"},
        {"service", "Internet", "unknown_service", "did you mean data?"},
        {"service", "SMS", "unknown_service", "did you mean sms_mo?"},
        {"service", "moc", "unknown_service", "did you mean voice_mo?"},
        {"price", "Free", "not_a_number", "write 0 for what is free"},
        {"price", "N/A", "not_a_number", "leave the row out"},
        {"price", "VoLTE", "not_a_number", "leave the row out"},
        {"price", "-", "not_a_number", "leave the row out"},
        {"price", "1,50", "decimal_comma", "did you mean 1.50?"},
        {"price", "1.234,50", "decimal_comma", "did you mean 1234.50?"},
        {"price", "1,234.50", "decimal_comma", "did you mean 1234.50?"},
        {"price", "3.00 EUR", "not_a_number", "did you mean 3.00?"},
        {"price", "US$5", "not_a_number", "did you mean 5?"},
        {"price", "1,50 €/MB", "not_a_number", "did you mean 1.50?"},
        {"price", "-1.00", "negative", "must not be negative"},
        {"price", "=B2*1.1", "formula", "write the value itself"},
        {"currency", "€", "unknown_currency", "did you mean EUR?"},
        {"currency", "RMB", "unknown_currency", "did you mean CNY?"},
        {"currency", "eur", "unknown_currency", "did you mean EUR?"},
        {"unit", "day", "unknown_unit", "data counts in B, KB, MB or GB"},
        {"unit", "packet(128B)", "unknown_unit", "did you mean `128 B`?"},
        {"unit", "3MB_pack", "unknown_unit", "did you mean `3 MB`?"},
        {"unit", "per 10 KB", "unknown_unit", "did you mean `10 kb`?"},
        {"unit", "Megabyte", "unknown_unit", "did you mean `MB`?"},
        {"unit", "minute", "wrong_unit_kind", "does not fit the service `data`"},
        {"increment", "10 KB", "wrong_unit_kind", "calls count in seconds, minutes or hours"},
    };
    for (const Speck& speck : specks) {
        INFO(speck.value);
        const auto compiled = compile({{"tariffs", row_with(speck)}});
        CHECK_FALSE(compiled.table);
        REQUIRE(compiled.faults.size() == 1);
        const Fault& fault = compiled.faults[0];
        CHECK(fault.line == 2);
        CHECK(fault.column == speck.column);
        CHECK(fault.value == speck.value);
        CHECK(fault.code == speck.code);
        CHECK(fault.detail.find(speck.says) != std::string::npos);
        if (fault.detail.find(speck.says) == std::string::npos) FAIL(fault.detail);
    }
}

TEST_CASE("of two rows with one key and different prices both prices are told") {
    const auto compiled = compile({{"tariffs",
                                    "plan,destination,service,price,currency,unit\n"
                                    "p,*,data,1.09,EUR,MB\np,*,data,1.49,EUR,MB\np,*,data,1.09,EUR,MB\n"}});
    REQUIRE(compiled.faults.size() == 2);
    CHECK(compiled.faults[0].detail.find("the prices differ: 1.09 EUR there, 1.49 EUR here") != std::string::npos);
    CHECK(compiled.faults[1].detail.find("differ") == std::string::npos);
}

TEST_CASE("a file that came back with its faults may come again with their column") {
    const auto compiled =
        compile({{"tariffs", "plan,destination,service,price,currency,unit,error\np,*,data,1,EUR,MB,was: 1,00\n"}});
    CHECK(codes_of("plan,destination,service,price,currency,unit,error\np,*,data,1,EUR,MB,was wrong\n").empty());
    CHECK_FALSE(compiled.table);  // an unquoted comma is still a value too many
}
