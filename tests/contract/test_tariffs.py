"""Tariff tables over HTTP: upload, faults, publication, versions in time, files, quotes."""

import json
import time
from datetime import timedelta

import pytest

from blackbox import DE, FR, TABLE, ZONES, assert_problem, megabytes, money, monthly, now, rfc3339

JUST_AHEAD = timedelta(seconds=-1)  # later than a version published this moment
HEADER = "plan,destination,service,price,currency,unit,minimum,increment,tax,tax_rate,high_cost\n"


def table(*rows):
    return HEADER + "".join(row + "\n" for row in rows)


def simple(price):
    return table(f"*,FR,data,{price},GBP,MB,,,incl,20,no", "*,*,data,8.00,GBP,MB,,,incl,20,no")


def walk(value):
    """Every (name, value) inside a JSON document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def state_of(service, version):
    response = service.get(f"/v1/tariffs/versions/{version}")
    assert response.status_code == 200, response.text
    return response.json()["state"]


# ---- upload


def test_an_upload_is_a_draft_that_prices_nothing(service):
    response = service.upload(simple("99.00"), None, None)
    assert response.status_code == 201, response.text
    assert response.json()["state"] == "draft"
    assert isinstance(response.json()["version"], int)
    assert service.customer().attach(FR)["price"]["data"]["amount"] != "99.00"


def test_a_tariff_file_alone_may_be_uploaded_as_csv(service):
    response = service.post("/v1/tariffs/versions", data=simple("2.00").encode(), headers={"Content-Type": "text/csv"})
    assert response.status_code == 201, response.text
    assert response.json()["state"] == "draft"


def test_columns_are_known_by_name_and_optional_ones_may_be_missing(service):
    text = "currency,price,unit,service,destination,plan\nGBP,1.25,MB,data,FR,*\n"
    assert service.upload(text, None, None).status_code == 201


@pytest.mark.parametrize("line_end", ["\n", "\r\n"], ids=repr)
@pytest.mark.parametrize("last", ["", "end"], ids=["no final line end", "final line end"])
def test_both_line_ends_are_read(service, line_end, last):
    text = line_end.join(TABLE.strip().split("\n")) + (line_end if last else "")
    assert service.upload(text).status_code == 201


@pytest.mark.parametrize("name, text", [("tariffs", TABLE), ("zones", ZONES)])
def test_files_are_downloaded_exactly_as_they_were_uploaded(service, name, text):
    version = service.upload().json()["version"]
    response = service.get(f"/v1/tariffs/versions/{version}/files/{name}")
    assert response.status_code == 200, response.text
    assert response.content == text.encode()


GOOD = "*,FR,data,1.00,GBP,MB,,,incl,20,no"


@pytest.mark.parametrize("row, column", [
    ("*,FR,data,,GBP,MB,,,incl,20,no", "price"),
    ("*,FR,data,-1.00,GBP,MB,,,incl,20,no", "price"),
    ('*,FR,data,"1,50",GBP,MB,,,incl,20,no', "price"),
    ("*,FR,data,1e3,GBP,MB,,,incl,20,no", "price"),
    ("*,FR,data,free,GBP,MB,,,incl,20,no", "price"),
    ("*,FR,data,.50,GBP,MB,,,incl,20,no", "price"),
    ("*,FR,data,=1+1,GBP,MB,,,incl,20,no", "price"),
    ("*,FR,data,1.00,gbp,MB,,,incl,20,no", "currency"),
    ("*,FR,data,1.00,XQX,MB,,,incl,20,no", "currency"),
    ("*,FR,data,1.00,,MB,,,incl,20,no", "currency"),
    ("*,France,data,1.00,GBP,MB,,,incl,20,no", "destination"),
    ("*,QQ,data,1.00,GBP,MB,,,incl,20,no", "destination"),
    ("*,zone:nowhere,data,1.00,GBP,MB,,,incl,20,no", "destination"),
    (",FR,data,1.00,GBP,MB,,,incl,20,no", "plan"),
    ("*,FR,video,1.00,GBP,MB,,,incl,20,no", "service"),
    ("*,FR,VoLTE,1.00,GBP,minute,,,incl,20,no", "service"),
    ("*,FR,data,1.00,GBP,parsec,,,incl,20,no", "unit"),
    ("*,FR,data,1.00,GBP,minute,,,incl,20,no", "unit"),
    ("*,FR,sms_mo,1.00,GBP,MB,,,incl,20,no", "unit"),
    ("*,FR,data,1.00,GBP,MB,60 s,,incl,20,no", "minimum"),
    ("*,FR,data,1.00,GBP,MB,,60 s,incl,20,no", "increment"),
    ("*,FR,data,1.00,GBP,MB,,,net,20,no", "tax"),
    ("*,FR,data,1.00,GBP,MB,,,incl,much,no", "tax_rate"),
    ("*,FR,data,1.00,GBP,MB,,,incl,20,maybe", "high_cost"),
])
def test_a_bad_row_is_refused_and_its_line_column_and_value_named(service, row, column):
    before = service.items("/v1/tariffs/versions")
    response = service.upload(table("*,DE,data,1.00,GBP,MB,,,incl,20,no", row), "zone,country\nnordic,SE\n", None)
    problem = assert_problem(response, 422)
    [fault] = [fault for fault in problem["errors"] if fault["line"] == 3 and fault["column"] == column]
    assert {"file", "line", "column", "value", "code", "detail"} <= set(fault)
    assert fault["file"].startswith("tariffs")
    assert len(fault["detail"]) > 5
    assert service.items("/v1/tariffs/versions") == before  # nothing changed


def test_every_fault_is_listed_at_once(service):
    text = table("*,FR,data,x,GBP,MB,,,incl,20,no", "*,DE,data,1.00,GBP,MB,,,incl,20,no",
                 "*,ES,data,1.00,POUND,MB,,,incl,20,no", "*,Spain,data,1.00,GBP,MB,,,incl,20,maybe")
    problem = assert_problem(service.upload(text, None, None), 422)
    assert {(fault["line"], fault["column"]) for fault in problem["errors"]} >= {
        (2, "price"), (4, "currency"), (5, "destination"), (5, "high_cost")}


def test_the_same_key_twice_is_a_fault_at_the_later_line(service):
    problem = assert_problem(service.upload(table(GOOD, "*,DE,data,1.00,GBP,MB,,,incl,20,no", GOOD), None, None), 422)
    assert [fault["line"] for fault in problem["errors"]] == [4]


@pytest.mark.parametrize("text, said", [
    ("", "tariffs"), ("plan,destination,service,price,currency\n*,FR,data,1.00,GBP\n", "unit"),
    ("plan,destination,service,price,currency,unit,unit\n*,FR,data,1.00,GBP,MB,MB\n", "unit"),
    (HEADER + '*,FR,data,"1.00,GBP,MB,,,incl,20,no\n', "2"),
    (HEADER + "*,FR,data,1.00\n", "2"),
    (HEADER + GOOD + ",extra\n", "2")], ids=repr)
def test_a_file_that_is_no_table_is_refused(service, text, said):
    response = service.upload(text, None, None)
    assert_problem(response, (400, 422))
    assert said in response.text


@pytest.mark.parametrize("bad", [b"\xff\xfe*\x00", b"\xe9", b"\x00"], ids=repr)
def test_a_file_that_is_no_utf8_text_is_refused(service, bad):
    body = (HEADER + "*,FR,data,1.00,GBP,MB,,,incl,20,no\n").encode() + bad
    response = service.post("/v1/tariffs/versions", data=body, headers={"Content-Type": "text/csv"})
    assert_problem(response, (400, 422))


def test_faults_of_the_other_files_are_named_by_file(service):
    problem = assert_problem(service.upload(TABLE, "zone,country\nnordic,Sweden\nnordic,SE\n",
                                            "base,quote,rate\nGBP,EUR,much\n"), 422)
    assert {(fault["file"].split(".")[0], fault["line"]) for fault in problem["errors"]} >= {("zones", 2), ("fx", 2)}


# ---- publication


def test_a_published_version_prices_every_later_event_and_the_one_before_is_superseded(start):
    service = start()
    first = service.publish(simple("1.00"), None, None)
    customer = service.customer()
    assert customer.attach(FR)["price"]["data"]["amount"] == "1.00"
    second = service.publish(simple("2.50"), None, None)
    assert second > first
    assert (state_of(service, first), state_of(service, second)) == ("superseded", "published")
    assert customer.attach(FR, ago=JUST_AHEAD)["price"]["data"]["amount"] == "2.50"
    versions = [item["version"] for item in service.items("/v1/tariffs/versions")]
    assert versions == [second, first]


def test_usage_is_rated_by_the_version_in_force_at_its_time(start):
    service = start()
    service.publish(simple("1.00"), None, None)
    customer = service.customer(caps=[monthly("50.00")])
    change = now() + timedelta(seconds=2)
    service.publish(simple("3.00"), None, None, effective_at=change)
    assert customer.usage(megabytes(1), FR)["caps"][0]["used"] == money("1.00")
    time.sleep(max(0, (change - now()).total_seconds()) + 0.1)
    assert customer.usage(megabytes(1), FR, ago=JUST_AHEAD)["caps"][0]["used"] == money("4.00")
    late = customer.usage(megabytes(1), FR, ago=timedelta(minutes=2))
    assert late["caps"][0]["used"] == money("5.00")


def test_before_the_first_version_took_effect_usage_is_rated_by_that_one(start):
    service = start()
    service.publish(simple("1.00"), None, None)
    customer = service.customer(caps=[monthly("50.00", period="trip")])
    result = customer.usage(megabytes(1), FR, ago=timedelta(days=2))
    assert result["caps"][0]["used"] == money("1.00")


def test_a_version_for_later_is_published_and_waits(start):
    service = start()
    service.publish(simple("1.00"), None, None)
    later = service.publish(simple("7.00"), None, None, effective_at=now() + timedelta(days=3))
    assert state_of(service, later) == "published"
    assert service.customer().attach(FR)["price"]["data"]["amount"] == "1.00"
    tomorrow = service.get("/v1/tariffs/quote", params={"country": "FR", "at": rfc3339(now() + timedelta(days=4))})
    assert "7.00" in tomorrow.text


def test_a_service_without_a_table_is_not_ready_and_becomes_so_by_publishing(start):
    service = start()
    response = service.get("/readyz")
    assert response.status_code == 503
    assert "tariff" in response.text.lower()
    service.publish()
    assert service.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/v1/tariffs/versions/4711", "/v1/tariffs/versions/4711/files/tariffs"])
def test_an_unknown_version_is_not_found(service, path):
    assert_problem(service.get(path), 404)


def test_an_unknown_version_cannot_be_published(service):
    assert_problem(service.post("/v1/tariffs/versions/4711/publish", json={}), 404)


def test_publishing_needs_a_time_that_is_one(service):
    version = service.upload(simple("9.00"), None, None).json()["version"]
    response = service.post(f"/v1/tariffs/versions/{version}/publish", json={"effectiveAt": "tomorrow"})
    assert_problem(response, (400, 422), "effectiveAt")
    assert state_of(service, version) == "draft"


# ---- quotes


@pytest.mark.parametrize("params, price, line", [
    (dict(country="FR"), money("1.00"), 2),
    (dict(plan="gold", country="FR"), money("0.50"), 3),
    (dict(plan="unheard", country="FR"), money("1.00"), 2),
    (dict(mcc="262", mnc="01"), money("2.40", "EUR"), 9),
    (dict(mcc="222", mnc="10"), money("6.75"), 12),
    (dict(mcc="222", mnc="01"), money("1.25"), 11),
    (dict(country="SE"), money("0.75"), 19),
    (dict(mcc="901", mnc="14"), money("15.00"), 20),
    (dict(mcc="901", mnc="12"), money("8.00"), 21),
    (dict(country="AU"), money("8.00"), 21),
    (dict(ip="89.160.20.112"), money("0.75"), 19),
], ids=str)
def test_a_quote_says_the_price_and_the_line_of_the_row_that_says_so(service, params, price, line):
    response = service.get("/v1/tariffs/quote", params=params)
    assert response.status_code == 200, response.text
    quote = response.json()
    prices = [value for _, value in walk(quote) if isinstance(value, dict) and price.items() <= value.items()]
    assert prices, quote
    assert line in [value for name, value in walk(quote) if "line" in name.lower()], quote


def test_a_quote_lists_each_service_of_the_place(service):
    text = json.dumps(service.get("/v1/tariffs/quote", params={"country": "FR"}).json())
    for name in ("data", "voice_mo", "voice_mt", "sms_mo", "sms_mt"):
        assert f'"{name}' in text


@pytest.mark.parametrize("params, field", [(dict(country="Atlantis"), "country"), (dict(mcc="2", mnc="01"), "mcc"),
                                           (dict(country="FR", at="noon"), "at")], ids=str)
def test_a_quote_for_no_place_or_time_is_refused(service, params, field):
    response = service.get("/v1/tariffs/quote", params=params)
    assert_problem(response, (400, 422))
    assert field in response.text


@pytest.fixture(scope="module")
def priced(start):
    """A service of its own for tests that publish."""
    return start()


@pytest.mark.parametrize("written, shown", [("0.1234", "0.1234"), ("1.5", "1.50"), ("3", "3.00"),
                                            ("0.000001", "0.000001")])
def test_a_unit_price_is_shown_with_all_its_digits_and_at_least_the_minor_units(priced, written, shown):
    priced.publish(simple(written), None, None)
    assert priced.customer().attach(FR, ago=JUST_AHEAD)["price"]["data"] == {
        "amount": shown, "currency": "GBP", "per": "MB"}


@pytest.mark.parametrize("currency, written, shown", [("JPY", "300", "300"), ("KWD", "1.5", "1.500"),
                                                      ("CNY", "3", "3.00")])
def test_each_currency_has_its_minor_units(priced, currency, written, shown):
    priced.publish(table(f"*,*,data,{written},{currency},MB,,,incl,20,no"), None, None)
    assert priced.customer().attach(FR, ago=JUST_AHEAD)["price"]["data"] == {
        "amount": shown, "currency": currency, "per": "MB"}


@pytest.mark.parametrize("unit", ["10 KB", "128 B", "3 MB"])
def test_a_unit_is_a_quantity_with_a_unit(priced, unit):
    priced.publish(table(f"*,*,data,1.00,GBP,{unit},,,incl,20,no"), None, None)
    sizes = {"10 KB": 10 * 1024, "128 B": 128, "3 MB": megabytes(3)}
    customer = priced.customer(caps=[monthly("50.00")])
    assert customer.usage(sizes[unit] * 2, FR, ago=JUST_AHEAD)["caps"][0]["used"] == money("2.00")


# ---- what cannot be priced


def test_usage_that_cannot_be_priced_adds_nothing_and_is_protected_like_high_cost(start):
    service = start()
    service.publish(table("*,FR,data,1.00,GBP,MB,,,incl,20,no"), None, None)
    customer = service.customer(caps=[monthly()])
    result = customer.usage(megabytes(3), DE)
    assert result["caps"][0]["used"] == money("0.00")
    assert result["data"] == "held"


def test_a_published_version_prices_the_whole_of_the_next_batch(start):
    service = start()
    service.publish(simple("1.00"), None, None)
    customer = service.customer(caps=[monthly("5000.00")])

    def used_after_fifty_megabytes():
        events = [customer.usage_event(megabytes(1), FR, ago=JUST_AHEAD) for _ in range(50)]
        return service.batch(events)[-1]["caps"][0]["used"]

    assert used_after_fifty_megabytes() == money("50.00")
    service.publish(simple("2.00"), None, None)
    assert used_after_fifty_megabytes() == money("150.00")


@pytest.mark.parametrize("separator", [";", "\t"], ids=["semicolons", "tabs"])
def test_a_table_as_spreadsheets_save_it_is_read(service, separator):
    text = (HEADER + GOOD + "\n").replace(",", separator)
    response = service.upload(text, None, None)
    assert response.status_code == 201, response.text
    assert response.json()["rows"] == 1
