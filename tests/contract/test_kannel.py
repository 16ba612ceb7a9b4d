"""The real Kannel between the service and a message centre: texts out, receipts and replies back, and every accident
that can befall the way.

Kannel runs with packaging/kannel/kannel.conf; the message centre is smsc.py. Where Kannel itself must be slow or
refuse, a web server stands in its place.
"""

import re
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from blackbox import DE, FR, JP, ROOT, US, binary_path, clean_environment, megabytes, monthly, wait_for
from kannel import BEARERBOX, PACKAGING, SMSBOX, Kannel
from receiver import Receiver, in_turn
from smsc import INVALID_DESTINATION, OK, THROTTLED, UNICODE, Smsc

PROMPT_S = 3.0  # an event's answer at the slowest: a hanging gateway would take 10 s


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, start):
    """A Kannel that nothing happens to, and a service that sends through it."""
    kannel = Kannel(tmp_path_factory.mktemp("kannel")).start()
    yield SimpleNamespace(kannel=kannel, smsc=kannel.smsc, service=kannel.roamguard(start))
    kannel.close()


@pytest.fixture
def kannels(tmp_path):
    """Makes Kannels that a test may treat as it likes."""
    made = []

    def make(**options):
        made.append(Kannel(tmp_path / f"kannel-{len(made)}", **options))
        return made[-1]

    yield make
    for kannel in made:
        kannel.close()


@pytest.fixture
def stand_in():
    """A web server in Kannel's place."""
    receiver = Receiver(lambda request: (202, b"0: Accepted for delivery"))
    yield receiver
    receiver.close()


def behind(stand_in, start, *flags):
    service = start("--sms.driver", "kannel", "--sms.kannel.url", stand_in.url("/cgi-bin/sendsms"),
                    "--sms.kannel.username", "roamguard", "--sms.kannel.password", "pw", *flags)
    service.publish()
    return service


def sms_customer(service, **profile):
    return service.customer(channels=["sms"], **profile)


def attached(service, place=FR, **profile):
    customer = sms_customer(service, **profile)
    began = time.monotonic()
    customer.attach(place)
    assert time.monotonic() - began < PROMPT_S
    return customer


def held(service, **profile):
    """A customer whose data waits for one answer with one costly choice."""
    customer = attached(service, US, **profile)
    assert customer.peek()["data"] == "held"
    return customer


def in_state(customer, state, kind="welcome", seconds=20):
    """The customer's only message of a kind, once it is in that state."""
    found = wait_for(lambda: [item for item in customer.notifications(kind) if item["state"] == state], seconds,
                     f"a {kind} that is {state}")
    assert len(customer.notifications(kind)) == 1
    return found[0]


def arrived(smsc, customer, count=1, seconds=20):
    """The texts that reached a customer's phone, as soon as there are so many; there must be no more."""
    wait_for(lambda: len(smsc.texts(customer.msisdn)) >= count, seconds, f"{count} texts at the message centre")
    texts = smsc.texts(customer.msisdn)
    assert len(texts) == count, texts
    return texts


def shows(item, text):
    """Whether a text is what the list of messages shows, which leaves out a link's token."""
    return re.fullmatch(".+".join(map(re.escape, item["text"].split("…"))), text, re.S) is not None


# ---- out


@pytest.mark.parametrize("language, letters, coding", [("de", "€ü", 0), ("zh-Hans", "德国", UNICODE)])
def test_a_text_leaves_in_the_coding_its_letters_need(gateway, language, letters, coding):
    customer = attached(gateway.service, DE, language=language, caps=[monthly("10.00", currency="EUR")])
    customer.usage(megabytes(2.5), DE)
    item = in_state(customer, "sent", "threshold")
    texts = arrived(gateway.smsc, customer, 2)
    assert shows(item, texts[1])
    assert set(letters) <= set("".join(texts))
    parts = gateway.smsc.accepted(customer.msisdn)
    assert {part.coding for part in parts} == {coding}
    assert {part.sender for part in parts} == {"Roamguard"}
    assert all(part.validity for part in parts)


def test_a_long_chinese_text_arrives_whole_in_parts(gateway):
    customer = held(gateway.service, language="zh-Hans")
    item = in_state(customer, "sent", "confirm_destination")
    [text] = arrived(gateway.smsc, customer)
    assert shows(item, text)
    parts = gateway.smsc.accepted(customer.msisdn)
    assert len(parts) == item["segments"] > 1
    assert [part.place()[1:] for part in parts] == [(len(parts), n + 1) for n in range(len(parts))]
    assert all(part.coding == UNICODE and 1 + len(part.header) + len(part.payload) <= 140 for part in parts)


def test_what_the_message_centre_refuses_for_good_has_failed(gateway):
    customer = sms_customer(gateway.service)
    gateway.smsc.status = lambda part: INVALID_DESTINATION if part.to == customer.msisdn else OK
    customer.attach(FR)
    in_state(customer, "failed")
    gateway.smsc.status = OK
    assert gateway.smsc.texts(customer.msisdn) == []


def test_a_message_centre_that_throttles_gets_each_text_once(gateway):
    gateway.smsc.status = in_turn(THROTTLED, THROTTLED, OK)
    customer = attached(gateway.service)
    in_state(customer, "sent")
    arrived(gateway.smsc, customer)
    gateway.smsc.status = OK
    refused = [part for part in gateway.smsc.parts if part.to == customer.msisdn and part.status == THROTTLED]
    assert len(refused) == 2


# ---- receipts


@pytest.mark.parametrize("said, state", [("DELIVRD", "delivered"), ("UNDELIV", "failed"), ("REJECTD", "failed"),
                                         ("DELETED", "failed"), ("EXPIRED", "failed"), ("UNKNOWN", "failed"),
                                         ("ACCEPTD", "sent"), ("ENROUTE", "sent")])
def test_a_receipt_moves_its_message_and_no_other(gateway, said, state):
    customer, other = attached(gateway.service), attached(gateway.service)
    arrived(gateway.smsc, customer)
    in_state(customer, "sent")
    in_state(other, "sent")
    gateway.smsc.receipt(gateway.smsc.accepted(customer.msisdn)[0], said)
    if state == "sent":
        time.sleep(1)
    item = in_state(customer, state)
    assert item["attempts"] == 1
    assert (item.get("deliveredAt") is not None) == (state == "delivered")
    assert [one["state"] for one in other.notifications()] == ["sent"]


def test_receipts_as_quick_as_the_answer_leave_all_delivered(gateway):
    gateway.smsc.receipts = "DELIVRD"  # Kannel then brings "accepted" and "delivered" at once, in any order
    customers = [attached(gateway.service) for _ in range(20)]
    for customer in customers:
        in_state(customer, "delivered")
    gateway.smsc.receipts = None
    time.sleep(1)
    assert {item["state"] for customer in customers for item in customer.notifications()} == {"delivered"}
    assert all(len(gateway.smsc.texts(customer.msisdn)) == 1 for customer in customers)


# ---- replies


@pytest.mark.parametrize("language, text, coding", [
    ("en-GB", "1", 0), ("en-GB", "yes.", 0), ("en-GB", "YES", UNICODE), ("en-GB", "YES", 3), ("de", "Ja!", 0),
    ("es", "SÍ", UNICODE), ("es", "sí", 3), ("zh-Hans", "是", UNICODE), ("zh-Hans", "确认", UNICODE),
    ("zh-Hant", "確認。", UNICODE), ("ja", "はい", UNICODE), ("zh-Hans", "１", UNICODE)])
def test_a_reply_arrives_in_its_letters_and_confirms(gateway, language, text, coding):
    customer = held(gateway.service, language=language)
    arrived(gateway.smsc, customer)
    gateway.smsc.reply(customer.msisdn, "55005", text, coding)
    wait_for(lambda: customer.confirmations("confirmed"), what="the answer")
    assert customer.peek()["data"] == "allowed"
    item = in_state(customer, "sent", "receipt")
    assert shows(item, arrived(gateway.smsc, customer, 2)[1])


@pytest.mark.parametrize("text, coding", [("Größe? 5 € für mich: ÄÖÜ {x}", 0), ("什么意思？价格太贵了", UNICODE)])
def test_a_reply_nobody_understands_gets_one_help_and_changes_nothing(gateway, text, coding):
    customer = held(gateway.service, language="zh-Hans" if coding else "de")
    arrived(gateway.smsc, customer)
    gateway.smsc.reply(customer.msisdn, "55005", text, coding)
    in_state(customer, "sent", "help")
    time.sleep(0.5)
    assert len(arrived(gateway.smsc, customer, 2)) == len(customer.notifications())
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "held"
    assert text in str(customer.timeline())


def test_a_no_declines(gateway):
    customer = held(gateway.service, language="de")
    arrived(gateway.smsc, customer)
    gateway.smsc.reply(customer.msisdn, "55005", "NEIN")
    wait_for(lambda: customer.confirmations("declined"), what="the answer")
    assert customer.peek()["data"] == "blocked"
    in_state(customer, "sent", "declined")


def test_an_answer_of_the_service_is_never_sent_on_as_an_sms(gateway):
    """Kannel sends what an HTTP answer holds, and its own excuse where there is none, unless it is told not to."""
    stranger = "+447700900999"
    before = len(gateway.smsc.parts)
    for text in ("", " ", "STOP", "YES", "what?"):
        gateway.smsc.reply(stranger, "55005", text)
    time.sleep(1.5)
    assert [part for part in gateway.smsc.parts[before:] if part.to != stranger] == []
    allowed = {item["text"] for item in gateway.service.items("/v1/notifications", msisdn=stranger)}
    assert set(gateway.smsc.texts(stranger)) <= allowed


def test_neither_log_of_kannel_holds_a_number_or_a_text(gateway):
    customer = held(gateway.service)
    arrived(gateway.smsc, customer)
    gateway.smsc.reply(customer.msisdn, "55005", "a private word")
    in_state(customer, "sent", "help")
    for name in ("bearerbox", "smsbox"):
        log = gateway.kannel.log(name)
        assert customer.msisdn[1:] not in log
        assert "private" not in log and "Mobile data" not in log
        assert gateway.kannel.password not in log


# ---- accidents


def test_while_kannel_is_down_messages_wait_and_events_do_not(kannels, start):
    kannel = kannels()
    service = kannel.roamguard(start)
    customers = [attached(service) for _ in range(10)]
    time.sleep(1)
    assert {item["state"] for customer in customers for item in customer.notifications()} == {"queued"}
    kannel.start()
    for customer in customers:
        in_state(customer, "sent", seconds=30)
        arrived(kannel.smsc, customer)


def test_while_the_message_centre_is_away_kannel_keeps_what_it_took_even_when_it_is_killed(kannels, start):
    kannel = kannels()
    kannel.start()
    service = kannel.roamguard(start)
    port = kannel.smsc.port
    kannel.smsc.close()
    customers = [attached(service, FR), attached(service, JP, language="zh-Hans")]
    for customer in customers:
        in_state(customer, "sent")
    kannel.kill()
    kannel.smsc = Smsc(port)
    kannel.smsc.receipts = "DELIVRD"
    kannel.start()
    for customer in customers:
        in_state(customer, "delivered")
        arrived(kannel.smsc, customer)


@pytest.mark.parametrize("victims", [["bearerbox"], ["smsbox"], ["bearerbox", "smsbox"]], ids="+".join)
def test_killed_between_submit_and_receipt_the_receipt_still_comes_back(kannels, start, victims):
    """(a) the message centre has the text, (b) the program is killed and begun again, (c) the phone gets the text."""
    kannel = kannels()
    kannel.start()
    service = kannel.roamguard(start)
    customer = attached(service)
    in_state(customer, "sent")
    arrived(kannel.smsc, customer)
    kannel.kill(*victims)
    if "bearerbox" in victims:
        kannel.kill("smsbox")  # it ends when it notices that it is alone; whoever supervises it begins it again
        kannel.start_bearerbox()
    kannel.start_smsbox()
    kannel.smsc.receipt(kannel.smsc.accepted(customer.msisdn)[0])
    item = in_state(customer, "delivered")
    assert item["attempts"] == 1
    arrived(kannel.smsc, customer)


def test_while_smsbox_is_dead_replies_and_receipts_wait(kannels, start):
    kannel = kannels()
    kannel.start()
    service = kannel.roamguard(start)
    customer = held(service)
    arrived(kannel.smsc, customer)
    kannel.kill("smsbox")
    kannel.smsc.receipt(kannel.smsc.accepted(customer.msisdn)[0])
    kannel.smsc.reply(customer.msisdn, "55005", "YES")
    time.sleep(1)
    assert customer.question()["state"] == "pending"
    kannel.start_smsbox()
    wait_for(lambda: customer.confirmations("confirmed"), what="the answer")
    in_state(customer, "delivered", "confirm_destination")
    in_state(customer, "sent", "receipt")


def test_while_the_service_is_dead_replies_and_receipts_wait(kannels, start):
    kannel = kannels()
    kannel.start()
    service = kannel.roamguard(start)
    customer = held(service)
    in_state(customer, "sent", "confirm_destination")
    arrived(kannel.smsc, customer)
    service.kill()
    kannel.smsc.receipt(kannel.smsc.accepted(customer.msisdn)[0])
    kannel.smsc.reply(customer.msisdn, "55005", "是")
    time.sleep(1.5)
    service.start()
    wait_for(lambda: customer.confirmations("confirmed"), what="the answer")
    in_state(customer, "delivered", "confirm_destination")
    arrived(kannel.smsc, customer, 2)


@pytest.mark.parametrize("name", ["bearerbox", "smsbox"])
def test_a_kannel_that_hangs_delays_no_event_and_loses_no_text(kannels, start, name):
    kannel = kannels()
    kannel.start()
    service = kannel.roamguard(start)
    kannel.freeze(name)
    customers = [attached(service) for _ in range(6)]
    time.sleep(1)
    assert {item["state"] for customer in customers for item in customer.notifications()} == {"queued"}
    kannel.thaw(name)
    for customer in customers:
        in_state(customer, "sent", seconds=30)
        # A call that nobody answered may have been heard: its text can arrive twice, but never not at all.
        wait_for(lambda: kannel.smsc.texts(customer.msisdn), what="the text")
        assert len(set(kannel.smsc.texts(customer.msisdn))) == 1


def test_with_a_wrong_password_messages_wait_and_leave_once_it_is_right(kannels, start):
    kannel = kannels()
    kannel.start()
    kannel.password, right = "wrong", kannel.password
    service = kannel.roamguard(start)
    customer = attached(service)
    wait_for(lambda: customer.notification("welcome")["attempts"] >= 2, what="a second attempt")
    assert customer.notification("welcome")["state"] == "queued"
    assert kannel.smsc.parts == []
    service.stop()
    service.flags = [right if flag == "wrong" else flag for flag in service.flags]
    service.start()
    in_state(customer, "sent")
    arrived(kannel.smsc, customer)


@pytest.mark.parametrize("answers, state, attempts", [
    ([(400, b"Number(s) has/have been denied by white- and/or black-lists.")], "failed", 1),
    ([(403, b"Authorization failed for sendsms"), (202, b"0: Accepted for delivery")], "sent", 2),
    ([(503, b"Temporal failure, try again later."), (202, b"3: Queued for later delivery")], "sent", 2),
    ([(500, b""), (404, b""), (202, b"0: Accepted for delivery")], "sent", 3),
    ([None, (202, b"0: Accepted for delivery")], "sent", 2)],
    ids=["400", "403", "503", "500 and 404", "hangs up"])
def test_what_kannel_answers_decides_whether_a_message_is_tried_again(stand_in, start, answers, state, attempts):
    service = behind(stand_in, start)
    stand_in.answer = in_turn(*answers)
    customer = attached(service)
    item = in_state(customer, state, seconds=30)
    assert item["attempts"] == attempts == len(stand_in.requests)
    asked = {request.path for request in stand_in.requests}
    assert len({re.sub(r"&validity=\d+", "", path) for path in asked}) == 1


def test_a_slow_kannel_gets_each_text_once_and_delays_no_event(stand_in, start):
    service = behind(stand_in, start)

    def slowly(_):
        time.sleep(2)
        return 202, b"0: Accepted for delivery"

    stand_in.answer = slowly
    customers = [attached(service) for _ in range(8)]
    for customer in customers:
        assert in_state(customer, "sent", seconds=30)["attempts"] == 1
    assert len(stand_in.requests) == len(customers)


# ---- what is shipped


@pytest.mark.parametrize("program, missing", [(BEARERBOX, "admin-password"), (BEARERBOX, "host"),
                                              (BEARERBOX, "smsc-username"), (BEARERBOX, "smsc-password"),
                                              (SMSBOX, "password")])
def test_kannel_does_not_start_while_a_secret_is_not_filled_in(kannels, program, missing):
    kannel = kannels()
    if program == SMSBOX:
        kannel.start_bearerbox()
    path = kannel.directory / "unfinished.conf"
    path.write_text(re.sub(rf"^{missing} = .*$", f"#! {missing} =", kannel.configuration(), flags=re.M))
    ended = subprocess.run([program, "-v", "4", path], cwd=kannel.directory, capture_output=True, timeout=20,
                           stdin=subprocess.DEVNULL, check=False)
    assert ended.returncode != 0


def running_in(directory):
    """The command lines of processes that work in a directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == directory:
                found.append((process / "cmdline").read_text())
        except OSError:
            pass  # ended meanwhile, or is none of ours
    return found


@pytest.mark.parametrize("options", [[], ["--drive-smpp"]], ids=["own message centre", "drive_smpp"])
def test_the_shipped_files_work_together_when_tried(tmp_path, options):
    ended = subprocess.run(["/usr/bin/python3", PACKAGING / "try", "--directory", tmp_path, *options], cwd=ROOT,
                           env=clean_environment(ROAMGUARD_BIN=binary_path()), stdin=subprocess.DEVNULL, text=True,
                           capture_output=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Mobile data" in ended.stdout
    assert ("accepted by the SMSC" if options else "delivered") in ended.stdout
    assert running_in(tmp_path) == []
