"""The shell: tariffs, subscribers, replay, case."""

import json

import pytest

from blackbox import FR, FX, TABLE, ZONES, Customer, megabytes, monthly, run


def directory(tmp_path, tariffs=TABLE, zones=ZONES, fx=FX):
    for name, text in (("tariffs", tariffs), ("zones", zones), ("fx", fx)):
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def at(service):
    return ("--url", service.url(""))


# ---- tariffs


def test_a_good_table_is_valid_without_a_service(tmp_path):
    result = run("tariffs", "validate", directory(tmp_path))
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_bad_table_is_not_and_every_fault_is_said_with_its_line(tmp_path):
    lines = TABLE.splitlines()
    lines[1] = lines[1].replace("1.00", "one")
    lines[4] = lines[4].replace("GBP", "POUND")
    result = run("tariffs", "validate", directory(tmp_path, "\n".join(lines) + "\n"))
    said = result.stdout + result.stderr
    assert result.returncode != 0
    for word in ("tariffs.csv", "2", "price", "one", "5", "currency", "POUND"):
        assert word in said, word


def test_a_directory_that_is_not_there_is_named(tmp_path):
    result = run("tariffs", "validate", tmp_path / "nowhere")
    assert result.returncode != 0
    assert "nowhere" in result.stdout + result.stderr


def test_a_table_is_imported_as_a_draft_listed_and_published(start, tmp_path):
    service = start()
    result = run("tariffs", "import", directory(tmp_path), *at(service))
    assert result.returncode == 0, result.stdout + result.stderr
    [draft] = service.items("/v1/tariffs/versions")
    assert draft["state"] == "draft"
    listed = run("tariffs", "list", *at(service))
    assert listed.returncode == 0, listed.stderr
    assert "draft" in listed.stdout
    assert str(draft["version"]) in listed.stdout
    result = run("tariffs", "publish", draft["version"], *at(service))
    assert result.returncode == 0, result.stdout + result.stderr
    assert service.items("/v1/tariffs/versions")[0]["state"] == "published"
    assert service.customer().attach(FR)["price"]["data"]["amount"] == "1.00"  # at once


def test_a_bad_table_is_not_imported(service, tmp_path):
    before = service.items("/v1/tariffs/versions")
    result = run("tariffs", "import", directory(tmp_path, TABLE.replace("1.00", "one", 1)), *at(service))
    assert result.returncode != 0
    assert "price" in result.stdout + result.stderr
    assert service.items("/v1/tariffs/versions") == before


# ---- subscribers


def test_profiles_are_imported_from_ndjson_and_bad_rows_named(service, tmp_path):
    first, second = service.number(), service.number()
    path = tmp_path / "profiles.ndjson"
    path.write_text("\n".join([
        json.dumps({"msisdn": first, "homeCountry": "GB", "plan": "gold", "caps": [monthly()]}),
        json.dumps({"msisdn": "not a number", "homeCountry": "GB"}),
        json.dumps({"msisdn": second, "homeCountry": "GB", "plan": "global", "language": "fr"})]) + "\n")
    result = run("subscribers", "import", path, *at(service))
    said = result.stdout + result.stderr
    assert "2" in said and "msisdn" in said
    assert Customer(service, first).profile()["plan"] == "gold"
    assert Customer(service, first).profile()["caps"][0]["id"] == "monthly"
    assert Customer(service, second).profile()["language"] == "fr"


def test_profiles_are_imported_from_csv(service, tmp_path):
    first, second = service.number(), service.number()
    path = tmp_path / "profiles.csv"
    path.write_text(f"msisdn,homeCountry,plan,language\n{first},GB,gold,en-GB\n{second},GB,global,de\n")
    result = run("subscribers", "import", path, *at(service))
    assert result.returncode == 0, result.stdout + result.stderr
    assert Customer(service, first).profile()["plan"] == "gold"
    assert Customer(service, second).profile()["language"] == "de"


def test_many_profiles_are_imported(service, tmp_path):
    numbers = [f"+99955500{n:05}" for n in range(1200)]
    path = tmp_path / "many.ndjson"
    path.write_text("".join(json.dumps({"msisdn": number, "homeCountry": "GB"}) + "\n" for number in numbers))
    result = run("subscribers", "import", path, *at(service))
    assert result.returncode == 0, result.stdout + result.stderr
    for number in (numbers[0], numbers[600], numbers[-1]):
        assert Customer(service, number).profile()["msisdn"] == number


# ---- replay


def test_a_file_of_events_is_replayed(service, tmp_path):
    customer = service.customer(caps=[monthly("5000.00")])
    events = [customer.usage_event(megabytes(1), FR) for _ in range(250)]
    path = tmp_path / "events.ndjson"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    for _ in range(2):  # once more changes nothing
        result = run("replay", path, *at(service))
        assert result.returncode == 0, result.stdout + result.stderr
        customer.last_event = events[-1]
        assert customer.cap()["used"]["amount"] == "250.00"


def test_a_replayed_event_that_was_rejected_is_said(service, tmp_path):
    customer = service.customer(caps=[monthly()])
    events = [customer.usage_event(megabytes(1), FR), customer.usage_event(-1, FR), customer.usage_event(0, FR)]
    path = tmp_path / "events.ndjson"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    result = run("replay", path, *at(service))
    assert "quantity" in result.stdout + result.stderr or events[1]["id"] in result.stdout + result.stderr
    customer.last_event = events[2]
    assert customer.cap()["used"]["amount"] == "1.00"


# ---- case


def test_a_case_prints_the_evidence_of_one_traveller(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(8), FR)
    result = run("case", customer.msisdn, *at(service))
    assert result.returncode == 0, result.stdout + result.stderr
    for said in (customer.last_event["id"], "threshold", "8.00"):
        assert said in result.stdout


def test_a_customers_own_words_stand_in_the_case_and_on_the_page_that_is_printed(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(10), FR)
    words = "Ja <b>!</b>"  # no answer, and nothing a page may take for its own
    for text in (words, "Yes!"):
        assert service.post("/v1/sms/inbound", json={"from": customer.msisdn, "text": text}).status_code == 200
    said = run("case", customer.msisdn, *at(service)).stdout
    page = service.get(customer.path + "/timeline?format=html").text
    for line in ("read as unreadable: helped", "read as yes: confirmed", "data released (cap monthly)"):
        assert line in said and line in page
    for text in (words, "Yes!"):
        assert f"| {text}" in said
    assert "Yes!" in page and words not in page and "Ja &lt;b&gt;!&lt;" in page
    assert all(item["summary"] for item in customer.timeline())


def test_a_case_of_nobody_is_an_error(service):
    assert run("case", "+99900000001", *at(service)).returncode != 0


# ---- the program itself


@pytest.mark.parametrize("command", [["fly"], ["tariffs", "fly"], ["keys", "fly"]], ids=" ".join)
def test_an_unknown_command_is_refused_and_named(command):
    result = run(*command)
    assert result.returncode != 0
    assert "fly" in result.stdout + result.stderr


def test_a_service_that_is_not_there_is_said_to_be_so(tmp_path):
    result = run("tariffs", "list", "--url", "http://127.0.0.1:9")
    assert result.returncode != 0
    assert "127.0.0.1:9" in result.stdout + result.stderr
