#include "tariffs/annotated.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "tariffs/csv_writer.h"
#include "tests/tariffs/tables.h"

using namespace roamguard::tariffs;
using namespace roamguard::tariffs::testing;

namespace {

Fault at(int line, const char* column, const char* detail, const char* file = "tariffs.csv") {
    return {file, line, column, "", "code", detail};
}

}  // namespace

TEST_CASE("the file comes back as it was with the words of each row in one more column") {
    const std::vector<Fault> faults = {at(2, "price", "no \"number\""), at(3, "unit", "wrong; odd"),
                                       at(2, "unit", "none"), at(9, "x", "elsewhere", "zones.csv")};
    const std::vector<Fault> warnings = {at(3, "price", "dear")};
    CHECK(annotated("a,b\n1,\"x,y\"\n\n2,z\n", "tariffs.csv", faults, warnings) ==
          "a,b,error\n1,\"x,y\",\"price: no \"\"number\"\" | unit: none | unit: wrong; odd | warning: price: dear\"\n"
          "\n2,z,\n");
    CHECK(annotated("\xEF\xBB\xBF"
                    "sep=;\r\na;b\r\n\"1\";x\r\n2;z",
                    "tariffs.csv", {at(3, "b", "no; never"), at(4, "", "short")}, {}) ==
          "\xEF\xBB\xBF"
          "sep=;\r\na;b;error\r\n\"1\";x;\"b: no; never\"\r\n2;z;short");
}

TEST_CASE("what concerns the header or the whole file stands in the first row below") {
    CHECK(annotated("a,b\n1,2\n", "tariffs.csv", {at(1, "c", "unknown"), at(0, "", "no default")}, {}) ==
          "a,b,error\n1,2,whole file: no default | whole file: c: unknown\n");
    CHECK(annotated("a,b\n", "tariffs.csv", {at(0, "", "no rows")}, {}) == "a,b,error\n,,whole file: no rows\n");
    CHECK(annotated("a,b", "tariffs.csv", {at(0, "", "no rows")}, {}) == "a,b,error\n,,whole file: no rows");
}

TEST_CASE("a cell holds no more words than can be read again") {
    const std::vector<Fault> many(1'000, at(0, "", "lost \xE2\x80\xA6"));
    const CsvFile again = read_csv(annotated("a,b\n1,2\n", "tariffs.csv", {}, many));
    CHECK(again.fault.empty());
    REQUIRE(again.records.size() == 1);
    CHECK(again.records[0].cells.back().size() < 2'100);
    CHECK(again.records[0].cells.back().find("and more") != std::string::npos);
}

TEST_CASE("a short row is filled up, so that its words stand below their heading") {
    CHECK(annotated("a,b,c\n1\n1,2,3,4\n", "tariffs.csv", {at(2, "", "few"), at(3, "", "many")}, {}) ==
          "a,b,c,error\n1,,,few\n1,2,3,4,many\n");
}

TEST_CASE("a column `error` that came back is filled anew") {
    CHECK(annotated("a,b,error\n1,2,old\n3,\"4,5\",\n", "tariffs.csv", {at(3, "b", "new")}, {}) ==
          "a,b,error\n1,2,\n3,\"4,5\",b: new\n");
}

TEST_CASE("cells that a spreadsheet would run are made safe") {
    CHECK(annotated("a,b\n=1+1,\"x,y\"\n", "tariffs.csv", {at(2, "a", "formula")}, {}) ==
          "a,b,error\n'=1+1,\"x,y\",a: formula\n");
    for (const char* cell : {"=1", "+1", "-1", "@x", "\tx", "\rx"})
        CHECK(safe_cell(cell) == std::string("'") + cell);
    for (const char* cell : {"", "1", "x=1", "'=1", " "})
        CHECK(safe_cell(cell) == cell);
}

TEST_CASE("of a file that cannot be read the faults alone come back") {
    CHECK(annotated("PK\x03\x04", "tariffs.csv", {at(1, "", "a zip")}, {}) ==
          "\xEF\xBB\xBF"
          "error\r\nwhole file: a zip\r\n");
    CHECK(annotated("a,b\n1,\x80\n", "tariffs.csv", {at(2, "", "not UTF-8")}, {}) ==
          "\xEF\xBB\xBF"
          "error\r\nline 2: not UTF-8\r\n");
}

TEST_CASE("read again, an annotated file has the same cells and one column more") {
    const auto cell = rc::gen::container<std::string>(rc::gen::element('a', '1', ' ', '"', ',', ';', '\n', '.', '='));
    rc::prop("any file", [cell] {
        const CsvStyle style{*rc::gen::element(',', ';', '\t'), *rc::gen::element<std::string_view>("\n", "\r\n"),
                             *rc::gen::arbitrary<bool>()};
        const auto width = *rc::gen::inRange<std::size_t>(2, 5);
        CsvWriter writer(style);
        std::vector<std::string> header;
        for (std::size_t i = 0; i < width; ++i)
            header.push_back("h" + std::to_string(i));
        writer.row(header);
        const int rows = *rc::gen::inRange(1, 5);
        for (int i = 0; i < rows; ++i)
            writer.row(*rc::gen::container<std::vector<std::string>>(width, cell));
        const std::string file = writer.take();
        const CsvFile before = read_csv(file);
        RC_PRE(before.fault.empty());
        const std::vector<Fault> faults = {at(*rc::gen::inRange(2, 8), "h0", "one, \"two\"; three")};
        const CsvFile after = read_csv(annotated(file, "tariffs.csv", faults, {}));
        RC_ASSERT(after.fault.empty());
        RC_ASSERT(after.header.size() == width + 1);
        RC_ASSERT(after.header.back() == "error");
        RC_ASSERT(after.records.size() == before.records.size());
        std::size_t said = 0;
        for (std::size_t i = 0; i < before.records.size(); ++i) {
            std::vector<std::string> cells = after.records[i].cells;
            said += cells.back() == "h0: one, \"two\"; three" ? 1 : 0;
            cells.pop_back();
            std::vector<std::string> safe;  // what the reader trimmed may begin a formula only now
            for (const std::string& each : before.records[i].cells)
                safe.push_back(safe_cell(each));
            RC_ASSERT(cells == safe);
            RC_ASSERT(after.records[i].line == before.records[i].line);
        }
        RC_ASSERT(said == (before.records.empty() ? 0u : 1u));
    });
}
