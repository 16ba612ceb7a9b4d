"""Hostile and broken input, and faults around the process: each is refused in words or shrugged off."""

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time

import pytest
import requests

from blackbox import (BATCH, COUNTRY_MMDB, FR, MMDB, ROOT, TABLE, USAGE, assert_problem, clean_environment, free_port,
                      megabytes, monthly, network, new_event, run, wait_for)

FAULT_SECONDS = 10


def raw(service, data, half_close=False, seconds=FAULT_SECONDS):
    """Sends bytes; the status line's code, or None where the service closed without an answer."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=seconds) as connection:
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
        except (ConnectionResetError, BrokenPipeError):
            return None
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(found[1]) if found else None


def request(headers, body=b"", line=b"POST /v1/events HTTP/1.1"):
    return b"\r\n".join([line, b"Host: localhost", *headers, b"", body])


def assert_alive(service, seconds=5):
    began = time.monotonic()
    assert service.get("/healthz", timeout=seconds).status_code == 200
    assert service.customer().attach(FR)["outcome"] == "welcomed"
    assert time.monotonic() - began < seconds


def event_of(service):
    return service.stranger().usage_event(1, FR)


# ---- HTTP


STRUCTURED_HEADER = b"Content-Type: application/cloudevents+json"


@pytest.mark.parametrize("length", [b"+5", b"5,6", b"0x5", b"1e3", b"-1", b"five", b"5 5", b"99999999999999999999"],
                         ids=lambda value: value.decode())
def test_a_content_length_that_is_no_number_is_refused(service, length):
    status = raw(service, request([STRUCTURED_HEADER, b"Content-Length: " + length], b"{}{}{}"))
    assert status is None or 400 <= status < 500
    assert_alive(service)


@pytest.mark.parametrize("data", [
    request([STRUCTURED_HEADER, b"Content-Length: 2", b"Transfer-Encoding: chunked"], b"{}"),
    request([STRUCTURED_HEADER, b"Content-Length: 2", b"Content-Length: 5"], b"{}{}{"),
    request([STRUCTURED_HEADER, b"Transfer-Encoding: chunked"], b"zz\r\n{}\r\n0\r\n\r\n"),
    request([STRUCTURED_HEADER, b"Transfer-Encoding: chunked"], b"ffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    request([STRUCTURED_HEADER, b"Transfer-Encoding: gzip, identity"], b"{}"),
    request([STRUCTURED_HEADER + b"\r\n folded", b"Content-Length: 2"], b"{}"),
    request([b"Content-Type : application/cloudevents+json", b"Content-Length: 2"], b"{}"),
    request([b"X: a\x00b", b"Content-Length: 0"]),
    request([b"no colon here", b"Content-Length: 0"]),
    request([b"X-%d: y" % n for n in range(2000)]),
    request([b"X: " + b"a" * 100_000]),
    request([], line=b"GET /" + b"a" * 9000 + b" HTTP/1.1"),
    request([], line=b"GET /%00%2e%2e/%c0%ae HTTP/1.1"),
    request([], line=b"GET /../../../etc/passwd HTTP/1.1"),
    request([], line=b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1"),
    request([], line=b"BREW /v1/events HTTP/1.1"),
    request([], line=b"GET /healthz HTTP/9.9"),
    request([], line=b"GET  /healthz"),
    b"GET /healthz\n\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    bytes(range(256)) * 40,
], ids=lambda value: repr(value[:60]))
def test_broken_http_is_refused_or_cut_and_harms_nobody(service, data):
    status = raw(service, data, half_close=True)
    assert status is None or 400 <= status < 500 or status in (501, 505), status
    assert_alive(service)


@pytest.mark.parametrize("data", [b"", b"POST /v1/ev", request([STRUCTURED_HEADER, b"Content-Length: 500"], b"{")],
                         ids=["nothing", "half a line", "half a body"])
def test_a_request_that_ends_in_the_middle_changes_nothing(service, data):
    status = raw(service, data, half_close=True, seconds=60)
    assert status is None or 400 <= status < 500
    assert_alive(service)


def test_a_body_past_the_limit_is_refused_by_its_announced_length(service):
    headers = [STRUCTURED_HEADER, b"Content-Length: 1000000000"]
    assert raw(service, request(headers, b"{")) == 413
    assert_alive(service)


def test_a_body_past_the_limit_is_refused_as_it_comes(service):
    def endless():
        for _ in range(3000):
            yield b" " * 65536

    try:
        response = requests.post(service.url("/v1/events"), data=endless(), timeout=60,
                                 headers={"Content-Type": "application/cloudevents+json"})
        assert response.status_code == 413
    except requests.exceptions.ConnectionError:
        pass  # cut while we were still sending
    assert_alive(service)


# ---- JSON


def with_raw(service, name, value):
    """An event's text with the raw JSON text `value` as the member `name` of its data."""
    event = event_of(service)
    event["data"].pop(name, None)
    text = json.dumps(event)
    return text.replace('"data": {', '"data": {"%s": %s, ' % (name, value))


NO_JSON = {
    "NaN": lambda s: with_raw(s, "quantity", "NaN"), "Infinity": lambda s: with_raw(s, "quantity", "Infinity"),
    "hexadecimal": lambda s: with_raw(s, "quantity", "0x1"), "plus sign": lambda s: with_raw(s, "quantity", "+1"),
    "leading zero": lambda s: with_raw(s, "quantity", "01"), "bare point": lambda s: with_raw(s, "quantity", "1."),
    "trailing bytes": lambda s: json.dumps(event_of(s)) + "x", "two documents": lambda s: json.dumps(event_of(s)) * 2,
    "comment": lambda s: json.dumps(event_of(s)) + "// well",
    "trailing comma": lambda s: json.dumps(event_of(s))[:-1] + ",}",
    "single quotes": lambda s: json.dumps(event_of(s)).replace('"', "'"),
    "cut": lambda s: json.dumps(event_of(s))[:-10],
    "raw line end in a string": lambda s: json.dumps(event_of(s)).replace("/tests", "/te\nsts"),
    "0xFF": lambda s: json.dumps(event_of(s)).encode().replace(b"/tests", b"/te\xffsts"),
    "overlong UTF-8": lambda s: json.dumps(event_of(s)).encode().replace(b"/tests", b"/te\xc0\xafsts"),
    "a surrogate in UTF-8": lambda s: json.dumps(event_of(s)).encode().replace(b"/tests", b"/te\xed\xa0\x80sts"),
    "UTF-16": lambda s: json.dumps(event_of(s)).encode("utf-16"),
    "only brackets": lambda s: "[" * 100_000, "only braces": lambda s: '{"a":' * 100_000,
    "nothing": lambda s: "", "white space": lambda s: "  \n ", "a NUL byte": lambda s: b"\x00",
}


@pytest.mark.parametrize("what", NO_JSON)
def test_what_is_no_json_is_refused_with_a_sentence(service, what):
    assert_problem(service.send(NO_JSON[what](service)), (400, 413))


@pytest.mark.parametrize("depth", [10_000, 100_000, 1_000_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_a_deep_document_is_refused(service, depth, brackets):
    opening, closing = ("[", "]") if brackets == "[]" else ('{"a":', "}")
    text = with_raw(service, "extra", opening * depth + "1" + closing * depth)
    assert_problem(service.send(text), (400, 413, 422))
    assert_alive(service)


def test_a_deep_document_is_refused_in_a_batch_too(service):
    text = "[" + with_raw(service, "extra", "[" * 100_000 + "]" * 100_000) + "]"
    response = service.send(text, BATCH)
    assert response.status_code == 200, response.text
    [result] = response.json()["results"]
    assert result["outcome"] == "rejected" and result["error"]["status"] in (400, 413)


@pytest.mark.parametrize("value", ["9223372036854775808", "18446744073709551616", "1e400", "-0.5", "1e30",
                                   "123456789012345678901234567890"])
def test_a_quantity_beyond_all_numbers_is_refused_by_name(service, value):
    response = service.send(with_raw(service, "quantity", value))
    assert_problem(response, (400, 422))
    assert "quantity" in response.text or response.status_code == 400  # past what JSON readers hold


@pytest.mark.parametrize("value", ["9007199254740993", "-0", "1.0", "9223372036854775807"])
def test_a_strange_number_is_answered_in_words_one_way_or_the_other(service, value):
    assert service.send(with_raw(service, "quantity", value)).status_code in (200, 400, 422)
    assert_alive(service)


@pytest.mark.parametrize("twist", [
    lambda text: text.replace('"quantity": 1', '"quantity": 1, "quantity": 2'),
    lambda text: text.replace('"quantity": 1', '"quantity": 1, "qu\\u0061ntity": 2'),
    lambda text: "\ufeff" + text,
    lambda text: text.replace("/tests", "/te\\ud800sts"),
    lambda text: text.replace("/tests", "/te\\u202ests"),
    lambda text: text.replace('"data": {', '"data": {"%s": 1, ' % ("k" * 60_000)),
], ids=["a name twice", "a name twice, escaped", "byte order mark", "lone surrogate", "right-to-left override",
        "a name of 60 KB"])
def test_doubtful_json_is_answered_in_words_one_way_or_the_other(service, twist):
    response = service.send(twist(json.dumps(event_of(service))))
    assert response.status_code in (200, 400, 422), response.text
    assert_alive(service)


@pytest.mark.parametrize("character", ["\\u0000", "\\r\\n", "\\u001b[31m", "\\u0007"])
@pytest.mark.parametrize("attribute", ["id", "source"])
def test_control_characters_in_an_attribute_never_reach_the_log(service, character, attribute):
    event = event_of(service)
    text = json.dumps({**event, attribute: "before@@injected"}).replace("@@", character)
    assert service.send(text).status_code in (200, 400, 422)
    assert not re.search(r"^injected", service.log(), re.MULTILINE)
    assert "\x1b[31minjected" not in service.log()
    assert "\x00" not in service.log()


@pytest.mark.parametrize("field", ["subscriber", "visitedNetwork", "service", "quantity", "session", "called",
                                   "startedAt", "charged", "chargedAs", "chargedTax"])
@pytest.mark.parametrize("value", [[], {"a": {"b": []}}, True, [[1]], -1.5], ids=repr)
def test_a_wrong_type_in_any_field_is_refused_by_name(service, field, value):
    event = event_of(service)
    event["data"][field] = value
    assert_problem(service.send(event), (400, 422), field)


@pytest.mark.parametrize("data", [None, [], "text", 5, True, {}], ids=repr)
def test_data_that_is_no_object_is_refused(service, data):
    assert_problem(service.send({**event_of(service), "data": data}), (400, 422))


# ---- identifiers, times, money


@pytest.mark.parametrize("msisdn", ["", "+", "447700900123", "00447700900123", "+44 7700 900123", "+44-7700-900123",
                                    "+0447700900123", "+1234567890123456", "+٤٤٧٧٠٠٩٠٠١٢٣", "+４４７７００９００１２３",
                                    "+44770090012x", "tel:+447700900123", "+447700900123\n",
                                    "'; DROP TABLE customers;--"])
def test_what_is_no_e164_number_is_refused_by_name(service, msisdn):
    event = event_of(service)
    event["data"]["subscriber"] = {"msisdn": msisdn}
    assert_problem(service.send(event), 422, "msisdn")


@pytest.mark.parametrize("imsi", ["", "23415", "2341500000001234", "23415000000012x", "٢٣٤١٥٠٠٠٠٠٠٠١٢٣",
                                  " 234150000000123"])
def test_what_is_no_imsi_is_refused_by_name(service, imsi):
    event = event_of(service)
    event["data"]["subscriber"] = {"imsi": imsi}
    assert_problem(service.send(event), 422, "imsi")


@pytest.mark.parametrize("mcc, mnc, field", [("", "09", "mcc"), ("2080", "09", "mcc"), ("２０８", "09", "mcc"),
                                             ("-08", "09", "mcc"), ("208", "", "mnc"), ("208", "9", "mnc"),
                                             ("208", "0x9", "mnc"), ("208", "０９", "mnc")])
def test_what_is_no_network_is_refused_by_name(service, mcc, mnc, field):
    event = event_of(service)
    event["data"]["visitedNetwork"] = {"mcc": mcc, "mnc": mnc}
    assert_problem(service.send(event), 422, field)


@pytest.mark.parametrize("country", ["fr", "FRA", "F", "", "ＦＲ", "F\u0000"])
def test_what_is_no_country_is_refused_by_name(service, country):
    event = event_of(service)
    event["data"].update(service="voice_mo", called=country)
    assert_problem(service.send(event), 422, "called")


@pytest.mark.parametrize("time_text", ["1767225600", "1767225600000", "2026-01-01", "2026-01-01T00:00:00",
                                       "2026-01-01 00:00:00Z ", "2026-01-01T24:30:00Z", "2026-02-30T00:00:00Z",
                                       "2025-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00+25:00",
                                       "2026-01-01T00:60:00Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z",
                                       "0000-00-00T00:00:00Z", "+12026-01-01T00:00:00Z", "2026-01-01T00:00:00.Z",
                                       "20260101T000000Z", ""])
def test_what_is_no_time_or_no_time_for_an_event_is_refused_by_name(service, time_text):
    event = {**event_of(service), "time": time_text}
    response = service.send(event)
    assert_problem(response, (400, 422))
    assert "time" in response.text or "too_old" in response.text


@pytest.mark.parametrize("amount", ["1,50", "1.234,56", "1\u00a0234,5", "1E+05", "--1", "1.", ".5", "+1.00", "٣",
                                    "NaN", "1234567890123456789", "99999999999999999999", "", " 1.00", "0x10"])
def test_what_is_no_amount_is_refused_by_name(service, amount):
    event = event_of(service)
    event["data"]["charged"] = {"amount": amount, "currency": "GBP"}
    assert_problem(service.send(event), 422, "amount")


@pytest.mark.parametrize("amount", ["0", "0.00", "1e9", "10,00", "-5.00"])
def test_a_cap_of_a_strange_amount_does_no_harm(service, amount):
    customer = service.stranger()
    response = service.put(customer.path, json={"homeCountry": "GB", "caps": [monthly(amount)]})
    assert response.status_code in (200, 201, 400, 422), response.text
    assert service.send(customer.usage_event(1, FR)).status_code == 200
    assert_alive(service)


# ---- tables


HEADER = TABLE.splitlines()[0] + "\n"
GOOD = TABLE.replace("zone:nordic", "SE")  # good without a zones file


@pytest.mark.parametrize("body", [
    b"", b"\xff\xfe" + GOOD.encode("utf-16le"), GOOD.encode() + "*,FR,sms_mt,0,GBP,méssage\n".encode("latin-1"),
    b"PK\x03\x04" + bytes(500),
    (HEADER + '*,FR,data,"1.00\n').encode(), (HEADER + "*,FR,data," + "9" * 10_000_00 + ",GBP,MB\n").encode(),
    (HEADER.strip() + ",x" * 100_000 + "\n").encode(), HEADER.replace("price", "prize").encode(),
    HEADER.encode() + b"*,FR,data,1\x00.00,GBP,MB\n", (HEADER + "*,FR,data,=HYPERLINK(1),GBP,MB\n").encode(),
    (HEADER + "*,FR,data,\u200b1.00,GBP,MB\n").encode(), (HEADER + "*,FR,data,“1.00”,GBP,MB\n").encode(),
], ids=["empty", "UTF-16", "Latin-1", "a zip", "open quote", "a price of a million digits",
        "100,000 columns", "misspelt header", "NUL", "a formula", "zero width", "smart quotes"])
def test_a_table_that_is_none_is_refused_in_words_and_changes_nothing(service, body):
    before = service.items("/v1/tariffs/versions")
    response = service.post("/v1/tariffs/versions", data=body, headers={"Content-Type": "text/csv"}, timeout=60)
    assert_problem(response, (400, 413, 422))
    assert service.items("/v1/tariffs/versions") == before
    assert_alive(service)


# ---- many at once


def test_two_hundred_half_open_connections_are_harmless(service):
    connections = []
    try:
        for n in range(200):
            connection = socket.create_connection(("127.0.0.1", service.port), timeout=5)
            if n % 2:
                connection.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Le")
            connections.append(connection)
        assert_alive(service)
    finally:
        for connection in connections:
            connection.close()
    assert_alive(service)


def test_memory_stays_bounded_whatever_is_sent(service):
    """Runs last among those that share the service, so the peak covers all of them."""
    large = [json.dumps([event_of(service)] * 900 + [{"junk": "x" * 500_000}]).encode(), b"[" * 1_000_000,
             b'{"a":' * 400_000, ("[" + "{}," * 300_000 + "{}]").encode(), b'["' + b"y" * 1_000_000 + b'"]']

    def hurl(body):
        session = service.session()
        for _ in range(4):
            try:
                session.post(service.url("/v1/events"), data=body, headers={"Content-Type": BATCH}, timeout=60)
            except requests.exceptions.RequestException:
                pass

    threads = [threading.Thread(target=hurl, args=(body,)) for body in large * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_alive(service, seconds=10)
    assert service.peak_memory_megabytes() < 300


# ---- around the process


def test_sigterm_under_load_answers_what_was_accepted(start):
    service = start()
    service.publish()
    customers = [service.customer(caps=[monthly("5000.00")]) for _ in range(4)]
    answers = {}

    def send(customer):
        events = [customer.usage_event(megabytes(1), FR) for _ in range(1000)]
        body = json.dumps(events)
        session = service.session()
        ready.wait()
        try:
            response = session.post(service.url("/v1/events"), data=body, headers={"Content-Type": BATCH}, timeout=60)
        except requests.ConnectionError as error:
            assert "refused" in str(error), "a request was cut"  # it came after the listener had closed
            response = None
        answers[customer] = (events, response)

    ready = threading.Barrier(len(customers) + 1)
    threads = [threading.Thread(target=send, args=(customer,)) for customer in customers]
    for thread in threads:
        thread.start()
    ready.wait()
    time.sleep(0.05)  # most have been sent by now, and hardly all been answered
    assert service.stop() == 0
    for thread in threads:
        thread.join()
    assert len(answers) == len(customers), "a request was cut"
    service.start()
    for customer, (events, response) in answers.items():
        taken = response is not None and response.status_code == 200
        assert response is None or response.status_code in (200, 503)
        outcomes = {result["outcome"] for result in service.batch(events)}
        assert (outcomes == {"duplicate"}) == taken
        customer.last_event = events[-1]
        assert customer.cap()["used"]["amount"] == "1000.00"


def test_single_events_acknowledged_before_sigterm_are_kept(start):
    service = start()
    service.publish()
    customer = service.customer(caps=[monthly("50000.00")])
    acknowledged, stop = [], threading.Event()

    def send():
        session = service.session()
        while not stop.is_set():
            event = new_event(USAGE, {"subscriber": {"msisdn": customer.msisdn}, "visitedNetwork": network(FR),
                                      "service": "data", "quantity": megabytes(1)})
            try:
                if session.post(service.url("/v1/events"), json=event, timeout=20,
                                headers={"Content-Type": "application/cloudevents+json"}).status_code == 200:
                    acknowledged.append(event)
            except requests.exceptions.RequestException:
                return

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(acknowledged) > 20, what="some load")
    assert service.stop() == 0
    stop.set()
    for thread in threads:
        thread.join()
    service.start()
    assert {result["outcome"] for result in service.batch(acknowledged[:1000])} == {"duplicate"}


def test_a_second_process_on_the_same_database_is_refused(start):
    service = start()
    service.publish()
    port = free_port()
    arguments = service.command()[1:]
    arguments[arguments.index("--listen") + 1] = f"127.0.0.1:{port}"
    try:
        second = run(*arguments, timeout=FAULT_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.fail("the second process ran on")
    assert second.returncode not in (0, -9)
    assert "roamguard.db" in second.stdout + second.stderr
    assert_alive(service)


def test_a_database_that_is_none_is_refused_by_name(tmp_path):
    path = tmp_path / "roamguard.db"
    path.write_bytes(os.urandom(65536))
    result = run("serve", "--listen", f"127.0.0.1:{free_port()}", "--store", f"sqlite://{path}", timeout=20)
    assert result.returncode != 0
    assert "roamguard.db" in result.stdout + result.stderr


def place_of(service, **params):
    answer = service.get("/v1/destinations/resolve", params=params).json()
    answer = answer.get("destination", answer)
    return answer.get("country"), answer.get("basis")


def replace(path, content):
    """Swaps a file as an update would: whole, by a rename."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.rename(path)


BROKEN_DATABASES = ["MaxMind-DB-test-broken-pointers-24.mmdb", "MaxMind-DB-test-broken-search-tree-24.mmdb",
                    "GeoIP2-City-Test-Invalid-Node-Count.mmdb", "bad-data/libmaxminddb-corrupt-search-tree.mmdb",
                    "bad-data/libmaxminddb-metadata-marker-only.mmdb",
                    "bad-data/libmaxminddb-offset-integer-overflow.mmdb", "bad-data/libmaxminddb-deep-nesting.mmdb",
                    "bad-data/libmaxminddb-oversized-array.mmdb"]


def test_a_reload_with_a_broken_ip_database_keeps_the_last_good_one(start, tmp_path):
    path = tmp_path / "country.mmdb"
    shutil.copy(COUNTRY_MMDB, path)
    service = start("--geoip-database", path)
    service.publish()
    question = {"ip": "89.160.20.112", "ipOf": "serving_node"}
    assert place_of(service, **question) == ("SE", "ip")
    good = COUNTRY_MMDB.read_bytes()
    contents = {name: (MMDB / name).read_bytes() for name in BROKEN_DATABASES if (MMDB / name).exists()}
    assert contents
    contents.update({"empty": b"", "text": b"not a database\n", "a tenth": good[:len(good) // 10],
                     "nine tenths": good[:len(good) * 9 // 10]})
    for name, content in contents.items():
        replace(path, content)
        service.hang_up()
        time.sleep(0.3)
        assert service.process.poll() is None, f"{name} ended the service"
        assert place_of(service, **question) == ("SE", "ip"), name
    replace(path, good)
    service.hang_up()
    time.sleep(0.3)
    assert place_of(service, **question) == ("SE", "ip")
    assert_alive(service)


def networks_file():
    """The product's own table of networks, found by its header."""
    for path in sorted((ROOT / "data").rglob("*.csv")):
        with open(path, encoding="utf-8") as lines:
            if next((line for line in lines if not line.startswith("#")), "").startswith("mcc,mnc,"):
                return path
    pytest.skip("the product has no table of networks in data/ yet")


def test_a_reload_with_a_broken_table_of_networks_keeps_the_last_good_one(start, tmp_path):
    path = tmp_path / "networks.csv"
    shutil.copy(networks_file(), path)
    service = start("--networks", path)
    service.publish()
    good = path.read_bytes()
    for content in (b"", b"mcc,mnc\n999999,abc\n", b"\xff\xfe\x00", good + b'"open quote'):
        replace(path, content)
        service.hang_up()
        time.sleep(0.3)
        assert service.process.poll() is None
        assert place_of(service, mcc="208", mnc="09") == ("FR", "plmn")
    assert_alive(service)


def test_a_reload_drops_no_request(start):
    service = start()
    service.publish()
    customer = service.customer(caps=[monthly("50000.00")])
    failures, stop = [], threading.Event()

    def send():
        session = service.session()
        while not stop.is_set():
            event = new_event(USAGE, {"subscriber": {"msisdn": customer.msisdn}, "visitedNetwork": network(FR),
                                      "service": "data", "quantity": 1})
            try:
                response = session.post(service.url("/v1/events"), json=event, timeout=20,
                                        headers={"Content-Type": "application/cloudevents+json"})
                if response.status_code != 200:
                    failures.append(response.text)
            except requests.exceptions.RequestException as failure:
                failures.append(repr(failure))

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        service.hang_up()
        time.sleep(0.1)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_service_starts_beside_a_broken_ip_database(start, tmp_path):
    path = tmp_path / "country.mmdb"
    path.write_bytes(b"not a database\n")
    command = start("--geoip-database", path, run=False).command()
    process = subprocess.Popen(command, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               cwd=tmp_path)
    try:
        port = int(command[command.index("--listen") + 1].rsplit(":", 1)[1])

        def alive_or_ended():
            if process.poll() is not None:
                return True
            try:
                return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=1).status_code == 200
            except requests.exceptions.ConnectionError:
                return False

        wait_for(alive_or_ended, 15)
        if process.poll() is not None:  # refusing to start is right too, if it says why
            assert "country.mmdb" in process.stdout.read().decode()
    finally:
        process.kill()
        process.wait()
