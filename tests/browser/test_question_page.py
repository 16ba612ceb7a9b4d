"""The page of a question in a real browser: without scripts, on a poor network, on a small phone, in the dark, for
whoever listens to it."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from blackbox import FR, US, megabytes, monthly

LANGUAGES = ("en", "de", "fr", "es", "ja", "zh-Hans", "zh-Hant")
VISIT = Path(__file__).resolve().parent / "visit.mjs"
LINK = re.compile(r"http\S+/c/[A-Za-z0-9_-]+")


def visit(*wishes):
    """What the browser saw of each visit."""
    done = subprocess.run(["node", str(VISIT)], input=json.dumps(wishes), text=True, capture_output=True, timeout=300,
                          check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def link_of(customer, kind):
    return LINK.search(customer.notification(kind)["text"])[0]


def at_the_cap(service, **profile):
    customer = service.customer(caps=[monthly()], **profile)
    customer.usage(megabytes(10), FR)
    return customer, link_of(customer, "confirm_cap")


def in_a_dear_place(service, **profile):
    customer = service.customer(caps=[monthly("500.00")], **profile)
    customer.attach(US)
    return customer, link_of(customer, "confirm_destination")


@pytest.mark.parametrize("make, choice, data", [(at_the_cap, "extend", "allowed"), (at_the_cap, "decline", "blocked"),
                                                (in_a_dear_place, "continue", "allowed"),
                                                (in_a_dear_place, "decline", "blocked")])
def test_a_traveller_chooses_without_scripts_on_a_poor_network(service, make, choice, data):
    customer, link = make(service)
    looked, pressed, again = visit({"url": link, "slow": True}, {"url": link, "slow": True, "press": choice},
                                   {"url": link, "slow": True})
    assert looked["status"] == 200 and len(looked["buttons"]) == 2
    assert pressed["status"] == 200 and not pressed["buttons"]
    assert "Reference:" in pressed["text"]
    assert customer.peek()["data"] == data
    assert again["status"] == 410 and not again["buttons"]


def test_looking_decides_nothing_even_where_scripts_run(service):
    customer, link = at_the_cap(service)
    assert visit({"url": link, "scripts": True})[0]["status"] == 200
    assert customer.question()["state"] == "pending"


@pytest.mark.parametrize("language", LANGUAGES)
def test_everybody_can_read_it_in_light_and_dark(service, language):
    _, link = at_the_cap(service, language=language)
    _, dear = in_a_dear_place(service, language=language)
    wishes = [{"url": url, "scripts": True, "axe": True, "dark": dark} for url in (link, dear)
              for dark in (False, True)]
    ends = [{"url": link, "scripts": True, "axe": True, "press": "decline", "dark": True},
            {"url": link, "scripts": True, "axe": True}]
    seen = visit(*wishes, *ends)
    assert [one["status"] for one in seen] == [200, 200, 200, 200, 200, 410]
    for one in seen:
        assert one["faults"] == []
        assert one["lang"] == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_fits_a_small_phone_and_gives_each_choice_the_same_room(service, language):
    _, link = at_the_cap(service, language=language)
    _, dear = in_a_dear_place(service, language=language)
    for seen in visit({"url": link, "width": 320}, {"url": dear, "width": 320}):
        assert seen["overflow"] <= 0
        sizes = {(button["width"], button["height"]) for button in seen["buttons"]}
        assert len(seen["buttons"]) == 2 and len(sizes) == 1
        width, height = sizes.pop()
        assert width >= 250 and height >= 44


def test_it_is_light_and_loads_nothing_else(service):
    _, link = in_a_dear_place(service)
    for seen in visit({"url": link, "scripts": True}, {"url": link[:-1] + "!"}):
        assert seen["bytes"] < 20_000
        assert seen["requests"] == 1
