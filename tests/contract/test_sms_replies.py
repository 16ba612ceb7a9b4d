"""Answers by SMS: what is read as which answer, what never is consent, keywords, and the form of gateways."""

import random
import re
import time
import unicodedata
import uuid
from urllib.parse import quote

import pytest

from blackbox import DE, ES, FR, US, assert_problem, megabytes, money, monthly, now, rfc3339, wait_for

OUTCOMES = {"confirmed", "declined", "asked_again", "reopened", "stopped", "started", "told_usage", "helped", "silent",
            "unknown_number", "duplicate"}
UNREAD = ("helped", "silent")


@pytest.fixture(scope="module")
def hasty(start):
    """A service whose questions expire after two seconds and may be asked again after one."""
    running = start("--confirm.expiry", "2s", "--confirm.repeat-after", "1s")
    running.publish()
    return running


def inbound(service, sender, text, identity=None):
    body = {"from": sender, "to": "+447700900999", "text": text, "receivedAt": rfc3339(now()),
            "id": identity or f"mo-{uuid.uuid4()}"}
    response = service.post("/v1/sms/inbound", json=body)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert set(answer) >= {"outcome", "confirmation", "notifications"}
    assert answer["outcome"] in OUTCOMES
    return answer


def say(customer, text, identity=None):
    return inbound(customer.service, customer.msisdn, text, identity)


def sent(answer):
    return [item["kind"] for item in answer["notifications"]]


def held_at_cap(service, **profile):
    customer = service.customer(caps=[monthly()], **profile)
    customer.usage(megabytes(10), FR)
    return customer


def held_at_destination(service, **profile):
    customer = service.customer(caps=[monthly("500.00")], **profile)
    customer.attach(US)
    return customer


def held_twice(service):
    """A customer with two open questions; the questions by kind."""
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(1), US)
    questions = {item["kind"]: item for item in customer.confirmations("pending")}
    assert set(questions) == {"confirm_destination", "confirm_cap"}
    return customer, questions


def state_of(customer, identity):
    return {item["id"]: item["state"] for item in customer.confirmations()}[identity]


def wide(digits):
    return "".join(chr(ord(digit) + 0xFEE0) for digit in digits)


def other_than(code):
    return f"{(int(code) + 1) % 10000:04}"


HOLDS = [held_at_cap, held_at_destination]


# ---- what is an answer


@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.parametrize("form", ["1", " 1 ", "1.", "(1)", "1!", "\r\n1\n", "１", "1 {code}", "1  {code}", "1 {code}.",
                                  "１　{wide}", "YES", "ＹＥＳ"])
def test_a_number_or_a_yes_confirms_releases_and_is_written_back(service, hold, form):
    customer = hold(service)
    question = customer.question()
    answer = say(customer, form.format(code=question["code"], wide=wide(question["code"])))
    assert (answer["outcome"], answer["confirmation"]) == ("confirmed", question["id"])
    assert "receipt" in sent(answer)
    assert customer.notification("receipt")["text"]
    assert customer.peek()["data"] == "allowed"
    assert state_of(customer, question["id"]) == "confirmed"


@pytest.mark.parametrize("language, word", [
    ("en", "YES"), ("en", "yes"), ("en", "Yes!"), ("en", "Y"), ("en", "y."), ("zh-Hans", "是"), ("zh-Hans", "确认"),
    ("zh-Hans", "同意"), ("zh-Hans", "是。"), ("zh-Hant", "是"), ("zh-Hant", "確認"), ("zh-Hant", "同意"), ("fr", "OUI"),
    ("fr", "Oui."), ("de", "JA"), ("de", "ja!"), ("es", "SÍ"), ("es", "Sí"), ("es", "si"), ("es", "¡Sí!"),
    ("es", "Si\u0301"), ("ja", "はい"), ("ja", "「はい」"), ("ja", "はい。")])
def test_a_yes_in_the_customers_language_confirms(service, language, word):
    customer = held_at_cap(service, language=language)
    assert say(customer, word)["outcome"] == "confirmed"
    assert customer.cap()["stage"] == 2
    assert customer.peek()["data"] == "allowed"
    assert customer.notification("receipt")["language"] == language


@pytest.mark.parametrize("hold, language, form", [
    (held_at_cap, "en", "2"), (held_at_destination, "en", "2"), (held_at_cap, "en", "２"),
    (held_at_cap, "en", "2 {code}"),
    (held_at_cap, "en", "NO"), (held_at_destination, "en", "no"), (held_at_cap, "en", "No."),
    (held_at_cap, "zh-Hans", "否"),
    (held_at_cap, "zh-Hans", "不"), (held_at_destination, "zh-Hant", "否"), (held_at_cap, "fr", "NON"),
    (held_at_cap, "de", "Nein!"), (held_at_cap, "es", "no"), (held_at_cap, "ja", "いいえ")])
def test_a_no_declines_and_blocks(service, hold, language, form):
    customer = hold(service, language=language)
    question = customer.question()
    answer = say(customer, form.format(code=question["code"]))
    assert (answer["outcome"], answer["confirmation"]) == ("declined", question["id"])
    assert "receipt" not in customer.kinds()
    assert customer.peek()["data"] == "blocked"
    assert state_of(customer, question["id"]) == "declined"


def test_an_answer_by_sms_stands_in_the_evidence(service):
    customer = held_at_cap(service)
    before = len(customer.timeline())
    say(customer, "1", "mo-4711")
    assert len(customer.timeline()) > before
    assert "sms" in str(customer.timeline())
    assert customer.confirmations("confirmed")[0]["by"]
    assert customer.verified()


# ---- codes


@pytest.mark.parametrize("text", ["1", "YES", "是", "Y", "1.", "１"])
def test_of_two_open_questions_none_is_confirmed_without_its_code(service, text):
    customer, _ = held_twice(service)
    answer = say(customer, text)
    assert answer["outcome"] in UNREAD
    assert len(customer.confirmations("pending")) == 2
    assert customer.peek()["data"] == "held"
    assert customer.cap()["stage"] == 1


@pytest.mark.parametrize("first, second", [("confirm_destination", "confirm_cap"),
                                           ("confirm_cap", "confirm_destination")])
def test_a_code_answers_its_own_question_and_no_other(service, first, second):
    customer, questions = held_twice(service)
    answer = say(customer, f"1 {questions[first]['code']}")
    assert (answer["outcome"], answer["confirmation"]) == ("confirmed", questions[first]["id"])
    assert state_of(customer, questions[second]["id"]) == "pending"
    assert customer.peek()["data"] == "held"
    answer = say(customer, "1")  # one is left, so no code is needed
    assert (answer["outcome"], answer["confirmation"]) == ("confirmed", questions[second]["id"])
    assert customer.peek()["data"] == "allowed"


def test_one_of_two_questions_is_declined_by_its_code(service):
    customer, questions = held_twice(service)
    answer = say(customer, f"2 {questions['confirm_destination']['code']}")
    assert (answer["outcome"], answer["confirmation"]) == ("declined", questions["confirm_destination"]["id"])
    assert state_of(customer, questions["confirm_cap"]["id"]) == "pending"


@pytest.mark.parametrize("form", ["1 {wrong}", "1 {short}", "1 {code}0", "1 {code} {code}", "{code}", "{code} 1"])
@pytest.mark.parametrize("hold", HOLDS)
def test_a_wrong_code_decides_nothing(service, hold, form):
    customer = hold(service)
    code = customer.question()["code"]
    answer = say(customer, form.format(code=code, wrong=other_than(code), short=code[:3]))
    assert answer["outcome"] in UNREAD
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "held"


@pytest.mark.parametrize("number", ["0", "3", "9", "10", "11", "1.5", "①1", "1 1", "1000000000000000000001"])
def test_a_number_that_was_not_offered_decides_nothing(service, number):
    customer = held_at_cap(service)
    assert say(customer, number)["outcome"] in UNREAD
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "held"


# ---- what is none


@pytest.mark.parametrize("text", [
    "yes please", "no thanks, but yes", "YES NO", "yes yes", "ok then", "1 or 2", "12", "1,2", "", "   ", "???", "👍",
    "yes 1", "1 yes", "Y E S", "yesterday", "nonono", "我是", "是不是", "jaja", "si no", "はいいいえ", "extend",
    "continue", "stop it", "x" * 2000, "'; DROP TABLE message; --", "<b>YES</b>", "%s%n", "\u202eSEY",
    "Re: YES", "I will not answer YES"], ids=lambda text: ascii(text)[:24])
def test_an_unreadable_answer_gets_help_and_changes_nothing(service, text):
    customer = held_at_cap(service)
    before = customer.profile()
    answer = say(customer, text)
    assert answer["outcome"] == "helped"
    assert answer["confirmation"] is None
    assert sent(answer) == ["help"]
    assert customer.notification("help")["text"]
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "held"
    assert customer.profile() == before


WORDS = ["yes", "y", "no", "1", "2", "3", "ja", "oui", "si", "是", "确认", "はい", "please", "the", "why", "data", "stop",
         "start", "usage", "not", "yeah", "00", "maybe", "now", "on", "off"]


def outside_the_grammar(chance, code):
    """A text that is no answer: words of answers in vain company, or noise."""
    while True:
        kind = chance.randrange(3)
        if kind == 0:
            count = chance.randint(2, 6)
            text = chance.choice([" ", ", ", "-", "/", " и "]).join(chance.choice(WORDS + [code]) for _ in range(count))
        elif kind == 1:
            text = "".join(chr(chance.choice([chance.randint(0x20, 0x7E), chance.randint(0xA1, 0x24F),
                                              chance.randint(0x391, 0x3C9), chance.randint(0x4E00, 0x4FFF),
                                              chance.randint(0x1F300, 0x1F5FF)])) for _ in range(chance.randint(6, 90)))
        else:
            text = f"{chance.choice(WORDS)} {chance.randint(0, 99999)} {chance.choice(WORDS)}"
        plain = re.sub(r"^\W+|\W+$", "", unicodedata.normalize("NFKC", text).casefold())
        if not re.fullmatch(r"\w+|\w+\W+\d{4}", plain):  # nothing that a generous reader might take for an answer
            return text


def test_no_text_outside_the_grammar_ever_confirms(service):
    customer = held_at_cap(service)
    question = customer.question()
    chance = random.Random(4821)
    for _ in range(150):
        text = outside_the_grammar(chance, question["code"])
        answer = say(customer, text)
        assert answer["outcome"] in UNREAD, text
    assert customer.question()["id"] == question["id"]
    assert customer.peek()["data"] == "held"
    assert customer.cap()["stage"] == 1
    assert customer.kinds().count("help") == 3
    assert customer.verified()


def test_help_comes_three_times_an_hour_and_then_silence(service):
    customer = held_at_cap(service)
    outcomes = [say(customer, f"what is this, {n}")["outcome"] for n in range(6)]
    assert outcomes == ["helped"] * 3 + ["silent"] * 3
    assert customer.kinds().count("help") == 3


def test_silence_never_covers_an_answer(service):
    customer = held_at_cap(service)
    for n in range(5):
        say(customer, f"what is this, {n}")
    assert say(customer, "1")["outcome"] == "confirmed"
    assert customer.peek()["data"] == "allowed"
    assert customer.kinds().count("receipt") == 1


def test_help_speaks_the_customers_language(service):
    texts = set()
    for language in ("en", "zh-Hans", "zh-Hant", "fr", "de", "es", "ja"):
        customer = held_at_cap(service, language=language)
        say(customer, "???")
        message = customer.notification("help")
        assert message["language"] == language
        texts.add(message["text"])
    assert len(texts) == 7


@pytest.mark.parametrize("text", ["YES", "1", "NO", "1 4821"])
def test_where_nothing_was_asked_nothing_is_answered(service, text):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(3), FR)
    assert say(customer, text)["outcome"] in UNREAD
    assert customer.confirmations() == []
    assert customer.cap()["stage"] == 1
    assert customer.peek()["data"] == "allowed"


# ---- from whom


@pytest.mark.parametrize("form", ["1 {code}", "YES", "2 {code}"])
def test_an_answer_from_another_number_decides_nothing(service, form):
    customer, other = held_at_cap(service), service.customer()
    answer = say(other, form.format(code=customer.question()["code"]))
    assert answer["outcome"] in UNREAD
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "held"


@pytest.mark.parametrize("text", ["YES", "1", "STOP", "HELP", "???"])
def test_a_number_nobody_has_is_unknown_and_gets_no_text(service, text):
    stranger = service.stranger()
    answer = say(stranger, text)
    assert (answer["outcome"], answer["confirmation"], answer["notifications"]) == ("unknown_number", None, [])
    assert stranger.notifications() == []


@pytest.mark.parametrize("sender", ["Bank", "4747", "", "+", "+44 7700 900 000", "0" * 40])
def test_a_sender_that_is_no_number_harms_nothing(service, sender):
    message = {"from": sender, "to": "4747", "text": "YES", "id": str(uuid.uuid4())}
    response = service.post("/v1/sms/inbound", json=message)
    assert response.status_code in (200, 400, 422), response.text
    if response.status_code == 200:
        assert response.json()["outcome"] == "unknown_number"


# ---- again, later


def test_one_message_delivered_twice_is_one_answer(service):
    customer = held_at_cap(service)
    assert say(customer, "1", "mo-twice")["outcome"] == "confirmed"
    customer.usage(megabytes(5), FR)  # the next question
    messages = len(customer.notifications())
    answer = say(customer, "1", "mo-twice")
    assert answer["outcome"] == "duplicate"
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "held"
    assert len(customer.notifications()) == messages


def test_a_message_nobody_could_read_delivered_twice_is_helped_once(service):
    customer = held_at_cap(service)
    outcomes = [say(customer, "hm", "mo-hm")["outcome"] for _ in range(2)]
    assert outcomes == ["helped", "duplicate"]
    assert customer.kinds().count("help") == 1


@pytest.mark.parametrize("again", ["1", "YES", "1 {code}"])
def test_a_second_yes_is_told_what_was_decided_and_changes_nothing(service, again):
    customer = held_at_cap(service)
    code = customer.question()["code"]
    say(customer, "1")
    answer = say(customer, again.format(code=code))
    assert answer["outcome"] == "helped"
    assert sent(answer) == ["help"]
    assert customer.cap()["stage"] == 2
    assert customer.kinds().count("receipt") == 1
    assert customer.peek()["data"] == "allowed"


@pytest.mark.parametrize("text", ["NO", "no", "不"])
def test_a_no_after_the_confirmation_closes_the_stage_again_and_holds(service, text):
    customer = held_at_cap(service)
    say(customer, "1")
    customer.usage(megabytes(1), FR)
    answer = say(customer, text)
    assert answer["outcome"] in ("reopened", "declined")
    assert customer.peek()["data"] in ("held", "blocked")
    cap = customer.cap()
    assert (cap["stage"], cap["limit"]) == (1, money("10.00"))
    assert customer.usage(megabytes(1), FR)["data"] in ("held", "blocked")
    assert customer.verified()


def test_a_no_after_the_confirmation_of_a_destination_holds_again(service):
    customer = held_at_destination(service)
    say(customer, "1")
    assert customer.peek()["data"] == "allowed"
    assert say(customer, "NO")["outcome"] in ("reopened", "declined")
    assert customer.peek()["data"] in ("held", "blocked")


def test_after_two_declines_one_is_not_asked_a_third_time_within_the_hour(service):
    customer = held_at_cap(service)
    for text in ("NO", "YES", "NO", "YES"):
        say(customer, text)
    assert customer.peek()["data"] != "allowed"
    assert len(customer.confirmations()) <= 2
    assert customer.kinds().count("confirm_cap") <= 2


LATE = ["YES", "1", "1 {code}", "是", "NO", "2", "hm"]


@pytest.fixture(scope="module")
def late(hasty):
    """Customers of both kinds whose questions have expired, by what they will answer; with the old code."""
    waiting = {(hold, form): hold(hasty) for hold in HOLDS for form in LATE}
    codes = {key: customer.question()["code"] for key, customer in waiting.items()}
    for customer in waiting.values():
        wait_for(lambda who=customer: who.confirmations("expired"), what="the question to expire")
    return {key: (customer, codes[key]) for key, customer in waiting.items()}


@pytest.mark.parametrize("form", ["YES", "1", "是"])
@pytest.mark.parametrize("hold", HOLDS)
def test_a_yes_after_expiry_is_no_consent_and_asks_again(late, hold, form):
    customer, _ = late[hold, form]
    assert customer.peek()["data"] == "held"  # silence keeps the hold
    answer = say(customer, form)
    assert answer["outcome"] == "asked_again"
    assert customer.peek()["data"] == "held"
    assert customer.question()["id"] == answer["confirmation"]
    kind = "confirm_cap" if hold is held_at_cap else "confirm_destination"
    assert customer.kinds().count(kind) == 2
    assert "receipt" not in customer.kinds()


@pytest.mark.parametrize("form", ["1 {code}", "NO", "2", "hm"])
@pytest.mark.parametrize("hold", HOLDS)
def test_nothing_said_after_expiry_opens_anything(late, hold, form):
    customer, code = late[hold, form]
    assert say(customer, form.format(code=code))["outcome"] != "confirmed"
    assert customer.peek()["data"] in ("held", "blocked")
    assert "receipt" not in customer.kinds()


def test_who_declined_and_wishes_to_go_on_is_asked_again_and_may_say_yes(hasty):
    customer = held_at_cap(hasty)
    say(customer, "NO")
    time.sleep(1.1)  # confirm.repeat-after
    assert say(customer, "YES")["outcome"] == "asked_again"
    assert customer.peek()["data"] != "allowed"
    assert say(customer, "YES")["outcome"] == "confirmed"
    assert customer.peek()["data"] == "allowed"


# ---- keywords


@pytest.mark.parametrize("stop, begin", [("STOP", "START"), ("stop", "start"), ("Stop.", " Start! ")])
def test_stop_switches_welcomes_off_and_start_on_again(service, stop, begin):
    customer = service.customer(caps=[monthly()])
    customer.attach(FR)
    assert say(customer, stop)["outcome"] == "stopped"
    assert "welcome" in customer.profile().get("optOut", [])
    assert customer.attach(DE)["outcome"] == "welcome_suppressed"
    assert say(customer, begin)["outcome"] == "started"
    assert customer.attach(ES)["outcome"] == "welcomed"
    assert customer.kinds().count("welcome") == 2


@pytest.mark.parametrize("regime, kinds", [("generic", ["welcome", "confirm_cap"]),
                                           ("uk-ofcom", ["welcome", "threshold", "confirm_cap"])])
def test_stop_switches_off_no_question_no_hold_and_no_warning_that_is_due_by_law(service, regime, kinds):
    customer = service.customer(regime=regime, caps=[monthly()])
    customer.attach(FR)
    assert say(customer, "STOP")["outcome"] == "stopped"
    customer.usage(megabytes(8), FR)
    customer.usage(megabytes(2), FR)
    assert [kind for kind in customer.kinds() if kind in ("welcome", "threshold", "confirm_cap")] == kinds
    assert customer.peek()["data"] == "held"


def test_stop_answers_no_question(service):
    customer = held_at_cap(service)
    assert say(customer, "STOP")["outcome"] == "stopped"
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "held"


@pytest.mark.parametrize("word", ["USAGE", "usage", "Usage?"])
def test_usage_tells_the_caps(service, word):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(3), FR)
    answer = say(customer, word)
    assert answer["outcome"] == "told_usage"
    assert sent(answer) == ["usage"]
    text = customer.notification("usage")["text"]
    assert "3.00" in text
    assert "10.00" in text


def test_help_helps(service):
    customer = service.customer()
    answer = say(customer, "HELP")
    assert answer["outcome"] == "helped"
    assert sent(answer) == ["help"]


@pytest.mark.parametrize("words", ["USAGE", "STOP", "START"])
def test_every_word_the_help_names_is_understood(service, words):
    customer = service.customer(caps=[monthly()])
    say(customer, "HELP")
    if words in customer.notification("help")["text"]:
        assert say(customer, words)["outcome"] not in UNREAD


def test_keywords_work_on_in_silence(service):
    customer = service.customer()
    for n in range(4):
        say(customer, f"what is this, {n}")
    say(customer, "STOP")
    assert "welcome" in customer.profile().get("optOut", [])
    say(customer, "START")
    assert "welcome" not in customer.profile().get("optOut", [])


# ---- as gateways send it


def kannel(customer, text, **params):
    query = "&".join([f"from={quote(customer.msisdn, safe='')}", "to=4747", f"text={text}", f"id={uuid.uuid4()}",
                      *(f"{name}={value}" for name, value in params.items())])
    response = customer.service.get(f"/v1/sms/inbound?{query}")
    assert response.status_code == 200, response.text
    assert response.content == b""  # what stands there, Kannel would send on as an SMS
    assert response.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize("text, params", [
    ("1", {}), ("YES", {}), ("%20yes%20", {}), ("1+{code}", {}), ("1%20{code}", {}), ("%E6%98%AF", {}),
    ("%E6%98%AF", {"charset": "UTF-8"}), ("%EF%BC%91", {"charset": "utf-8"}), ("%66%2F", {"charset": "UTF-16BE"}),
    ("f%2F", {"charset": "utf-16be"}), ("%00%31", {"charset": "UTF-16BE"}), ("%00Y%00E%00S", {"charset": "UTF-16BE"}),
    ("S%CD", {"charset": "ISO-8859-1"}), ("%A1s%ED%21", {"charset": "iso-8859-1"}), ("1", {"charset": "ISO-8859-1"})])
def test_kannels_parameters_answer_in_their_charset(service, text, params):
    customer = held_at_cap(service)
    kannel(customer, text.format(code=customer.question()["code"]), **params)
    assert customer.confirmations("confirmed")
    assert customer.peek()["data"] == "allowed"


@pytest.mark.parametrize("text, params", [
    ("", {}), ("%FF%FE", {}), ("%E6%98", {}), ("S%CD", {}), ("%66%2F%31", {"charset": "UTF-16BE"}),
    ("%D8%3D", {"charset": "UTF-16BE"}), ("%E6%98%AF", {"charset": "ISO-8859-1"}), ("%00", {})])
def test_bytes_that_are_no_answer_in_their_charset_decide_nothing(service, text, params):
    customer = held_at_cap(service)
    kannel(customer, text, **params)
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "held"


def test_kannel_repeating_itself_is_heard_once(service):
    customer = held_at_cap(service)
    query = f"from={quote(customer.msisdn, safe='')}&to=4747&text=hm&id=k-{uuid.uuid4()}"
    for _ in range(3):
        response = service.get(f"/v1/sms/inbound?{query}")
        assert (response.status_code, response.content) == (200, b"")
    assert customer.kinds().count("help") == 1


@pytest.mark.parametrize("body, status", [("{", 400), ("", 400), ("[]", (400, 422)), ("null", (400, 422)),
                                          ('{"to":"4747","text":"YES","id":"a"}', (400, 422)),
                                          ('{"from":"+447700900000","to":"4747","id":"a"}', (400, 422)),
                                          ('{"from":447700900000,"to":"4747","text":"YES","id":"a"}', (400, 422)),
                                          ('{"from":"+447700900000","to":"4747","text":1,"id":"a"}', (400, 422)),
                                          ('{"from":"+447700900000","to":"4747","text":"YES","id":7}', (400, 422))])
def test_a_message_of_the_wrong_form_is_refused(service, body, status):
    response = service.post("/v1/sms/inbound", data=body, headers={"Content-Type": "application/json"})
    assert_problem(response, status)


def test_the_log_holds_no_number_and_no_text(service):
    customer = held_at_cap(service)
    say(customer, "please tell nobody about this")
    say(customer, "1")
    kannel(customer, "please+tell+nobody+either")
    for secret in (customer.msisdn, customer.msisdn[1:], "please tell nobody", "please+tell+nobody"):
        assert secret not in service.log()
