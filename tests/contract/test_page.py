"""The page that a link in a message leads to: what it says, who may press its buttons, and how it ends."""

import re
from html.parser import HTMLParser

import pytest
import requests

from blackbox import FR, US, Service, megabytes, monthly, run, wait_for

LANGUAGES = ("en", "de", "fr", "es", "ja", "zh-Hans", "zh-Hant")
LINK = re.compile(r"http\S+/c/([A-Za-z0-9_-]+)")
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
           "X-Robots-Tag": "noindex"}


class Page(HTMLParser):
    """A page as a reader meets it: its words, its buttons by the choice they send, and what it would load."""

    def __init__(self, response):
        super().__init__()
        self.status, self.html, self.headers = response.status_code, response.text, response.headers
        self.root, self.words, self.buttons, self.loads, self.tags = {}, [], {}, [], set()
        self._button, self._hidden = None, False
        self.feed(response.text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.add(tag)
        if tag == "html":
            self.root = attributes
        if tag == "button":
            assert attributes["name"] == "choice"
            self._button = attributes["value"]
            self.buttons[self._button] = ""
        self._hidden = self._hidden or tag == "style"
        self.loads += [attributes[name] for name in ("src", "href", "srcset", "action") if name in attributes]

    def handle_endtag(self, tag):
        if tag == "button":
            self._button = None
        if tag == "style":
            self._hidden = False

    def handle_data(self, data):
        if self._hidden:
            return
        self.words.append(data)
        if self._button is not None:
            self.buttons[self._button] += data + " "

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def path_of(customer, kind="confirm_cap"):
    return "/c/" + LINK.search(customer.notification(kind)["text"])[1]


def at_the_cap(service, **profile):
    customer = service.customer(caps=[monthly()], **profile)
    customer.usage(megabytes(10), FR)
    return customer


def in_a_dear_place(service, **profile):
    customer = service.customer(caps=[monthly("500.00")], **profile)
    customer.attach(US)
    return customer


def get(service, path, **options):
    return Page(service.get(path, **options))


def press(service, path, choice, **options):
    return Page(service.post(path, data={"choice": choice}, **options))


def test_the_page_shows_all_that_the_message_said(service):
    page = get(service, path_of(at_the_cap(service)))
    assert page.status == 200
    for said in ("£1.00 per MB incl. tax", "£10.00 of £10.00", "mobile data", "Answer by", "It stays off until"):
        assert said in page.text, page.text
    assert list(page.buttons) == ["extend", "decline"]
    assert "£15.00" in page.buttons["extend"] and "£1.00 per MB incl. tax" in page.buttons["extend"]
    assert "Costs nothing" in page.buttons["decline"]


def test_a_dear_place_is_named_with_its_price(service):
    page = get(service, path_of(in_a_dear_place(service), "confirm_destination"))
    assert page.status == 200
    assert "United States" in page.text
    assert "£10.00 per MB incl. tax" in page.buttons["continue"]
    assert list(page.buttons) == ["continue", "decline"]


@pytest.mark.parametrize("make, kind, choice", [(at_the_cap, "confirm_cap", "extend"),
                                                (in_a_dear_place, "confirm_destination", "continue")])
def test_a_button_decides_and_the_page_says_what_comes_next(service, make, kind, choice):
    customer = make(service)
    path = path_of(customer, kind)
    question = customer.question()
    page = press(service, path, choice)
    assert page.status == 200
    assert "Confirmed" in page.text
    assert not page.buttons
    assert customer.notification("receipt")["text"].split("\n")[0] in page.text
    assert f"{question['code']}-{question['id'][-6:].upper()}" in page.text
    assert customer.peek()["data"] == "allowed"
    decided = customer.confirmations("confirmed")[0]
    assert (decided["by"], decided["choice"]) == ("link", choice)


def test_a_no_is_as_easy_as_a_yes(service):
    customer = at_the_cap(service)
    page = press(service, path_of(customer), "decline")
    assert page.status == 200
    assert "You said no" in page.text
    assert customer.peek()["data"] == "blocked"


@pytest.mark.parametrize("again", ["extend", "decline", None])
def test_a_spent_link_says_what_was_decided_and_decides_nothing(service, again):
    customer = at_the_cap(service)
    path = path_of(customer)
    press(service, path, "extend")
    data, messages = customer.peek()["data"], len(customer.notifications())
    page = press(service, path, again) if again else get(service, path)
    assert page.status == 410
    assert "closed" in page.text and "£15.00" in page.text
    assert not page.buttons
    assert (customer.peek()["data"], len(customer.notifications())) == (data, messages)


def test_fetching_decides_nothing_however_often(service):
    customer = at_the_cap(service)
    path = path_of(customer)
    for _ in range(3):
        for method in ("GET", "HEAD"):
            response = service.call(method, path, params={"choice": "extend"})
            assert response.status_code == 200
    assert customer.question()["state"] == "pending"
    assert customer.peek()["data"] == "held"


def test_a_question_answered_elsewhere_closes_its_link(service):
    customer = at_the_cap(service)
    path = path_of(customer)
    customer.answer("decline")
    page = get(service, path)
    assert page.status == 410
    assert "reply YES" in page.text


def test_an_expired_link_is_gone(start):
    brief = start("--confirm.expiry", "1s")
    brief.publish()
    customer = at_the_cap(brief)
    path = path_of(customer)
    wait_for(lambda: get(brief, path).status == 410, what="the link to expire")
    page = press(brief, path, "extend")
    assert page.status == 410
    assert "The time to answer is over" in page.text
    assert customer.peek()["data"] == "held"


@pytest.mark.parametrize("path", ["/c/AAAAAAAAAAAAAAAAAAAAAAAA", "/c/x", "/c/" + "a" * 2000, "/c/%C3%A4", "/c/a%2Fb"])
def test_a_link_nobody_sent_is_unknown_in_kind_words(service, path):
    for page in (get(service, path), press(service, path, "extend")):
        assert page.status == 404
        assert "We do not know this link" in page.text
        assert not page.buttons


@pytest.mark.parametrize("wanted, title", [("de-AT,de;q=0.9,en;q=0.5", "Diesen Link kennen wir nicht"),
                                           ("pt-BR,fr;q=0.4", "Nous ne connaissons pas ce lien"),
                                           ("zh-HK", "無法識別此連結"), ("xx,,;;q=", "We do not know this link"),
                                           ("en;q=0.1, ja", "このリンクは確認できません")])
def test_an_unknown_link_speaks_the_browsers_language(service, wanted, title):
    assert title in get(service, "/c/none", headers={"Accept-Language": wanted}).text


@pytest.mark.parametrize("body, kind", [
    ({"choice": "continue"}, None), ({"choice": ""}, None), ({}, None), ({"choice": ["extend", "decline"]}, None),
    ({"choice": "<b>"}, None), ('{"choice":"extend"}', "application/json"), ("choice=%zz", None)], ids=str)
def test_what_is_no_choice_is_asked_again(service, body, kind):
    customer = at_the_cap(service)
    headers = {"Content-Type": kind or "application/x-www-form-urlencoded"}
    page = Page(service.post(path_of(customer), data=body, headers=headers))
    assert page.status == 422
    assert "none of the choices" in page.text
    assert list(page.buttons) == ["extend", "decline"]
    assert customer.question()["state"] == "pending"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                                     {"Origin": "https://evil.example"}], ids=str)
def test_another_web_sites_form_is_refused(service, headers):
    customer = at_the_cap(service)
    page = press(service, path_of(customer), "extend", headers=headers)
    assert page.status == 403
    assert customer.question()["state"] == "pending"


def test_the_pages_own_form_is_taken(service):
    """Its policy makes browsers send the origin `null`; older ones send the site's."""
    for origin in ("null", service.url("")):
        path = path_of(at_the_cap(service))
        assert press(service, path, "decline", headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"}).status == 200
        path = path_of(at_the_cap(service))
        assert press(service, path, "decline", headers={"Origin": origin}).status == 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_whole_page(service, language):
    customer = at_the_cap(service, language=language)
    path = path_of(customer)
    asked, done, closed = get(service, path), press(service, path, "extend"), get(service, path)
    for page in (asked, done, closed):
        assert page.root == {"lang": language, "dir": "ltr"}
        assert "{" not in page.text
        assert len(page.html.encode()) < 10_000
        if language != "en":
            for english in ("Your", "Reference:", "Confirmed", "closed"):
                assert english not in page.text
    assert list(asked.buttons) == ["extend", "decline"]


@pytest.mark.parametrize("status", [200, 404, 410, 422, 403])
def test_every_page_is_kept_nowhere_and_loads_nothing(service, status):
    customer = at_the_cap(service)
    path = path_of(customer)
    if status == 410:
        customer.answer("decline")
    page = {200: lambda: get(service, path), 404: lambda: get(service, "/c/none"), 410: lambda: get(service, path),
            422: lambda: press(service, path, "x"),
            403: lambda: press(service, path, "extend", headers={"Sec-Fetch-Site": "cross-site"})}[status]()
    assert page.status == status
    for name, value in HEADERS.items():
        assert page.headers[name] == value
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    for rule in ("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert "unsafe" not in policy
    assert "Set-Cookie" not in page.headers
    assert not page.loads and "script" not in page.tags and " style=" not in page.html and " on" not in page.root


def test_a_body_over_a_kilobyte_is_refused(service):
    response = service.post(path_of(at_the_cap(service)), data={"choice": "x" * 1100})
    assert response.status_code == 413


def test_no_key_is_needed(tmp_path):
    """Whoever has the link may answer."""
    service = Service(tmp_path)
    service.key = run("keys", "create", "--role", "admin", "--store", service.store).stdout.strip()
    service.http = service.session()
    service.start()
    try:
        service.publish()
        path = path_of(at_the_cap(service))
        with requests.Session() as anybody:
            anybody.trust_env = False
            assert anybody.get(service.url("/v1/holds"), timeout=10).status_code == 401
            assert anybody.get(service.url(path), timeout=10).status_code == 200
            assert anybody.post(service.url(path), data={"choice": "extend"}, timeout=10).status_code == 200
    finally:
        service.kill()


def test_erasure_ends_the_link(service):
    customer = at_the_cap(service)
    path = path_of(customer)
    assert service.delete(customer.path).status_code in (200, 204)
    assert get(service, path).status == 404


def test_the_evidence_carries_no_token(service):
    customer = at_the_cap(service)
    token = path_of(customer).removeprefix("/c/")
    timeline = service.get(customer.path + "/timeline").text
    assert "/c/…" in timeline or "/c/\\u2026" in timeline
    assert token not in timeline
    assert token not in service.log()


def test_the_sandbox_page_links_to_the_question(service):
    customer = at_the_cap(service)
    assert f'href="{service.url(path_of(customer))}"' in service.get("/sandbox").text.replace("&#x2F;", "/")
