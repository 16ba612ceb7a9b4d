"""Who decides where somebody else pays, whose number is whose payer, and caps that customers set by SMS."""

import uuid
from urllib.parse import quote

import pytest

from blackbox import DE, FR, US, assert_problem, megabytes, monthly, now, rfc3339


def say(service, sender, text):
    body = {"from": sender, "text": text, "receivedAt": rfc3339(now()), "id": f"mo-{uuid.uuid4()}"}
    response = service.post("/v1/sms/inbound", json=body)
    assert response.status_code == 200, response.text
    return response.json()


def payer_of(customer):
    return (customer.profile().get("payer") or {}).get("msisdn")


def child_of(payer, **profile):
    return payer.service.customer(payer={"msisdn": payer.msisdn}, **{"caps": [monthly()], **profile})


def held_child(payer, **profile):
    child = child_of(payer, **profile)
    child.usage(megabytes(10), FR)
    return child


def texts_to(customer, number, kind):
    return [item["text"] for item in customer.notifications(kind) if item["msisdn"] == number]


def state_of(customer, identity):
    return {item["id"]: item["state"] for item in customer.confirmations()}[identity]


def masked(number):
    return number[:4] + "*" * (len(number) - 6) + number[-2:]


# ---- who is asked, and who reads what


def test_the_payer_reads_the_question_with_the_line_and_the_user_that_the_payer_is_asked(service):
    payer = service.customer()
    child = held_child(payer)
    question = child.question()
    assert question["payerDecides"] is True
    [asked] = texts_to(child, payer.msisdn, "confirm_cap")
    assert asked.startswith(f"For {masked(child.msisdn)}:")
    assert question["code"] in asked
    [told] = texts_to(child, child.msisdn, "confirm_cap")
    assert "The payer of your line has been asked" in told
    assert question["code"] not in told
    assert "1 Continue" not in told


def test_the_payers_answer_opens_the_line_and_both_read_the_receipt(service):
    payer = service.customer()
    child = held_child(payer)
    question = child.question()
    answer = say(service, payer.msisdn, "1")
    assert (answer["outcome"], answer["confirmation"]) == ("confirmed", question["id"])
    assert child.peek()["data"] == "allowed"
    assert child.cap()["stage"] == 2
    [decided] = child.confirmations()
    assert (decided["by"], decided["actor"], decided["choice"]) == ("sms", "payer", "extend")
    assert texts_to(child, payer.msisdn, "receipt")[0].startswith("For ")
    assert "The payer of your line agreed" in texts_to(child, child.msisdn, "receipt")[0]
    assert question["id"] in str(payer.timeline())
    assert child.verified() and payer.verified()


@pytest.mark.parametrize("text", ["1", "YES", "NO", "2", "1 {code}", "NO {code}", "HELP"])
def test_the_user_does_not_decide_for_the_payer(service, text):
    child = held_child(service.customer())
    question = child.question()
    assert say(service, child.msisdn, text.format(code=question["code"]))["outcome"] == "helped"
    assert "The payer of your line has been asked" in child.notification("help")["text"]
    assert state_of(child, question["id"]) == "pending"
    assert child.peek()["data"] == "held"


def test_the_user_may_always_stop_costs(service):
    payer = service.customer()
    child = held_child(payer)
    say(service, payer.msisdn, "1")
    assert say(service, child.msisdn, "NO")["outcome"] == "reopened"
    assert child.peek()["data"] == "blocked"
    assert child.cap()["stage"] == 1


def test_the_payer_closes_again_and_asks_again_by_the_code(service):
    payer = service.customer()
    child = held_child(payer)
    code = child.question()["code"]
    assert say(service, payer.msisdn, f"1 {code}")["outcome"] == "confirmed"
    assert say(service, payer.msisdn, f"NO {code}")["outcome"] == "reopened"
    assert child.peek()["data"] == "blocked"
    assert len(texts_to(child, child.msisdn, "declined")) == len(texts_to(child, payer.msisdn, "declined")) == 1
    assert say(service, payer.msisdn, f"1 {code}")["outcome"] == "asked_again"
    assert say(service, payer.msisdn, f"1 {child.question()['code']}")["outcome"] == "confirmed"
    assert child.peek()["data"] == "allowed"


def test_a_payer_of_several_lines_needs_the_code(service):
    payer = service.customer()
    first, second = held_child(payer), child_of(payer)
    for text in ("1", "YES", "NO"):
        answer = say(service, payer.msisdn, text)
        assert answer["outcome"] == "helped"
    assert "Send number and code" in payer.notifications("help")[0]["text"]
    assert first.question()["state"] == "pending"
    second.attach(US)
    code = second.question()["code"]
    assert say(service, payer.msisdn, f"2 {code}")["outcome"] == "declined"
    assert second.peek()["data"] == "blocked"
    assert first.peek()["data"] == "held"
    assert say(service, payer.msisdn, f"1 {first.question()['code']}")["outcome"] == "confirmed"


def test_a_payers_own_question_and_a_lines_need_the_code(service):
    payer = service.customer(caps=[monthly()])
    child = held_child(payer)
    payer.usage(megabytes(10), FR)
    assert say(service, payer.msisdn, "1")["outcome"] == "helped"
    assert say(service, payer.msisdn, f"1 {payer.question()['code']}")["outcome"] == "confirmed"
    assert payer.peek()["data"] == "allowed"
    assert child.peek()["data"] == "held"
    assert say(service, payer.msisdn, "1")["outcome"] == "confirmed"  # one is left
    assert child.peek()["data"] == "allowed"


def test_a_stranger_does_not_answer_with_the_payers_code(service):
    child = held_child(service.customer())
    other = service.customer()
    assert say(service, other.msisdn, f"1 {child.question()['code']}")["outcome"] == "helped"
    assert child.peek()["data"] == "held"


@pytest.mark.parametrize("text, outcome", [("USAGE", "told_usage"), ("STOP", "stopped"), ("CAP 5", "cap_set")])
def test_what_is_no_answer_concerns_the_payers_own_line(service, text, outcome):
    payer = service.customer(caps=[monthly()])
    child = held_child(payer)
    before = child.profile()
    assert say(service, payer.msisdn, text)["outcome"] == outcome
    assert child.profile() == before
    assert child.question()["state"] == "pending"


def test_the_payer_reads_their_own_language(service):
    payer = service.customer(language="de")
    child = held_child(payer, language="fr")
    languages = {item["msisdn"]: item["language"] for item in child.notifications("confirm_cap")}
    assert languages == {payer.msisdn: "de", child.msisdn: "fr"}


def test_a_machines_question_goes_to_the_payer_alone(service):
    payer = service.customer()
    machine = held_child(payer, kind="m2m", hold=True)
    assert [item["msisdn"] for item in machine.notifications("confirm_cap")] == [payer.msisdn]
    assert say(service, payer.msisdn, "YES")["outcome"] == "confirmed"
    assert [item["msisdn"] for item in machine.notifications("receipt")] == [payer.msisdn]


def test_the_app_beside_a_hold_is_the_users_own(service):
    payer = service.customer()
    child = held_child(payer, channels=["app", "sms"], appAddress="device-7")
    [beside] = [item for item in child.notifications("confirm_cap") if item["channel"] == "app"]
    assert "The payer of your line has been asked" in beside["text"]


def test_an_app_answers_only_as_the_payer_and_care_for_anybody(service):
    payer = service.customer()
    child = held_child(payer)
    path = f"/v1/confirmations/{child.question()['id']}"
    for actor in (child.msisdn, "somebody"):
        refused = service.post(path, json={"choice": "extend", "by": "app", "actor": actor})
        assert assert_problem(refused, 409)["type"].endswith("payer_decides")
    assert child.peek()["data"] == "held"
    assert service.post(path, json={"choice": "extend", "by": "app", "actor": payer.msisdn}).status_code == 200
    assert child.peek()["data"] == "allowed"
    other = held_child(payer)
    other.answer("extend", by="care", actor="agent-7")
    assert other.peek()["data"] == "allowed"


# ---- whose number is whose payer


def test_a_payer_nobody_knows_decides_all_the_same(service):
    payer = service.stranger()
    child = held_child(payer)
    assert service.get(payer.path).status_code == 404
    assert say(service, payer.msisdn, "1")["outcome"] == "confirmed"
    assert child.peek()["data"] == "allowed"
    assert payer.put().status_code == 201


def test_a_payer_has_no_payer(service):
    payer = service.customer()
    child = child_of(payer)
    lender = service.customer()
    refused = service.put(lender.path, json={"payer": {"msisdn": child.msisdn}})
    assert_problem(refused, 409, "payer")
    refused = service.patch(payer.path, {"payer": {"msisdn": lender.msisdn}})
    assert_problem(refused, 409, "payer")
    assert "payer" not in payer.profile()
    child.change(payer=None)
    payer.change(payer={"msisdn": lender.msisdn})
    assert payer_of(payer) == lender.msisdn


def test_an_import_keeps_the_same_rule(service):
    payer, first, second = service.stranger(), service.stranger(), service.stranger()
    lines = [f'{{"msisdn":"{first.msisdn}","payer":{{"msisdn":"{payer.msisdn}"}}}}',
             f'{{"msisdn":"{second.msisdn}","payer":{{"msisdn":"{first.msisdn}"}}}}']
    response = service.post("/v1/subscribers", data="\n".join(lines), headers={"Content-Type": "application/x-ndjson"})
    answer = response.json()
    assert (answer["imported"], answer["rejected"]) == (1, 1)
    assert answer["errors"][0]["errors"][0]["pointer"] == "/payer"


def test_another_payer_decides_from_then_on(service):
    first, second = service.customer(), service.customer()
    child = held_child(first)
    code = child.question()["code"]
    child.change(payer={"msisdn": second.msisdn})
    assert state_of(child, child.confirmations()[-1]["id"]) == "withdrawn"
    assert say(service, first.msisdn, f"1 {code}")["outcome"] == "helped"
    assert say(service, child.msisdn, "YES")["outcome"] == "asked_again"
    assert say(service, first.msisdn, "1")["outcome"] == "helped"
    assert say(service, second.msisdn, "1")["outcome"] == "confirmed"


def test_both_may_be_renumbered(service):
    payer = service.customer()
    child = held_child(payer)
    new_child, new_payer = service.number(), service.number()
    for old, new in ((child.msisdn, new_child), (payer.msisdn, new_payer)):
        answer = service.post(f"/v1/subscribers/{quote(old)}/renumber", json={"msisdn": new})
        assert answer.status_code == 200, answer.text
    profile = service.get(f"/v1/subscribers/{quote(new_child)}").json()
    assert profile["payer"] == {"msisdn": new_payer}
    assert say(service, new_payer, "1")["outcome"] == "confirmed"


def test_an_erased_line_has_no_payer_and_an_erased_payer_decides_nothing_more(service):
    payer = service.customer()
    child, other = held_child(payer), held_child(payer)
    assert service.delete(child.path).status_code == 204
    assert say(service, payer.msisdn, "1")["outcome"] == "confirmed"  # one line is left, so no code is needed
    assert other.peek()["data"] == "allowed"
    assert service.delete(payer.path).status_code == 204
    assert payer_of(other) is None
    other.usage(megabytes(10), DE)
    code = other.question()["code"]
    payer.put()  # the number is somebody else's now
    assert say(service, payer.msisdn, f"1 {code}")["outcome"] == "helped"
    assert say(service, other.msisdn, f"1 {code}")["outcome"] == "confirmed"  # who uses the line decides again


# ---- a cap of one's own


def cap_in(customer):
    return {cap["id"]: cap for cap in customer.profile()["caps"]}["monthly"]


def test_a_lower_cap_counts_at_once_and_stands_in_the_profile(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(3), FR)
    answer = say(service, customer.msisdn, "CAP 5")
    assert (answer["outcome"], answer["confirmation"]) == ("cap_set", None)
    assert "is now £5.00" in customer.notification("receipt")["text"]
    assert cap_in(customer)["amount"] == "5.00"
    assert customer.cap()["limit"]["amount"] == "5.00"
    customer.usage(megabytes(2), FR)
    assert customer.peek()["data"] == "held"


def test_a_cap_below_what_is_used_holds_at_once(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(6), FR)
    assert say(service, customer.msisdn, "cap 5,50")["outcome"] == "cap_set"
    assert customer.peek()["data"] == "held"
    assert customer.question()["ownCap"] is False
    assert customer.verified()


def test_a_higher_cap_is_asked_back_and_raised_by_a_yes(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(3), FR)
    answer = say(service, customer.msisdn, "CAP 100")
    question = customer.question()
    assert (answer["outcome"], answer["confirmation"]) == ("cap_asked", question["id"])
    assert question["ownCap"] is True
    assert customer.peek()["data"] == "allowed"
    assert cap_in(customer)["amount"] == "10.00"
    assert "You asked for a higher cap" in customer.notification("confirm_cap")["text"]
    assert say(service, customer.msisdn, "YES")["outcome"] == "confirmed"
    assert cap_in(customer)["amount"] == "100.00"
    assert customer.cap()["limit"]["amount"] == "100.00"
    assert customer.verified()


def test_a_higher_cap_releases_a_hold_once_care_says_yes_for_the_customer(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(10), FR)
    held = customer.question()
    say(service, customer.msisdn, "CAP 100")
    [wish] = [item for item in customer.confirmations("pending") if item["ownCap"]]
    response = service.post(f"/v1/confirmations/{wish['id']}", json={"choice": "extend", "by": "care"})
    assert response.status_code == 200, response.text
    assert response.json()["data"] == "allowed"
    assert state_of(customer, held["id"]) == "withdrawn"
    assert cap_in(customer)["amount"] == "100.00"


def test_the_regimes_caps_become_the_customers_own(service):
    customer = service.stranger()
    response = service.put(customer.path, json={"homeCountry": "GB", "language": "en-GB"})
    assert response.status_code == 201
    customer.attach(FR)
    limits = {cap["id"]: cap["limit"] for cap in customer.peek()["caps"]}
    assert say(service, customer.msisdn, "CAP 1")["outcome"] == "cap_set"
    after = {cap["id"]: cap["limit"] for cap in customer.peek()["caps"]}
    assert set(after) == set(limits)
    assert sorted(cap["amount"] for cap in after.values() if cap)[0] == "1.00"


@pytest.mark.parametrize("text", ["CAP", "CAP 0", "CAP 100.123", "CAP 1,000", "CAP 10001", "CAP 8 EUR", "CAP -8",
                                  "CAP 80%", "CAP 8 4821", "please CAP 8"])
def test_what_is_no_cap_sets_none(service, text):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(3), FR)
    before = customer.profile()
    assert say(service, customer.msisdn, text)["outcome"] == "helped"
    assert customer.profile() == before
    assert customer.confirmations() == []


def test_the_payer_decides_on_a_higher_cap_of_the_user(service):
    payer = service.customer()
    child = child_of(payer)
    child.usage(megabytes(3), FR)
    assert say(service, child.msisdn, "CAP 100")["outcome"] == "cap_asked"
    assert say(service, child.msisdn, "YES")["outcome"] == "helped"
    assert cap_in(child)["amount"] == "10.00"
    assert say(service, payer.msisdn, "YES")["outcome"] == "confirmed"
    assert cap_in(child)["amount"] == "100.00"
    assert say(service, child.msisdn, "CAP 4")["outcome"] == "cap_set"
