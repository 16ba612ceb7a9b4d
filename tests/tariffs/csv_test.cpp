#include "tariffs/csv.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

using namespace roamguard::tariffs;

namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(const CsvFile& file) {
    Rows rows{file.header};
    for (const CsvRecord& record : file.records)
        rows.push_back(record.cells);
    return rows;
}

std::string fault_of(std::string_view bytes, const CsvLimits& limits = {}) {
    const CsvFile file = read_csv(bytes, limits);
    return file.fault_code + " at " + std::to_string(file.fault_line) + ": " + file.fault;
}

std::string quoted_cell(const std::string& cell) {
    std::string text = "\"";
    for (char c : cell)
        text += c == '"' ? std::string("\"\"") : std::string(1, c);
    return text + "\"";
}

}  // namespace

TEST_CASE("files with any line end, quotes, a byte order mark and blank lines are read alike") {
    const Rows wanted{{"a", "b"}, {"1", "x,y"}, {"2", "say \"hi\""}};
    CHECK(rows_of(read_csv("a,b\n1,\"x,y\"\n2,\"say \"\"hi\"\"\"\n")) == wanted);
    CHECK(rows_of(read_csv("a,b\r\n1,\"x,y\"\r\n2,\"say \"\"hi\"\"\"")) == wanted);
    CHECK(rows_of(read_csv("a,b\r1,\"x,y\"\r2,\"say \"\"hi\"\"\"\r")) == wanted);
    CHECK(rows_of(read_csv("\xEF\xBB\xBF"
                           "a,b\n\n1,\"x,y\"\n  \n2,\"say \"\"hi\"\"\"\n\n")) == wanted);
    CHECK(rows_of(read_csv(" a , b\n1 ,\t\"x,y\" \n2,  say \"hi\"\t\n")) == wanted);
}

TEST_CASE("a semicolon or a tab separates where the header has no comma") {
    CHECK(rows_of(read_csv("a;b\n1,5;2\n")) == Rows{{"a", "b"}, {"1,5", "2"}});
    CHECK(rows_of(read_csv("a\tb\n\t2\n")) == Rows{{"a", "b"}, {"", "2"}});
    CHECK(rows_of(read_csv("a,b;c\n1,2\n")) == Rows{{"a", "b;c"}, {"1", "2"}});
    CHECK(rows_of(read_csv("\"a,b\";c\n1;2\n")) == Rows{{"a,b", "c"}, {"1", "2"}});
}

TEST_CASE("records carry the line of their first character") {
    const CsvFile file = read_csv("a,b\n\n1,\"two\nlines\"\r\n\n2,3\n");
    REQUIRE(file.records.size() == 2);
    CHECK(file.records[0].line == 3);
    CHECK(file.records[0].cells[1] == "two\nlines");
    CHECK(file.records[1].line == 6);
    CHECK(file.fault.empty());
}

TEST_CASE("an empty file has neither header nor fault") {
    for (const char* bytes : {"", "\n\n", "\xEF\xBB\xBF", "   \r\n"}) {
        CHECK(read_csv(bytes).header.empty());
        CHECK(read_csv(bytes).fault.empty());
    }
}

TEST_CASE("files that are no CSV are named for what they are") {
    using namespace std::string_view_literals;
    CHECK(fault_of("PK\x03\x04rest"sv) ==
          "zip at 1: the file is a zip archive or a spreadsheet (.xlsx, .ods), not CSV: save the sheet as `CSV UTF-8`");
    CHECK(fault_of("\xFF\xFEp\0l\0"sv) == "utf16 at 1: the file is UTF-16 (`Unicode text`): save it as `CSV UTF-8`");
    CHECK(fault_of("\xFE\xFF\0p\0l"sv) == "utf16 at 1: the file is UTF-16 (`Unicode text`): save it as `CSV UTF-8`");
    CHECK(fault_of("a,b\n1,caf\xE9\n"sv) == "not_utf8 at 2: line 2 is not UTF-8: save the file as `CSV UTF-8`");
    CHECK(fault_of("a,b\n1,2\n\n3,\0\n"sv) ==
          "nul at 4: line 4 holds a NUL byte, so the file is no text: save it as `CSV UTF-8`");
    CHECK(fault_of("\xD0\xCF\x11\xE0\xA1"sv) ==
          "xls at 1: the file is an old spreadsheet (.xls), not CSV: save the sheet as `CSV UTF-8`");
    CHECK(fault_of("\x1F\x8B\x08"sv) == "gzip at 1: the file is compressed by gzip: send the CSV itself");
}

TEST_CASE("bytes that UTF-8 does not allow are refused, whatever they look like") {
    for (const char* bad : {"\x80", "\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                            "\xE4\xB8", "\xFF", "\xF0\x80\x80\x80"})
        CHECK(read_csv(std::string("a\n") + bad).fault_code == "not_utf8");
    for (const char* good : {"\xC2\x80", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80", "\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF"})
        CHECK(read_csv(std::string("a\n") + good).fault.empty());
}

TEST_CASE("a quote that is never closed is told with the line it was opened on") {
    CHECK(fault_of("a,b\n1,2\n3,\"open\n4,5\n6,7\n") ==
          "unclosed_quote at 3: the quote opened on line 3 is never closed");
    CHECK(fault_of("a,b\n1,\"x\"y\n") ==
          "text_after_quote at 2: text follows a closing quote: a quote inside a quoted value is written twice (\"\")");
    CHECK(read_csv("a,b\n1,2\n3,\"open\n").records.size() == 1);
}

TEST_CASE("limits end the reading with a sentence") {
    CsvLimits limits;
    limits.max_bytes = 40;
    limits.max_cell_bytes = 4;
    limits.max_columns = 3;
    limits.max_records = 2;
    CHECK(fault_of(std::string(41, 'a'), limits) == "file_too_large at 0: the file has 41 bytes; at most 40 are read");
    CHECK(fault_of("a\n12345\n", limits) == "cell_too_long at 2: a value is longer than 4 bytes");
    CHECK(fault_of("a\n\"12345\"\n", limits) == "cell_too_long at 2: a value is longer than 4 bytes");
    CHECK(fault_of("a\n1,2,3,4\n", limits) == "too_many_columns at 2: the row has more than 3 columns");
    CHECK(fault_of("a\n1\n2\n3\n", limits) == "too_many_rows at 4: the file has more than 2 rows");
    CHECK(fault_of("a\n1\n2\n", limits) == " at 0: ");
    limits.max_kept_cells = 1;
    CHECK(fault_of("a\n1\n2\n", limits) == "too_many_cells at 3: the file has more than 1 values");
}

TEST_CASE("scanning stops where it is told to") {
    int seen = 0;
    const CsvFault fault =
        scan_csv("a\n1\n2\n\"open", {}, [&](const CsvRecord&) { return ++seen == 2 ? CsvScan::stop : CsvScan::go_on; });
    CHECK(seen == 2);
    CHECK(fault.code.empty());
}

TEST_CASE("quoted cells of any text come back as they were") {
    rc::prop("round trip", [] {
        const auto character = rc::gen::elementOf(std::string("ab,;\"\n\r\t x"));
        const auto cell = rc::gen::container<std::string>(character);
        const auto first = *cell, second = *cell;
        const CsvFile file =
            read_csv("h,i\n" + quoted_cell("|" + first + "|") + "," + quoted_cell("|" + second + "|") + "\n");
        RC_ASSERT(file.fault.empty());
        RC_ASSERT(file.records.size() == 1u);
        RC_ASSERT(file.records[0].cells == (std::vector<std::string>{"|" + first + "|", "|" + second + "|"}));
    });
}

TEST_CASE("no bytes make the reader throw, and what it keeps stays within its limits") {
    rc::prop("any bytes", [](const std::string& bytes) {
        CsvLimits limits;
        limits.max_columns = 4;
        limits.max_cell_bytes = 8;
        const CsvFile file = read_csv(bytes, limits);
        for (const CsvRecord& record : file.records) {
            RC_ASSERT(record.cells.size() <= 4u);
            for (const std::string& cell : record.cells)
                RC_ASSERT(cell.size() <= 8u);
        }
        RC_ASSERT(file.fault.empty() == file.fault_code.empty());
    });
}
