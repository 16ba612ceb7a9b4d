#include <catch2/catch.hpp>

#include <algorithm>

#include "service/engine/tariff_audit.h"
#include "service/engine/tariff_jobs.h"
#include "tests/engine/workshop.h"

using namespace roamguard;
using namespace roamguard::engine;
using storage::AuditRow;
using storage::VersionRow;

// Steps of the tariff work inside the engine: what a race, a scheduled version or an altered row does.

namespace {

std::vector<AuditRow> oldest_first(Workshop& shop) {
    auto steps = shop.store->read_audit(0, {0, 500});
    std::reverse(steps.begin(), steps.end());
    return steps;
}

std::optional<std::string> fault_of(Workshop& shop, const std::vector<AuditRow>& steps) {
    return audit_fault(steps, shop.store->read_versions(),
                       [&](int version) { return files_digest(shop.store->read_files(version)); });
}

Step by(const std::string& who) { return {who, "because", std::nullopt}; }

int upload(Workshop& shop, int base = 0) {
    UploadJob job({{"tariffs", Workshop::plain_tariffs}}, "ann", base);
    shop.alone(job);
    return job.version().number;
}

std::shared_ptr<const tariffs::Table> table_of(Workshop& shop) {
    return shop.engine->around()->book->versions().front().table;
}

}  // namespace

TEST_CASE("an entity tag is matched in a list, by a star, and never by a weak one") {
    VersionRow version{7, "draft", std::nullopt, {5}, "ann", "", "", "d1"};
    const std::string tag = etag_of(version);
    CHECK(matches(tag, version));
    CHECK(matches("\"x\" ,\t" + tag, version));
    CHECK(matches("*", version));
    CHECK_FALSE(matches("W/" + tag, version));
    CHECK_FALSE(matches("", version));
    CHECK_FALSE(matches(tag.substr(1, tag.size() - 2), version));
    version.approved_by = "bob";
    version.approved_at = tariffs::Instant{6};
    CHECK_FALSE(matches(tag, version));
}

TEST_CASE("the version in force by the rows is the one of the book") {
    std::vector<VersionRow> versions;
    CHECK(number_in_force(versions, {5}) == 0);
    versions.push_back({1, "draft", std::nullopt, {1}, "ann", "", "", "d"});
    CHECK(number_in_force(versions, {5}) == 0);
    versions.push_back({2, "published", tariffs::Instant{10}, {1}, "ann", "", "", "d"});
    versions.push_back({3, "published", tariffs::Instant{20}, {1}, "ann", "", "", "d"});
    versions.push_back({4, "published", tariffs::Instant{20}, {1}, "ann", "", "", "d"});
    CHECK(number_in_force(versions, {5}) == 2);  // before the first took effect, that one
    CHECK(number_in_force(versions, {19}) == 2);
    CHECK(number_in_force(versions, {20}) == 4);
}

TEST_CASE("guard rails that were looked at beside another version than the one in force stop a publication") {
    Workshop shop;
    const int draft = upload(shop);
    PublishJob overtaken(draft, table_of(shop), std::nullopt, {99, {}}, by("bob"));
    shop.alone(overtaken);
    CHECK(overtaken.refusal() == StepRefusal::force_changed);
    PublishJob broken(draft, table_of(shop), std::nullopt, {0, {{"tariffs.csv", 2, "price", "3.00", "too_dear", "no"}}},
                      by("bob"));
    shop.alone(broken);
    CHECK(broken.refusal() == StepRefusal::guard_rails);
    CHECK(shop.store->read_versions().front().state == "draft");
    CHECK(oldest_first(shop).back().action == step::refused);
    CHECK(oldest_first(shop).back().detail == "1 broken: tariffs.csv:2 too_dear");
}

TEST_CASE("a version that was published for later makes a draft stale when it comes into force, not before") {
    Workshop shop;
    const int first = upload(shop);
    PublishJob now(first, table_of(shop), std::nullopt, {0, {}}, by("bob"));
    shop.alone(now);
    REQUIRE(now.refusal() == StepRefusal::none);
    const tariffs::Instant later = now.version().effective_at.value() + tariffs::hours(1);
    const int scheduled = upload(shop, first);
    PublishJob then(scheduled, table_of(shop), later, {first, {}}, by("bob"));
    shop.alone(then);
    REQUIRE(then.refusal() == StepRefusal::none);
    const int draft = upload(shop, first);
    const auto versions = shop.store->read_versions();
    CHECK_FALSE(is_stale(versions.front(), number_in_force(versions, later - tariffs::seconds(1))));
    CHECK(is_stale(versions.front(), number_in_force(versions, later)));
    CHECK(versions.front().number == draft);
}

TEST_CASE("each step is sealed to the one before, and any change of a row shows") {
    Workshop shop;
    const int version = upload(shop);
    ApproveJob approval(version, by("bob"));
    shop.alone(approval);
    PublishJob publication(version, table_of(shop), std::nullopt, {0, {}}, by("carl"));
    shop.alone(publication);
    RollbackJob back(version, {{"tariffs", Workshop::plain_tariffs}}, table_of(shop), by("carl"));
    shop.alone(back);
    const std::vector<AuditRow> steps = oldest_first(shop);
    REQUIRE(steps.size() == 4);
    CHECK(fault_of(shop, steps) == std::nullopt);
    const auto altered = [&](std::size_t at, const std::function<void(AuditRow&)>& how) {
        std::vector<AuditRow> changed = steps;
        how(changed[at]);
        return fault_of(shop, changed).value_or("nothing");
    };
    const std::string said = "step 2 does not match its hash: it or one before it was altered";
    CHECK(altered(1, [](AuditRow& row) { row.who = "eve"; }) == said);
    CHECK(altered(1, [](AuditRow& row) { row.reason += "!"; }) == said);
    CHECK(altered(1, [](AuditRow& row) { row.at = {1}; }) == said);
    CHECK(altered(1, [](AuditRow& row) { row.version = 9; }) == said);
    CHECK(altered(1, [](AuditRow& row) { row.detail += "9"; }) == said);
    CHECK(altered(1, [](AuditRow& row) { row.action = "published"; }) == said);
    CHECK(altered(1, [](AuditRow& row) { std::swap(row.who, row.reason); }) == said);
    CHECK(altered(0, [](AuditRow& row) { row.digest = "other"; }) ==
          "step 1 does not match its hash: it or one before it was altered");
    CHECK(altered(2, [](AuditRow& row) { row.number = 5; }) == "step 3 is missing");
    std::vector<AuditRow> cut(steps.begin(), steps.end() - 1);
    CHECK(fault_of(shop, cut) == "version 2 is there, and no step uploaded it");
}

TEST_CASE("versions from before there was an audit need no steps, and what follows them does") {
    Workshop shop;
    const int first = upload(shop), second = upload(shop);
    std::vector<AuditRow> none;
    CHECK(fault_of(shop, none) == std::nullopt);
    // As if the audit had begun with the second.
    AuditRow begun = oldest_first(shop).at(1);
    begun.number = 1;
    begun.hash = step_hash({}, begun);
    CHECK(fault_of(shop, {begun}) == std::nullopt);
    begun.version = first;
    begun.hash = step_hash({}, begun);
    CHECK(fault_of(shop, {begun}) == "version " + std::to_string(second) + " is there, and no step uploaded it");
}
