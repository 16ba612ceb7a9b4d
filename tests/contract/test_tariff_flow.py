"""The tariff work of several people: drafts, approvals, publication, rollback, and the audit of it."""

import csv
import io
import json
import re
import sqlite3
from datetime import timedelta

import pytest

from blackbox import ATTACH, FR, FX, ZONES, Service, assert_problem, network, new_event, now, rfc3339, run

HEADER = "plan,destination,service,price,currency,unit,minimum,increment,tax,tax_rate,high_cost\n"
RAILS = "rule,plan,destination,service,value,currency,unit\n"
TRIPS = "trip,plan,country,plmn,service,called,quantity,expected,currency\n"


def table(*rows):
    return HEADER + "".join(row + "\n" for row in rows)


def simple(price="1.00", *more):
    return table(f"*,FR,data,{price},GBP,MB,,,incl,20,no", *more, "*,*,data,8.00,GBP,MB,,,incl,20,no")


def key_of(store, role, name):
    result = run("keys", "create", "--role", role, "--name", name, "--store", store)
    assert result.returncode == 0, result.stderr
    return max(re.findall(r"[A-Za-z0-9_.\-]{20,}", result.stdout), key=len)


class Person:
    """Somebody with a key of their own."""

    def __init__(self, service, key):
        self.service, self.key = service, key

    def call(self, method, path, **options):
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        return self.service.call(method, path, headers=headers, **options)

    def upload(self, **files):
        return self.call("POST", "/v1/tariffs/versions",
                         files={name: (f"{name}.csv", text, "text/csv") for name, text in files.items()})

    def draft(self, price="1.00", **files):
        response = self.upload(tariffs=simple(price), **files)
        assert response.status_code == 201, response.text
        return response.json()["version"]

    def tag(self, version):
        return self.call("GET", f"/v1/tariffs/versions/{version}").headers["ETag"]

    def version(self, number):
        response = self.call("GET", f"/v1/tariffs/versions/{number}")
        assert response.status_code == 200, response.text
        return response.json()

    def step(self, what, version, reason="as contracted", tag=None, **body):
        headers = {"If-Match": tag if tag is not None else self.tag(version)}
        return self.call("POST", f"/v1/tariffs/versions/{version}/{what}", json={"reason": reason, **body},
                         headers=headers)

    def publish(self, version, approver):
        assert approver.step("approve", version).status_code == 200
        response = self.step("publish", version)
        assert response.status_code == 200, response.text
        return response.json()


class Office:
    """A service, and who works on its tariffs."""

    def __init__(self, directory, *flags):
        self.service = Service(directory, *flags)
        people = {"ann": "product", "bob": "approver", "carl": "approver", "root": "admin"}
        keys = {name: key_of(self.service.store, role, name) for name, role in people.items()}
        keys["ann again"] = key_of(self.service.store, "approver", "ann")
        self.service.start()
        self.ann, self.bob, self.carl, self.root = (Person(self.service, keys[name]) for name in people)
        self.ann_again = Person(self.service, keys["ann again"])


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Under four eyes."""
    found = Office(tmp_path_factory.mktemp("office"), "--tariffs.four-eyes", "yes")
    yield found
    found.service.kill()


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """With keys, and four eyes off."""
    found = Office(tmp_path_factory.mktemp("desk"))
    yield found
    found.service.kill()


# ---- four eyes


def test_a_draft_is_published_after_somebody_else_has_approved_it(office):
    version = office.ann.draft()
    approved = office.bob.step("approve", version, "compared with the contract")
    assert approved.status_code == 200, approved.text
    assert approved.json()["state"] == "draft"
    assert approved.json()["approval"]["by"] == "bob"
    assert approved.json()["approval"]["reason"] == "compared with the contract"
    published = office.bob.step("publish", version, "autumn prices")
    assert published.status_code == 200, published.text
    assert (published.json()["state"], published.json()["inForce"]) == ("published", True)
    assert (published.json()["publishedBy"], published.json()["note"]) == ("bob", "autumn prices")


def test_without_an_approval_nothing_is_published(office):
    version = office.ann.draft()
    problem = assert_problem(office.bob.step("publish", version), 409)
    assert problem["code"] == "not_approved"
    assert office.ann.version(version)["state"] == "draft"


@pytest.mark.parametrize("who", ["root", "ann_again"])
def test_nobody_approves_a_draft_of_their_own(office, who):
    author = office.root if who == "root" else office.ann
    version = author.draft()
    problem = assert_problem(getattr(office, who).step("approve", version), 403)
    assert problem["code"] == "own_draft"
    assert office.ann.version(version)["approval"] is None


def test_who_drafts_does_not_approve_and_who_approves_does_not_draft(office):
    version = office.ann.draft()
    assert_problem(office.ann.step("approve", version), 403)
    assert_problem(office.bob.upload(tariffs=simple()), 403)


@pytest.mark.parametrize("what", ["approve", "publish"])
def test_each_step_needs_a_reason_and_what_was_looked_at(office, what):
    version = office.ann.draft()
    if what == "publish":
        assert office.carl.step("approve", version).status_code == 200
    path = f"/v1/tariffs/versions/{version}/{what}"
    problem = assert_problem(office.bob.call("POST", path, json={"reason": "because"}), 428)
    assert problem["code"] == "if_match_required"
    problem = assert_problem(office.bob.step(what, version, reason=""), 422, "reason")
    assert problem["code"] == "reason_required"
    assert office.ann.version(version)["state"] == "draft"


def test_a_version_that_changed_since_it_was_looked_at_is_412(office):
    version = office.ann.draft()
    seen = office.bob.tag(version)
    assert office.carl.step("approve", version).status_code == 200
    problem = assert_problem(office.bob.step("publish", version, tag=seen), 412)
    assert problem["code"] == "changed_meanwhile"
    assert office.bob.step("publish", version, tag=f'"other", {office.bob.tag(version)}').status_code == 200


def test_a_weak_tag_matches_nothing_and_a_star_matches_whatever_is_there(office):
    version = office.ann.draft()
    assert_problem(office.bob.step("approve", version, tag="W/" + office.bob.tag(version)), 412)
    assert office.bob.step("approve", version, tag="*").status_code == 200


def test_an_approval_is_void_once_another_version_is_in_force_and_may_be_given_again(office):
    first, second = office.ann.draft("1.10"), office.ann.draft("1.20")
    assert office.bob.step("approve", second).status_code == 200
    office.carl.publish(first, office.bob)
    problem = assert_problem(office.bob.step("publish", second), 409)
    assert problem["code"] == "stale_draft"
    assert f"version {first} is now" in problem["detail"]
    assert office.ann.version(second)["stale"] is True
    assert office.bob.step("approve", second).status_code == 200
    assert office.ann.version(second)["stale"] is False
    assert office.bob.step("publish", second).status_code == 200


def test_a_draft_from_before_another_version_may_be_approved_against_it(office):
    first, second = office.ann.draft("1.30"), office.ann.draft("1.40")
    office.carl.publish(first, office.bob)
    assert office.ann.version(second)["stale"] is True
    office.carl.publish(second, office.bob)


def test_a_published_version_is_neither_approved_nor_published_again(office):
    version = office.ann.draft()
    office.bob.publish(version, office.carl)
    for what in ("approve", "publish"):
        assert assert_problem(office.bob.step(what, version), 409)["code"] == "not_a_draft"


def test_a_rollback_needs_a_reason_and_nobodys_approval(office):
    version = office.ann.draft("1.50")
    office.bob.publish(version, office.carl)
    problem = assert_problem(office.bob.call("POST", "/v1/tariffs/rollback", json={"to": version}), 422)
    assert problem["code"] == "reason_required"
    response = office.bob.call("POST", "/v1/tariffs/rollback", json={"to": version, "reason": "the wrong one"})
    assert response.status_code == 200, response.text
    assert response.json()["note"] == f"rollback to {version}: the wrong one"


# ---- without four eyes


def test_with_four_eyes_off_neither_approval_nor_reason_nor_if_match_is_asked_for(desk):
    version = desk.ann.draft()
    response = desk.bob.call("POST", f"/v1/tariffs/versions/{version}/publish", json={})
    assert response.status_code == 200, response.text
    assert response.json()["approval"] is None


def test_with_four_eyes_off_an_if_match_is_honoured_all_the_same(desk):
    version = desk.ann.draft()
    assert_problem(desk.bob.step("publish", version, tag='"stale"'), 412)
    assert desk.ann.version(version)["state"] == "draft"


def test_with_four_eyes_off_a_stale_draft_is_published_with_a_warning(desk):
    first, second = desk.ann.draft("1.10"), desk.ann.draft("1.20")
    fresh = desk.bob.step("publish", first)
    assert fresh.json()["warnings"] == []
    late = desk.bob.step("publish", second)
    assert late.status_code == 200, late.text
    [warning] = late.json()["warnings"]
    assert warning["code"] == "stale_draft"
    assert f"version {first} is now" in warning["detail"]


# ---- the audit


def test_every_step_is_in_the_audit_with_who_when_and_why(office):
    version = office.ann.draft("1.60")
    office.bob.step("publish", version, "too early")
    office.carl.step("approve", version, "as contracted")
    office.bob.step("publish", version, "winter prices")
    steps = office.ann.call("GET", f"/v1/tariffs/versions/{version}/audit").json()["items"]
    assert [(step["action"], step["by"], step["reason"]) for step in steps] == [
        ("published", "bob", "winter prices"), ("approved", "carl", "as contracted"),
        ("publication_refused", "bob", "too early"), ("uploaded", "ann", "")]
    assert {step["digest"] for step in steps} == {office.ann.version(version)["digest"]}
    newest = office.ann.call("GET", "/v1/tariffs/audit", params={"limit": 1}).json()
    assert newest["items"] == steps[:1]
    assert newest["next"] == str(steps[0]["number"])


def test_the_audit_is_whole_and_paged_without_gaps(office):
    numbers, cursor = [], None
    while True:
        page = office.ann.call("GET", "/v1/tariffs/audit", params={"limit": 7, **({"cursor": cursor} if cursor else {})})
        numbers += [step["number"] for step in page.json()["items"]]
        cursor = page.json()["next"]
        if cursor is None:
            break
    assert numbers == list(range(len(numbers), 0, -1))
    verdict = office.ann.call("GET", "/v1/tariffs/audit/verify").json()
    assert (verdict["whole"], verdict["steps"]) == (True, len(numbers))


@pytest.mark.parametrize("sql, said", [
    ("UPDATE tariff_audit SET who='eve' WHERE number=2", "step 2"),
    ("DELETE FROM tariff_audit WHERE number=2", "step 2 is missing"),
    ("DELETE FROM tariff_audit WHERE number=3", "no step published it"),
    ("UPDATE tariff_file SET content=CAST(replace(CAST(content AS TEXT),'8.00','9.00') AS BLOB) WHERE version=2",
     "files of version 2"),
    ("UPDATE tariff_version SET published_by='eve' WHERE number=1", "version 1"),
    ("INSERT INTO tariff_version SELECT 9,'draft',NULL,created,created_by,published_by,note,digest,base,"
     "approved_by,approval,approved_at,approved_base FROM tariff_version WHERE number=1", "version 9"),
], ids=["a step", "a step taken out", "the last step", "a file", "who published", "a version of no step"])
def test_what_was_altered_in_the_database_shows(tmp_path, sql, said):
    service = Service(tmp_path, store=f"sqlite://{tmp_path / 'roamguard.db'}").start()
    try:
        draft = service.upload(simple(), None, None).json()["version"]
        service.upload(simple("1.01"), None, None)
        assert service.post(f"/v1/tariffs/versions/{draft}/publish", json={}).status_code == 200
        assert service.get("/v1/tariffs/audit/verify").json()["whole"] is True
        assert service.stop() == 0
        with sqlite3.connect(tmp_path / "roamguard.db") as db:
            for trigger in ("tariff_audit_is_kept", "tariff_audit_stands"):
                db.execute(f"DROP TRIGGER {trigger}")
            db.execute(sql)
        db.close()
        service.start()
        verdict = service.get("/v1/tariffs/audit/verify").json()
        assert verdict["whole"] is False
        assert said in verdict["fault"]
    finally:
        service.kill()


# ---- guard rails


def test_a_broken_guard_rail_stops_the_publication_and_every_one_is_listed(desk):
    rails = RAILS + "maximum_price,*,*,data,5,GBP,MB\nrequired_country,*,JP,data,,,\n"
    response = desk.ann.upload(tariffs=simple(), rails=rails)
    assert response.status_code == 201, response.text
    version = response.json()["version"]
    assert {fault["file"] for fault in response.json()["guardRails"]} == {"tariffs.csv", "rails.csv"}
    problem = assert_problem(desk.bob.step("publish", version), 422)
    assert problem["code"] == "guard_rails"
    assert problem["errors"] == response.json()["guardRails"]
    assert {(fault["file"], fault["line"]) for fault in problem["errors"]} == {("tariffs.csv", 3), ("rails.csv", 3)}
    assert desk.ann.version(version)["state"] == "draft"
    [refused, _] = desk.ann.call("GET", f"/v1/tariffs/versions/{version}/audit").json()["items"]
    assert refused["action"] == "publication_refused"


def test_a_draft_without_guard_rails_takes_over_those_in_force_and_a_rollback_only_warns(desk):
    rails = RAILS + "maximum_price,*,*,data,9,GBP,MB\n"
    trips = TRIPS + "weekend,*,FR,,data,,10 MB,12.00,GBP\n"
    plain = desk.ann.draft("1.10")
    assert desk.bob.step("publish", plain).status_code == 200
    guarded = desk.ann.draft("1.20", rails=rails, trips=trips)
    assert desk.bob.step("publish", guarded).status_code == 200
    dear = desk.ann.draft("9.50")
    files = {file["name"] for file in desk.ann.version(dear)["files"]}
    assert files == {"tariffs", "rails", "trips"}
    codes = [fault["file"] for fault in assert_problem(desk.bob.step("publish", dear), 422)["errors"]]
    assert set(codes) == {"tariffs.csv", "trips.csv"}
    back = desk.bob.call("POST", "/v1/tariffs/rollback", json={"to": plain})
    assert back.status_code == 200, back.text
    none = desk.ann.draft("9.50", rails=RAILS, trips=TRIPS)
    assert desk.bob.step("publish", none).status_code == 200


# ---- what a reviewer looks at


def test_a_diff_says_what_becomes_dearer_by_how_much_and_where(desk):
    before = desk.ann.upload(tariffs=table("*,FR,data,1.00,GBP,MB,,,incl,20,no", "*,DE,data,2.00,GBP,MB,,,incl,20,no",
                                           "*,ES,data,4.00,GBP,MB,,,incl,20,no", "*,*,data,8.00,GBP,MB,,,incl,20,no"),
                             zones=ZONES, fx=FX).json()["version"]
    after = desk.ann.upload(tariffs=table("*,FR,data,1.50,GBP,MB,,,incl,20,no", "*,DE,data,1.00,GBP,MB,,,incl,20,no",
                                          "*,IT,data,3.00,GBP,MB,,,incl,20,no", "*,*,data,10.00,GBP,MB,,,incl,20,no"),
                            zones="zone,country\nnordic,SE\n", fx=FX.replace("1.20", "1.50")).json()["version"]
    diff = desk.bob.call("GET", f"/v1/tariffs/versions/{after}/diff", params={"against": before}).json()
    assert [(change["destination"], change["before"]["amount"], change["after"]["amount"], change["percent"])
            for change in diff["changed"]] == [
        ("FR", "1.00", "1.50", 50), ("*", "8.00", "10.00", 25), ("DE", "2.00", "1.00", -50)]
    assert [(row["destination"], row["after"]["amount"], row["after"]["line"]) for row in diff["added"]] == [
        ("IT", "3.00", 4)]
    assert [(row["destination"], row["before"]["amount"], row["before"]["line"]) for row in diff["removed"]] == [
        ("ES", "4.00", 4)]
    assert diff["zones"] == [{"zone": "nordic", "country": "NO", "change": "removed"}]
    assert [(rate["base"], rate["quote"], rate["before"], rate["after"]) for rate in diff["fx"]] == [
        ("GBP", "EUR", "1.2", "1.5")]
    assert (diff["totals"]["dearer"], diff["totals"]["cheaper"]) == (2, 1)


def test_a_diff_is_against_the_version_in_force_unless_another_is_named(desk):
    force = desk.ann.draft("1.00")
    assert desk.bob.step("publish", force).status_code == 200
    draft = desk.ann.draft("1.10")
    diff = desk.bob.call("GET", f"/v1/tariffs/versions/{draft}/diff").json()
    assert (diff["version"], diff["against"]) == (draft, force)
    assert [change["percent"] for change in diff["changed"]] == [10]
    assert_problem(desk.bob.call("GET", f"/v1/tariffs/versions/{draft}/diff", params={"against": "4711"}), 404)


def assert_no_formulas(rows):
    for row in rows:
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")), row


@pytest.mark.parametrize("how", [{"headers": {"Accept": "text/csv"}}, {"params": {"format": "csv"}}], ids=str)
def test_a_diff_comes_as_a_spreadsheet_whose_cells_are_no_formulas(desk, how):
    before = desk.ann.upload(tariffs=simple("1.00")).json()["version"]
    after = desk.ann.upload(tariffs=simple("0.25", "gold,DE,data,1.00,GBP,MB,,,incl,20,no")).json()["version"]
    params = {"against": before, **how.get("params", {})}
    response = desk.bob.call("GET", f"/v1/tariffs/versions/{after}/diff", params=params, headers=how.get("headers", {}))
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert ["cheaper", "*", "FR", "data"] == rows[1][:4]
    assert rows[1][6] == "75"
    assert ["added", "gold", "DE", "data"] in [row[:4] for row in rows]
    assert_no_formulas(rows)


def test_an_upload_tells_what_is_odd_beside_the_version_in_force(desk):
    assert desk.bob.step("publish", desk.ann.draft("1.00", rails=RAILS, trips=TRIPS)).status_code == 200
    warnings = desk.ann.upload(tariffs=simple("10.00")).json()["warnings"]
    assert any(warning["file"] == "tariffs.csv" and warning["line"] == 2 for warning in warnings), warnings


def test_a_faulty_upload_comes_back_with_a_column_that_says_what_is_wrong(desk):
    text = simple("one", "*,DE,data,2.00,GBP,MB,,,incl,20,no")
    response = desk.ann.call("POST", "/v1/tariffs/versions", params={"annotated": "tariffs"}, data=text.encode(),
                             headers={"Content-Type": "text/csv", "Accept": "text/csv"})
    assert response.status_code == 422
    assert response.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(rows) == 3
    assert rows[0]["error"]
    assert rows[0]["price"] == "one"
    assert not rows[1]["error"]


def test_no_cell_that_comes_back_begins_a_formula(desk):
    text = simple("1.00", *(f"*,DE,data,{evil},GBP,MB,,,incl,20,no" for evil in ("=HYPERLINK(1)", "+1", "-1", "@SUM(1)")))
    response = desk.ann.call("POST", "/v1/tariffs/versions", params={"annotated": "tariffs"}, data=text.encode(),
                             headers={"Content-Type": "text/csv", "Accept": "text/csv"})
    rows = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert any("HYPERLINK" in cell for row in rows for cell in row)
    assert_no_formulas(rows)


def test_a_drafts_file_is_downloaded_with_what_its_guard_rails_say(desk):
    draft = desk.ann.upload(tariffs=simple(), rails=RAILS + "maximum_price,*,*,data,5,GBP,MB\n",
                            trips=TRIPS).json()["version"]
    plain = desk.ann.call("GET", f"/v1/tariffs/versions/{draft}/files/tariffs")
    assert plain.content == simple().encode()
    checked = desk.ann.call("GET", f"/v1/tariffs/versions/{draft}/files/tariffs?annotated")
    rows = list(csv.DictReader(io.StringIO(checked.content.decode("utf-8-sig"))))
    assert rows[1]["error"]
    assert rows[1]["destination"] == "*"


# ---- what a traveller would be told


def test_a_preview_of_the_version_in_force_is_word_for_word_what_a_traveller_gets(start):
    service = start()
    version = service.publish(simple("1.00", "*,FR,voice_mt,0.06,GBP,minute,1 s,1 s,incl,20,no"), None, None)
    stranger = "+447700900777"  # nobody has a profile of it
    service.result(new_event(ATTACH, {"subscriber": {"msisdn": stranger}, "visitedNetwork": network(FR)}))
    [sent] = service.items("/v1/notifications", msisdn=stranger)
    path = f"/v1/tariffs/versions/{version}/preview"
    assert "Bienvenue" in service.get(path, params={"country": "FR", "language": "fr"}).json()["messages"][0]["text"]
    preview = service.get(path, params={"mcc": "208", "mnc": "09"}).json()
    [message] = preview["messages"]
    assert message["kind"] == "welcome"
    assert (message["text"], message["language"], message["encoding"], message["segments"]) == (
        sent["text"], sent["language"], sent["encoding"], sent["segments"])
    assert (preview["services"]["data"]["amount"], preview["services"]["data"]["row"]["line"]) == ("1.00", 2)
    assert preview["services"]["voice_mt"]["row"]["line"] == 3


def test_a_draft_is_previewed_and_quoted_before_it_is_published(start):
    service = start()
    service.publish(simple("1.00"), None, None)
    draft = service.upload(simple("2.34"), None, None).json()["version"]
    preview = service.get(f"/v1/tariffs/versions/{draft}/preview", params={"mcc": "208", "mnc": "09"}).json()
    assert preview["services"]["data"]["amount"] == "2.34"
    assert "2.34" in preview["messages"][0]["text"]
    measured = service.post("/v1/messages/measure", json={"text": preview["messages"][0]["text"]}).json()
    assert measured["segments"] == preview["messages"][0]["segments"]
    quote = service.get("/v1/tariffs/quote", params={"country": "FR", "version": draft}).json()
    assert (quote["version"], quote["services"]["data"]["amount"]) == (draft, "2.34")
    assert service.get("/v1/tariffs/quote", params={"country": "FR"}).json()["services"]["data"]["amount"] == "1.00"


def test_on_board_the_preview_is_the_question_that_would_be_asked_and_at_home_it_is_nothing(start):
    service = start()
    version = service.publish()
    path = f"/v1/tariffs/versions/{version}/preview"
    on_board = service.get(path, params={"class": "inflight"}).json()
    assert on_board["messages"][0]["kind"] == "confirm_destination"
    assert "15.00" in on_board["messages"][0]["text"]
    assert on_board["highCost"] is True
    assert service.get(path, params={"country": "GB"}).json()["messages"] == []
    assert_problem(service.get(path, params={"class": "home"}), 422)
    assert_problem(service.get(path), 422)
    assert service.items("/v1/notifications") == []


# ---- the shell


def test_the_whole_work_is_done_from_a_shell(office, tmp_path):
    def shell(person, *arguments):
        return run("tariffs", *arguments, "--url", office.service.url(""), "--key", person.key)

    (tmp_path / "tariffs.csv").write_text(simple("1.77"))
    (tmp_path / "rails.csv").write_text(RAILS + "maximum_price,*,*,data,9,GBP,MB\n")
    imported = shell(office.ann, "import", tmp_path)
    assert imported.returncode == 0, imported.stdout + imported.stderr
    version = int(re.search(r"version (\d+)", imported.stdout)[1])
    diff = shell(office.bob, "diff", version)
    assert diff.returncode == 0, diff.stderr
    assert re.search(r"dearer +FR data.*1\.77 GBP per MB", diff.stdout), diff.stdout
    assert json.loads(shell(office.bob, "diff", version, "--json").stdout)["version"] == version

    def tag():
        return json.loads(shell(office.bob, "show", version, "--json").stdout)["etag"]

    refused = shell(office.bob, "publish", version, "--reason", "spring", "--if-match", tag())
    assert (refused.returncode, "approval" in refused.stderr) == (1, True)
    approved = shell(office.carl, "approve", version, "--reason", "checked", "--if-match", tag())
    assert approved.returncode == 0, approved.stderr
    at = rfc3339(now() + timedelta(days=9))
    published = shell(office.bob, "publish", version, "--at", at, "--reason", "spring", "--if-match", tag())
    assert published.returncode == 0, published.stderr
    assert office.ann.version(version)["effectiveAt"][:16] == at[:16]
    back = shell(office.bob, "rollback", version, "--reason", "not yet")
    assert back.returncode == 0, back.stderr
    assert shell(office.bob, "publish").returncode != 0
