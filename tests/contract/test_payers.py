"""Lines that another one pays for: who is asked, whose answer decides, who is told; and a cap of one's own by SMS."""

import re
from decimal import Decimal

import pytest

from answers import (held_at_cap, held_at_destination, inbound, messages_to, publish, say, sent,
                     state_of, tokens_in)
from blackbox import FR, US, Customer, assert_problem, megabytes, monthly

UNREAD = ("helped", "silent")
HOLDS = {"cap": held_at_cap, "destination": held_at_destination}


@pytest.fixture(scope="module")
def service(start):
    running = start()
    publish(running)
    return running


def with_profile(service):
    return service.customer()


def without_profile(service):
    return service.stranger()


PAYERS = {"a customer": with_profile, "a number only": without_profile}


def line_of(payer, hold=held_at_cap, **profile):
    """A line of the payer's that is held."""
    return hold(payer.service, payer={"msisdn": payer.msisdn}, **profile)


def asked(payer):
    """The questions that the payer was sent, oldest first."""
    return [item for item in messages_to(payer.service, payer.msisdn) if item["kind"].startswith("confirm_")]


def kinds_to(customer):
    return [item["kind"] for item in messages_to(customer.service, customer.msisdn)]


def texts_to(customer):
    return [item["text"] for item in messages_to(customer.service, customer.msisdn)]


# ---- who is asked


@pytest.mark.parametrize("kind", PAYERS)
@pytest.mark.parametrize("hold", HOLDS)
def test_the_question_goes_to_the_payer_and_names_the_line(service, hold, kind):
    payer = PAYERS[kind](service)
    line = line_of(payer, HOLDS[hold])
    question = line.question()
    [message] = asked(payer)
    assert message["kind"] == question["kind"] == f"confirm_{hold}"
    assert question["code"] in message["text"]
    assert line.msisdn[-2:] in message["text"].splitlines()[0]  # the line is named, masked
    assert line.peek()["data"] == "held"


@pytest.mark.parametrize("hold", HOLDS)
def test_the_user_is_given_nothing_to_answer_with(service, hold):
    payer = with_profile(service)
    line = line_of(payer, HOLDS[hold])
    code = line.question()["code"]
    assert texts_to(line)  # but is told
    for text in texts_to(line):
        assert code not in re.findall(r"\b\d{4}\b", text)
        assert tokens_in(text) == []
    assert len({token for text in texts_to(payer) for token in tokens_in(text)}) == 1


def test_a_payer_has_no_payer(service):
    last, middle = service.customer(), service.customer()
    middle.change(payer={"msisdn": last.msisdn})
    for who, payer in ((service.customer(), middle), (last, service.customer())):
        response = service.patch(who.path, {"payer": {"msisdn": payer.msisdn}})
        assert_problem(response, 409, "payer")


def test_a_machines_notices_go_to_its_payer(service):
    payer = with_profile(service)
    machine = service.customer(kind="m2m", payer={"msisdn": payer.msisdn}, caps=[monthly(atLimit="notify")])
    machine.attach(FR)
    machine.usage(megabytes(8), FR)
    assert messages_to(service, machine.msisdn) == []
    assert "threshold" in kinds_to(payer)


# ---- who decides


@pytest.mark.parametrize("kind", PAYERS)
@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.parametrize("form", ["1", "1 {code}", "１　{code}"])
def test_the_payer_of_one_line_decides_for_it_and_the_user_is_told(service, kind, hold, form):
    if hold == "destination":
        form = form.replace("1", "2").replace("１", "２")  # there the first choice is a pass
    payer = PAYERS[kind](service)
    line = line_of(payer, HOLDS[hold])
    question, before = line.question(), len(texts_to(line))
    answer = say(payer, form.format(code=question["code"]))
    assert (answer["outcome"], answer["confirmation"]) == ("confirmed", question["id"])
    assert state_of(line, question["id"]) == "confirmed"
    assert line.peek()["data"] == "allowed"
    assert len(texts_to(line)) > before
    assert "receipt" in kinds_to(line)
    assert line.verified()


@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.parametrize("form", ["NO", "NO {code}", "否", "3 {code}"])
def test_a_no_of_the_payer_declines_and_the_user_is_told(service, hold, form):
    payer = with_profile(service)
    line = line_of(payer, HOLDS[hold])
    question, before = line.question(), len(texts_to(line))
    last = len(question["choices"])
    answer = say(payer, form.replace("3", str(last)).format(code=question["code"]))
    assert (answer["outcome"], answer["confirmation"]) == ("declined", question["id"])
    assert line.peek()["data"] == "blocked"
    assert len(texts_to(line)) > before
    assert "receipt" not in kinds_to(line)


@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.parametrize("form", ["1", "2", "1 {code}", "YES", "是", "NO", "2 {code}"])
def test_the_users_own_answer_decides_nothing_and_gets_help(service, hold, form):
    payer = with_profile(service)
    line = line_of(payer, HOLDS[hold])
    question = line.question()
    answer = say(line, form.format(code=question["code"]))
    assert answer["outcome"] == "helped"
    assert sent(answer) == ["help"]
    assert line.question()["id"] == question["id"]
    assert line.peek()["data"] == "held"


def test_the_users_yes_after_the_payers_changes_nothing(service):
    payer = with_profile(service)
    line = line_of(payer)
    say(payer, "1")
    before = line.cap()
    say(line, "YES")
    assert line.cap() == before
    assert kinds_to(line).count("receipt") == 1
    assert line.verified()


@pytest.mark.parametrize("who", ["another customer", "a stranger", "another payer"])
@pytest.mark.parametrize("form", ["1 {code}", "YES", "NO"])
def test_nobody_elses_answer_decides(service, who, form):
    payer = with_profile(service)
    line = line_of(payer)
    other = service.stranger() if who == "a stranger" else service.customer()
    if who == "another payer":
        service.customer(payer={"msisdn": other.msisdn})
    answer = say(other, form.format(code=line.question()["code"]))
    assert answer["outcome"] in (*UNREAD, "unknown_number")
    assert line.question()["state"] == "pending"
    assert line.peek()["data"] == "held"


def test_the_app_of_the_line_decides_nothing_and_care_and_the_payers_app_do(service):
    for by, who in (("care", "agent-7"), ("app", None)):
        payer = with_profile(service)
        line = line_of(payer)
        path = f"/v1/confirmations/{line.question()['id']}"
        response = service.post(path, json={"choice": "extend", "by": "app", "actor": line.msisdn})
        assert_problem(response, 409)
        assert line.peek()["data"] == "held"
        answer = {"choice": "extend", "by": by, "actor": who or payer.msisdn}
        assert service.post(path, json=answer).status_code == 200
        written_back(line, payer)


def written_back(line, payer):
    assert line.peek()["data"] == "allowed"
    assert "receipt" in kinds_to(payer) + kinds_to(line)


def test_the_payers_link_decides(service):
    payer = with_profile(service)
    line = line_of(payer)
    [token] = tokens_in(asked(payer)[0]["text"])
    assert service.get(f"/c/{token}").status_code == 200
    assert line.peek()["data"] == "held"
    assert service.post(f"/c/{token}", data={"choice": "extend"}, allow_redirects=False).status_code in (200, 302, 303)
    assert line.peek()["data"] == "allowed"


def test_a_payer_changed_meanwhile_loses_the_say(service):
    first, second = with_profile(service), with_profile(service)
    line = line_of(first)
    code = line.question()["code"]
    line.change(payer={"msisdn": second.msisdn})
    say(first, f"1 {code}")
    assert line.peek()["data"] == "held"


# ---- a payer of several lines


@pytest.mark.parametrize("form", ["1", "YES", "NO", "6", "1."])
@pytest.mark.parametrize("open_lines", [1, 2])
def test_a_payer_of_several_lines_needs_the_code(service, form, open_lines):
    payer = with_profile(service)
    held = [line_of(payer) for _ in range(open_lines)]
    if open_lines == 1:
        service.customer(payer={"msisdn": payer.msisdn})  # has nothing to ask
    assert say(payer, form)["outcome"] in UNREAD
    for line in held:
        assert line.question()["state"] == "pending"
        assert line.peek()["data"] == "held"


@pytest.mark.parametrize("form, outcome, data", [("1 {code}", "confirmed", "allowed"),
                                                 ("NO {code}", "declined", "blocked")])
@pytest.mark.parametrize("chosen", [0, 1])
def test_the_code_names_the_line_that_is_meant(service, chosen, form, outcome, data):
    payer = with_profile(service)
    lines = [line_of(payer), line_of(payer)]
    meant, other = lines[chosen], lines[1 - chosen]
    codes = [line.question()["code"] for line in lines]
    assert codes[0] != codes[1]
    answer = say(payer, form.format(code=codes[chosen]))
    assert answer["outcome"] == outcome
    assert meant.peek()["data"] == data
    assert other.question()["state"] == "pending"
    assert other.peek()["data"] == "held"
    assert say(payer, "1")["outcome"] in UNREAD  # one is left, and still the payer has several lines
    assert other.peek()["data"] == "held"


def test_codes_of_one_payers_open_questions_all_differ(service):
    payer = with_profile(service)
    lines = [line_of(payer) for _ in range(30)]
    codes = [line.question()["code"] for line in lines]
    assert len(set(codes)) == 30


@pytest.mark.parametrize("form", ["1", "YES"])
def test_a_payer_with_a_question_of_ones_own_needs_the_code_too(service, form):
    payer = held_at_cap(service)
    line = line_of(payer)
    assert say(payer, form)["outcome"] in UNREAD
    assert payer.peek()["data"] == line.peek()["data"] == "held"
    say(payer, "1 " + payer.question()["code"])
    assert payer.peek()["data"] == "allowed"
    assert line.peek()["data"] == "held"


# ---- a cap of one's own


def limit(customer):
    """The lowest limit in force now, in pounds."""
    return min(Decimal(cap["limit"]["amount"]) for cap in customer.usage(0, FR)["caps"])


def with_cap(service, **more):
    customer = service.customer(caps=[monthly("50.00")], **more)
    customer.usage(megabytes(3), FR)
    return customer


@pytest.mark.parametrize("text, amount", [("CAP 20", "20"), ("cap 20", "20"), ("Cap 20.", "20"), (" CAP  20 ", "20"),
                                          ("CAP 20.50", "20.50"), ("CAP 4", "4"), ("ＣＡＰ　２０", "20"),
                                          ("CAP ２０", "20"), ("CAP 49.99", "49.99")])
def test_a_lower_cap_of_ones_own_counts_at_once_and_is_written_back(service, text, amount):
    customer = with_cap(service)
    answer = say(customer, text)
    assert answer["outcome"] not in (*UNREAD, "unknown_number")
    assert "receipt" in sent(answer)
    assert amount.split(".")[0] in customer.notification("receipt")["text"]
    assert limit(customer) == Decimal(amount)
    assert customer.confirmations() == []
    assert customer.verified()


def test_a_cap_of_ones_own_holds_like_any_other(service):
    customer = with_cap(service)
    say(customer, "CAP 10")
    assert customer.usage(megabytes(6), FR)["data"] == "allowed"
    assert customer.usage(megabytes(1), FR)["data"] == "held"
    assert customer.question()["kind"] == "confirm_cap"


def test_a_cap_set_below_what_is_used_holds_at_once(service):
    customer = with_cap(service)
    say(customer, "CAP 2")
    assert customer.peek()["data"] == "held"


def test_a_strangers_own_cap_replaces_what_the_regime_gives(service):
    stranger = Customer(service, service.number())
    stranger.attach(FR)
    say(stranger, "CAP 20")
    assert limit(stranger) == 20


@pytest.mark.parametrize("text, amount", [("CAP 80", "80"), ("cap 80.00", "80"), ("ＣＡＰ　８０", "80")])
def test_a_higher_cap_is_asked_back_and_only_a_yes_raises_it(service, text, amount):
    customer = with_cap(service)
    answer = say(customer, text)
    assert answer["outcome"] not in (*UNREAD, "unknown_number")
    assert "receipt" not in customer.kinds()
    assert amount in customer.notifications()[0]["text"]
    assert limit(customer) == 50
    say(customer, "YES")
    assert limit(customer) == Decimal(amount)
    assert customer.kinds().count("receipt") == 1
    assert customer.usage(megabytes(60), FR)["data"] == "allowed"
    assert customer.verified()


@pytest.mark.parametrize("replies", [[], ["NO"], ["hm"], ["NO", "hm"], ["USAGE"], ["CAP"], ["yes please"]], ids=str)
def test_nothing_but_a_yes_raises_it(service, replies):
    customer = with_cap(service)
    say(customer, "CAP 80")
    for text in replies:
        say(customer, text)
    assert limit(customer) == 50
    assert "receipt" not in customer.kinds()
    assert customer.usage(megabytes(47), FR)["data"] == "held"


def test_who_is_held_may_raise_the_cap_and_is_released_by_the_yes(service):
    customer = held_at_cap(service)
    say(customer, "CAP 30")
    assert customer.peek()["data"] == "held"
    raising = [item for item in customer.confirmations("pending")][0]  # the newest
    say(customer, f"1 {raising['code']}")
    assert limit(customer) == 30
    assert customer.peek()["data"] == "allowed"


@pytest.mark.parametrize("text", ["CAP", "CAP -5", "CAP ten", "CAP 1e3", "CAP 10 20 30", "CAP 0x10", "CAP .",
                                  "CAP 1.2.3", "CAP 99999999999999999999999", "CAP NaN", "CAP 5 MB", "MY CAP 20",
                                  "CAP 20 PLEASE", "CAPS 20", "CAP20X", "20 CAP"], ids=ascii)
def test_a_cap_that_cannot_be_read_gets_help_and_changes_nothing(service, text):
    customer = with_cap(service)
    before = customer.profile()
    answer = say(customer, text)
    assert answer["outcome"] == "helped"
    assert sent(answer) == ["help"]
    assert limit(customer) == 50
    assert customer.profile() == before
    assert customer.confirmations() == []


def test_one_cap_message_delivered_twice_is_one(service):
    customer = with_cap(service)
    first, second = (say(customer, "CAP 20", "mo-cap") for _ in range(2))
    assert second["outcome"] == "duplicate"
    assert first["outcome"] != "duplicate"
    assert customer.kinds().count("receipt") == 1


def test_the_user_of_a_payers_line_may_lower_the_cap_and_not_raise_it(service):
    payer = with_profile(service)
    line = with_cap(service, payer={"msisdn": payer.msisdn})
    say(line, "CAP 80")
    say(line, "YES")
    assert limit(line) == 50
    say(line, "CAP 20")
    assert limit(line) == 20


def test_the_payer_raises_what_the_user_wished(service):
    payer = with_profile(service)
    line = with_cap(service, payer={"msisdn": payer.msisdn})
    say(line, "CAP 80")
    [question] = line.confirmations("pending")
    assert say(payer, f"1 {question['code']}")["outcome"] == "confirmed"
    assert limit(line) == 80


def test_a_number_nobody_has_sets_no_cap(service):
    response = inbound(service, service.number(), "CAP 20")
    assert (response.status_code, response.json()["outcome"]) == (200, "unknown_number")


def test_the_help_names_the_word(service):
    customer = with_cap(service)
    say(customer, "HELP")
    assert "CAP" in customer.notification("help")["text"]


def test_a_dear_place_stays_held_whatever_the_cap(service):
    customer = held_at_destination(service)
    say(customer, "CAP 20")
    assert customer.peek()["data"] == "held"
    assert customer.attach(US)["data"] == "held"
