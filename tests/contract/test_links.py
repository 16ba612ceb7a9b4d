"""The link in a question: its page never decides, its form does; once, for a while, and leaving no token behind."""

import json
import re

import pytest

from answers import (Page, by_care, by_sms, choices, held_at_cap, held_at_destination, only_pass, passes, publish,
                     state_of, token_of, tokens_in)
from blackbox import FR, JP, US, Customer, Service, megabytes, monthly, run, wait_for
from receiver import Receiver, new_secret

HOLDS = {"cap": held_at_cap, "destination": held_at_destination}
AGENTS = ["", "curl/8.5.0", "WhatsApp/2.24.6.77 A", "TelegramBot (like TwitterBot)",
          "facebookexternalhit/1.1 Facebot Twitterbot/1.0",
          "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
          "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Safari/604.1"]
PREFETCH = {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender", "X-Moz": "prefetch"}
SHY = "pass,plan,destination,price,currency,allowance,validity,name\n" \
      "shy,*,FR,2.00,GBP,5 MB,1 d,\"A <script>alert(1)</script> & 'pass'\"\n"


@pytest.fixture(scope="module")
def service(start):
    running = start()
    publish(running)
    return running


@pytest.fixture(scope="module")
def hasty(start):
    running = start("--confirm.expiry", "2s")
    publish(running)
    return running


def asked(customer, question, messages):
    """The question stands as it stood, and nobody was told anything."""
    assert state_of(customer, question["id"]) == "pending"
    assert customer.peek()["data"] == "held"
    assert len(customer.notifications()) == messages


# ---- looking never decides


@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("query", ["", "?choice=extend", "?choice=continue&confirm=yes", "?choice=decline",
                                   "?choice=1"])
def test_looking_at_the_page_never_decides(service, hold, method, query):
    customer = HOLDS[hold](service)
    question, messages = customer.question(), len(customer.notifications())
    token = token_of(customer)
    for agent in AGENTS:
        for more in ({}, PREFETCH):
            response = service.call(method, f"/c/{token}{query}", headers={"User-Agent": agent, **more})
            assert response.status_code == 200, response.text
    asked(customer, question, messages)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_no_other_method_decides(service, method):
    customer = held_at_cap(service)
    question, messages = customer.question(), len(customer.notifications())
    response = service.call(method, f"/c/{token_of(customer)}", data={"choice": "extend"})
    assert response.status_code in (200, 204, 400, 404, 405)
    asked(customer, question, messages)


@pytest.mark.parametrize("form", ["choice=extend", "choice=1"])
def test_a_body_sent_with_a_get_decides_nothing(service, form):
    customer = held_at_cap(service)
    question, messages = customer.question(), len(customer.notifications())
    service.call("GET", f"/c/{token_of(customer)}", data=form,
                 headers={"Content-Type": "application/x-www-form-urlencoded"})
    asked(customer, question, messages)


# ---- the form decides


@pytest.mark.parametrize("hold, choice, data", [("cap", "extend", "allowed"), ("cap", "pass:fr-day", "allowed"),
                                                ("cap", "decline", "blocked"), ("destination", "continue", "allowed"),
                                                ("destination", "pass:us-day", "allowed"),
                                                ("destination", "decline", "blocked")])
def test_the_form_decides_with_every_choice_of_the_question(service, hold, choice, data):
    customer = HOLDS[hold](service)
    question = customer.question()
    page = Page(service, token_of(customer))
    assert page.choices == choices(question)
    response = page.submit(choice)
    assert response.status_code in (200, 302, 303), response.text
    [decided] = [item for item in customer.confirmations() if item["id"] == question["id"]]
    assert decided["state"] == ("declined" if choice == "decline" else "confirmed")
    assert decided["choice"] == choice
    assert decided["by"]
    assert customer.peek()["data"] == data
    assert customer.kinds().count("receipt") == (0 if choice == "decline" else 1)
    assert [item["pass"] for item in passes(customer)] == ([choice[5:]] if choice.startswith("pass:") else [])
    assert customer.verified()


@pytest.mark.parametrize("choice", [None, "", "yes", "0", "9", "pass:us-day", "pass:none", "continue", "EXTEND",
                                    "x" * 300, "<script>alert(1)</script>"], ids=lambda text: str(text)[:12])
def test_a_choice_that_was_not_offered_gets_a_page_that_says_so(service, choice):
    customer = held_at_cap(service)
    question, messages = customer.question(), len(customer.notifications())
    response = Page(service, token_of(customer)).submit(choice)
    assert 400 <= response.status_code < 500
    assert response.headers["Content-Type"].startswith("text/html")
    assert "<script" not in response.text
    asked(customer, question, messages)


@pytest.mark.parametrize("body", [b"choice=extend&choice=decline", b"choice=extend\x00", b"choice", b"{\"choice\":",
                                  b"\xff\xfe", b"choice=%"], ids=repr)
def test_a_form_of_the_wrong_shape_decides_nothing(service, body):
    customer = held_at_cap(service)
    question, messages = customer.question(), len(customer.notifications())
    response = service.post(f"/c/{token_of(customer)}", data=body,
                            headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert 400 <= response.status_code < 500
    asked(customer, question, messages)


# ---- once, and for a while


def by_form(customer, question, choice):
    Page(customer.service, token_of(customer)).submit(choice)


def leave_it_to_care(customer, question, choice):
    by_care(customer, question, choice)


@pytest.mark.parametrize("way", [by_form, by_sms, leave_it_to_care])
@pytest.mark.parametrize("choice", ["extend", "decline"])
def test_a_link_is_spent_when_its_question_is_decided_by_whatever_way(service, way, choice):
    customer = held_at_cap(service)
    question, token = customer.question(), token_of(customer)
    form = Page(service, token)
    way(customer, question, choice)
    state, data, messages = state_of(customer, question["id"]), customer.peek()["data"], len(customer.notifications())
    spent = Page(service, token)
    answers = [spent.response, service.call("HEAD", f"/c/{token}"), form.submit("extend"), form.submit("decline")]
    assert [answer.status_code for answer in answers] == [410] * 4
    assert spent.headers["Content-Type"].startswith("text/html")
    assert spent.choices == []
    assert (state_of(customer, question["id"]), customer.peek()["data"]) == (state, data)
    assert len(customer.notifications()) == messages


def test_an_expired_link_is_gone_and_decides_nothing(hasty):
    customer = held_at_cap(hasty)
    token = token_of(customer)
    form = Page(hasty, token)
    wait_for(lambda: customer.confirmations("expired"), what="the question to expire")
    assert Page(hasty, token).status == 410
    assert form.submit("extend").status_code == 410
    assert customer.peek()["data"] == "held"
    assert "receipt" not in customer.kinds()


@pytest.mark.parametrize("token", ["A" * 22, "A" * 43, "a-b_c" * 6, "x", "A" * 21, "A" * 10000, "%00", "..%2f..%2fv1",
                                   "A" * 22 + "%20", "A" * 22 + "'", "%E6%98%AF" * 8], ids=lambda text: text[:12])
def test_an_unknown_link_is_not_found(service, token):
    for response in (service.get(f"/c/{token}"), service.post(f"/c/{token}", data={"choice": "extend"})):
        odd = len(token) > 5000 or "%" in token
        assert response.status_code in ((400, 404, 414) if odd else (404,)), response.text


@pytest.mark.parametrize("path", ["/c/AAAAAAAAAAAAAAAAAAAAAA", "/c/" + "A" * 43])
def test_an_unknown_link_is_told_by_a_kind_page(service, path):
    response = service.get(path)
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")
    assert "<h1" in response.text


def test_a_changed_token_is_another(service):
    customer = held_at_cap(service)
    token = token_of(customer)
    for changed in (token[:-1] + ("A" if token[-1] != "A" else "B"), token.swapcase(), token + "A", token[:-1]):
        assert Page(service, changed).status == 404
    assert Page(service, token).status == 200


# ---- the page


@pytest.mark.parametrize("hold", HOLDS)
def test_the_page_is_small_private_and_needs_no_script(service, hold):
    page = Page(service, token_of(HOLDS[hold](service)))
    assert page.headers["Content-Type"].replace(" ", "").lower() == "text/html;charset=utf-8"
    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy or "script-src 'none'" in policy
    assert len(page.response.content) < 20 * 1024
    assert "script" not in page.tags
    for tag, all_given in page.attributes.items():
        for given in all_given:
            assert not any(name.startswith("on") for name in given), tag
            for name in ("src", "href"):
                assert not re.match(r"(https?:)?//|javascript:", given.get(name) or ""), given
    assert {form["method"].lower() for form in page.attributes["form"]} == {"post"}
    assert {"html", "title", "h1"} <= set(page.tags)
    assert page.attributes["html"][0]["lang"]


@pytest.mark.parametrize("language", ["en", "zh-Hans", "zh-Hant", "fr", "de", "es", "ja"])
@pytest.mark.parametrize("hold", HOLDS)
def test_the_page_speaks_the_customers_language(service, hold, language):
    page = Page(service, token_of(HOLDS[hold](service, language=language)), headers={"Accept-Language": "pt"})
    assert page.attributes["html"][0]["lang"].startswith(language)
    place = {"en": "United States", "zh-Hans": "美国", "zh-Hant": "美國", "fr": "États-Unis",
             "de": "Vereinigte Staaten", "es": "Estados Unidos", "ja": "アメリカ"}[language]
    amount = "10,00" if language in ("fr", "de", "es") else "10.00"
    assert amount in page.text
    assert hold == "cap" or place in page.text


def test_the_page_gives_the_terms_that_the_message_gave(service):
    customer = held_at_cap(service)
    page = Page(service, token_of(customer))
    for said in ("10.00", "15.00", "1.00", "France day", "2.00", "France week", "6.00"):
        assert said in page.text
    assert customer.msisdn not in page.text
    assert customer.msisdn[1:] not in page.text


def test_a_name_on_the_page_is_a_text_and_no_markup(start):
    service = start()
    publish(service, passes=SHY)
    customer = held_at_cap(service)
    page = Page(service, token_of(customer))
    assert "<script" not in page.text
    assert "&lt;script" in page.text
    assert page.choices == ["extend", "pass:shy", "decline"]
    page.submit("pass:shy")
    assert only_pass(customer)["pass"] == "shy"


def test_the_page_needs_no_key(tmp_path):
    service = Service(tmp_path)
    try:
        made = run("keys", "create", "--role", "admin", "--store", service.store)
        service.key = re.search(r"rg_\S+", made.stdout)[0]
        service.http = service.session()
        service.start()
        publish(service)
        customer = held_at_cap(service)
        token = token_of(customer)
        service.http.headers.pop("Authorization")
        page = Page(service, token)
        assert page.status == 200
        assert page.submit("extend").status_code in (200, 302, 303)
        service.http.headers["Authorization"] = f"Bearer {service.key}"
        assert customer.peek()["data"] == "allowed"
    finally:
        service.kill()


# ---- tokens


def test_every_question_has_a_token_of_its_own(service):
    customers = [held_at_cap(service) for _ in range(20)]
    tokens = {token_of(customer) for customer in customers}
    assert len(tokens) == 20
    for place in range(22):  # none of its letters is a counter or a constant
        assert len({token[place] for token in tokens}) > 4
    first = customers[0]
    first.answer("extend")
    first.usage(megabytes(5), FR)
    assert token_of(first) not in tokens


def test_two_open_questions_of_one_customer_have_two_links(service):
    customer = service.customer(caps=[monthly()])
    customer.usage(megabytes(1), US)
    found = {item["kind"]: tokens_in(item["text"]) for item in customer.notifications()}
    assert len({token for tokens in found.values() for token in tokens}) == 2
    [token] = found["confirm_cap"]
    Page(service, token).submit("extend")
    assert [item["kind"] for item in customer.confirmations("pending")] == ["confirm_destination"]


def test_a_token_stands_in_no_file_of_the_store_and_in_no_log(tmp_path, start):
    service = start(directory=tmp_path)
    publish(service)
    open_one, spent_one = held_at_cap(service), held_at_destination(service)
    tokens = [token_of(open_one), token_of(spent_one)]
    Page(service, tokens[0])
    Page(service, tokens[1]).submit("continue")
    service.get(f"/c/{tokens[1]}")
    service.get(f"/c/{tokens[0]}/more")
    evidence = [json.dumps(customer.timeline(), ensure_ascii=False) for customer in (open_one, spent_one)]
    metrics = service.get("/metrics").text
    assert service.stop() == 0
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for token in tokens:
        assert token.encode() not in stored  # the log is one of these files
        assert token not in metrics
        assert all(token not in entry for entry in evidence)


def test_with_a_real_driver_only_the_phone_sees_the_token(start):
    receiver = Receiver(lambda request: (200, {"delivered": True}))
    try:
        service = start("--sms.driver", "webhook", "--sms.webhook-url", receiver.url("/sms"), "--sms.webhook-secret",
                        new_secret(), "--public-url", "https://roam.example.net")
        publish(service)
        customer = held_at_cap(service)
        [request] = receiver.wait(lambda one: one.json()["data"]["kind"] == "confirm_cap")
        text = request.json()["data"]["text"]
        assert "https://roam.example.net/c/" in text
        [token] = tokens_in(text)
        shown = customer.notification("confirm_cap")["text"]
        assert token not in shown
        assert "/c/…" in shown
        assert token not in json.dumps([customer.timeline(), customer.confirmations()])
        assert Page(service, token).submit("extend").status_code in (200, 302, 303)
        assert customer.peek()["data"] == "allowed"
    finally:
        receiver.close()


def test_a_message_told_again_carries_a_link_that_works(start):
    answers = [500, (200, {"delivered": True})]
    receiver = Receiver(lambda request: answers.pop(0) if len(answers) > 1 else answers[0])
    try:
        service = start("--sms.driver", "webhook", "--sms.webhook-url", receiver.url("/sms"), "--sms.webhook-secret",
                        new_secret())
        publish(service)
        customer = service.customer(caps=[monthly("500.00")])
        customer.attach(US)
        first, *_, last = receiver.wait(lambda one: one.json()["data"]["kind"] == "confirm_destination", 2, 25)
        [token] = tokens_in(last.json()["data"]["text"])
        assert tokens_in(first.json()["data"]["text"]) == [token]
        assert Page(service, token).submit("continue").status_code in (200, 302, 303)
        assert customer.peek()["data"] == "allowed"
    finally:
        receiver.close()


def test_a_link_outlives_a_sudden_end(start):
    service = start()
    publish(service)
    customer = held_at_cap(service)
    token = token_of(customer)
    service.kill()
    service.start()
    page = Page(service, token)
    assert page.status == 200
    page.submit("extend")
    assert customer.peek()["data"] == "allowed"
    service.kill()
    service.start()
    assert Page(service, token).status == 410


# ---- with links, without, and free of charge


@pytest.fixture(scope="module", params=[("on", "Wi-Fi"), ("zero-rated", "free of charge"), ("none", None)],
                ids=["on", "zero-rated", "none"])
def configured(request, start):
    """A service with one way of links, and the words that come with them."""
    links, words = request.param
    running = start("--links", links, "--public-url", "https://roam.example.net/shown/")
    publish(running)
    return running, words


@pytest.mark.parametrize("hold", HOLDS)
def test_links_are_as_configured(configured, hold):
    service, words = configured
    customer = HOLDS[hold](service)
    text = customer.notification(customer.question()["kind"])["text"]
    assert len(tokens_in(text)) == (0 if words is None else 1)
    if words is None:
        assert "http" not in text
    else:
        assert "https://roam.example.net/shown/c/" in text
        assert words in text
    by_sms(customer, customer.question(), choices(customer.question())[0])  # the reply carries everything
    assert customer.peek()["data"] == "allowed"


@pytest.mark.parametrize("kind, place", [("welcome", FR), ("welcome", JP)])
def test_only_a_question_carries_a_link(service, kind, place):
    customer = Customer(service, service.number())
    customer.put()
    customer.attach(place)
    assert tokens_in(customer.notification(kind)["text"]) == []
