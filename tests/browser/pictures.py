"""Takes the pictures of the page that the documents show: `scripts/pictures`, which runs this by its name."""

import os
from pathlib import Path

from test_question_page import at_the_cap, in_a_dear_place, visit


def test_pictures_are_taken(service):
    folder = Path(os.environ["ROAMGUARD_PICTURES"])
    folder.mkdir(parents=True, exist_ok=True)
    _, cap = at_the_cap(service)
    _, dear = in_a_dear_place(service, language="zh-Hans")
    _, done = at_the_cap(service)
    wishes = {"question-at-a-cap.png": {"url": cap}, "question-in-the-dark.png": {"url": dear, "dark": True},
              "question-answered.png": {"url": done, "press": "extend"}}
    visit(*({**wish, "picture": str(folder / name)} for name, wish in wishes.items()))
    for name in wishes:
        assert (folder / name).stat().st_size > 5_000
