"""An item's text by a template: filled, and shortened without its link."""

from __future__ import annotations

import pytest

from tweetbot.draft import Terms
from tweetbot.errors import ConfigurationError
from tweetbot.sources.template import Template

LINK = "https://example.com/a/b?c=d"
FIT = Terms(fit=True)

FILLED = {
    "as it is": ("{title} {link}", {"title": "Rain", "link": LINK}, f"Rain {LINK}"),
    "without regard to case": (
        "{Title}, { PLACE }",
        {"TITLE": "Rain", "Place": "Ulm"},
        "Rain, Ulm",
    ),
    "nothing leaves no gap": ("{title} {place} now", {"title": "Rain", "place": ""}, "Rain now"),
    "nor a line's end": ("{title}\n{link}", {"title": "Rain", "link": ""}, "Rain"),
    "braces that are none": ("{} {a b {title}}", {"title": "x"}, "{} {a b x}"),
    "a value with braces": ("{title}", {"title": "{link}", "link": LINK}, "{link}"),
    "white space of a value": ("{title}!", {"title": "a  b\n c"}, "a  b\n c!"),
}


@pytest.mark.parametrize("name", FILLED)
def test_a_template_is_filled(name: str) -> None:
    written, values, text = FILLED[name]
    assert Template(written).filled(values) == text


LONG = {name: f"{name} " * 60 for name in ("title", "summary", "place")}
SHORTENED = {
    "the summary first": ("{title}: {summary} {link}", {"title": "Rain"}, ["Rain: ", LINK]),
    "then the title": ("{title}: {summary} {link}", {}, ["title title", LINK]),
    "whatever stands where": ("{link} {title}", {}, [LINK, "title title"]),
    "what stands behind stays": ("{title} {link} #rain", {}, ["title title", f"{LINK} #rain"]),
    "twice": ("{title} {title} {link}", {}, ["title title", LINK]),
    "then what is longest": ("{place} {link} now", {}, ["place place", f"{LINK} now"]),
}


@pytest.mark.parametrize("name", SHORTENED)
def test_what_is_too_long_is_shortened_without_its_link(name: str) -> None:
    written, values, kept = SHORTENED[name]
    part = Template(written).part({**LONG, "link": LINK, **values}, FIT)
    assert part.refused is None
    assert all(words in part.text for words in kept)
    assert 250 < part.measure.weighted_length <= 280
    assert part.cut


def test_an_unknown_name_is_refused_with_the_list() -> None:
    with pytest.raises(ConfigurationError, match=r"\{titel\}.*\{title\} \{link\}"):
        Template("{titel} {LINK}").check(["title", "link"], what="this feed")
