"""What a post costs is known before it is sent, counted after, and kept within a budget."""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.money import dollars
from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock

HELLO = "Hello, world"
LINK = "Foxes: https://example.com/foxes"
OCTOBER = calendar.timegm((2026, 10, 31, 23, 0, 0))


@pytest.fixture
def premium() -> Iterator[Sandbox]:
    """An X whose account may post long texts."""
    with Sandbox(max_length=25_000) as sandbox:
        yield sandbox


def untouched(bot: Bot) -> bool:
    """Whether X was not asked, and nothing but the profile stands in the folder."""
    return bot.x.requests == () and list(bot.folder.iterdir()) == [bot.path]


def set_clock(bot: Bot, clock: Clock, now: int) -> None:
    """Let it be `now`, with a token that is not due."""
    clock.time = now
    bot.change(token={"obtained_at": now, "expires_at": now + 7200})


# -- what a post will cost ------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "usd"), [(HELLO, 0.015), (LINK, 0.2), ("At example.com", 0.2)])
def test_a_dry_run_tells_the_price(bot: Bot, text: str, usd: float) -> None:
    assert bot.run("post", "--dry-run", "--json", text).json["usd"] == usd
    assert f"about ${usd:.3f}." in bot.run("post", "--dry-run", text).err


def test_a_dry_run_tells_which_link_makes_it_dear(bot: Bot) -> None:
    text = "🦊 Foxes (example.com) and hens, https://example.org/hens"
    ended = bot.run("post", "--dry-run", text)
    assert ended.out == f"{text}\n"
    assert "example.com at character 10 is a link; that is the price." in ended.err
    assert "https://example.org/hens at character 33 is a link" in ended.err
    links = bot.run("post", "--dry-run", "--json", text).json["links"]
    assert links == [
        {"start": 9, "end": 20, "text": "example.com"},
        {"start": 32, "end": 56, "text": "https://example.org/hens"},
    ]
    assert all(text[link["start"] : link["end"]] == link["text"] for link in links)


def test_a_dry_run_lists_mentions_and_cashtags(bot: Bot) -> None:
    text = "@foxes and @hens like $TWTR"
    said = bot.run("post", "--dry-run", text).err
    assert "Mentions: @foxes, @hens." in said
    assert "Cashtags: $TWTR." in said
    shown = bot.run("post", "--dry-run", "--json", text).json
    assert [mention["text"] for mention in shown["mentions"]] == ["@foxes", "@hens"]
    assert shown["cashtags"] == [{"start": 22, "end": 27, "text": "$TWTR"}]


def test_what_is_not_there_is_not_listed(bot: Bot) -> None:
    said = bot.run("post", "--dry-run", HELLO).err
    assert not re.search("link|Mentions|Cashtags", said)


def test_a_post_tells_what_it_cost(bot: Bot, x: Sandbox) -> None:
    assert bot.run("post", "--json", LINK).json["usd"] == 0.2
    assert bot.run("post", "--json", HELLO).json["usd"] == 0.015
    repeated = bot.run("post", "--json", HELLO).json
    assert (repeated["already_posted"], repeated["usd"], len(x.posts)) == (True, 0, 2)


# -- what is refused because it would cost --------------------------------------------------------


@pytest.mark.parametrize("text", [LINK, "Foxes.At example.com", "Foxes.com"])
def test_no_links_refuses_what_x_would_make_a_link_of(bot: Bot, text: str) -> None:
    bot.make_due()
    ended = bot.run("post", "--no-links", text)
    assert (ended.code, untouched(bot)) == (3, True)
    link = re.search(r"make a link of (\S+) \(at character (\d+)\), which costs \$0\.20", ended.err)
    assert link
    assert text[int(link[2]) - 1 :].startswith(link[1])


def test_no_links_posts_what_is_no_link(bot: Bot, x: Sandbox) -> None:
    assert bot.run("post", "--no-links", "Foxes. And hens e.g. here").code == 0
    assert len(x.posts) == 1


def test_a_second_cashtag_is_refused_before_it_is_sent(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    ended = bot.run("post", "$TWTR and $GOOG")
    assert (ended.code, untouched(bot)) == (3, True)
    assert "$TWTR, $GOOG" in ended.err
    assert (bot.run("post", "$TWTR and $100").code, len(x.posts)) == (0, 1)


RUBBISH = (
    "null",
    "None\n",
    "undefined",
    "<!DOCTYPE html>\n<title>502</title>",
    '<html lang="en">',
    "Traceback (most recent call last):\n  File",
)


@pytest.mark.parametrize("text", RUBBISH)
def test_an_error_from_standard_input_is_not_posted(bot: Bot, text: str) -> None:
    bot.make_due()
    ended = bot.run("post", "-", stdin=text.encode())
    assert (ended.code, untouched(bot)) == (3, True)
    assert "This looks like an error, not a post." in ended.err
    assert bot.run("post", "-", "--dry-run", stdin=text.encode()).code == 3


@pytest.mark.parametrize("text", ["null", "<html> is a tag"])
def test_the_same_as_an_argument_is_posted(bot: Bot, x: Sandbox, text: str) -> None:
    assert bot.run("post", text).code == 0
    assert [post.sent_text for post in x.posts] == [text]


def test_a_list_of_nothing_but_an_error_is_not_posted(bot: Bot, x: Sandbox, tmp_path: Path) -> None:
    facts = tmp_path / "facts.txt"
    facts.write_text("undefined\n")
    ended = bot.run("post", "--list", str(facts))
    assert (ended.code, x.posts) == (3, ())
    assert "This looks like an error, not a post." in ended.err
    words = tmp_path / "words.txt"
    words.write_text("undefined\nfinite\n")
    ended = bot.run("post", "--list", str(words), "--order", "file")
    assert (ended.code, [post.text for post in x.posts]) == (0, ["undefined"])


def test_a_word_that_looks_like_an_error_leaves_the_counts_alone(bot: Bot, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("# words\nOne\nTwo\nThree\nFour\n# more\nundefined\n")
    ended = bot.run("post", "--list", str(words), "--order", "file", "-n")
    assert "5 items, 2 comments." in ended.err


# -- long texts -----------------------------------------------------------------------------------


def test_more_than_280_characters_are_posted_with_long_alone(bot: Bot, premium: Sandbox) -> None:
    bot.x = premium
    bot.log_in()
    text = "x" * 281
    ended = bot.run("post", text)
    assert (ended.code, untouched(bot)) == (3, True)
    assert "281 of 280" in ended.err
    assert bot.run("post", "--long", text).code == 0
    assert [post.text for post in premium.posts] == [text]


@pytest.mark.parametrize(
    ("text", "code"), [("x" * 25_000, 0), ("x" * 25_001, 3), ("🦊" * 12_500, 0), ("🦊" * 12_501, 3)]
)
def test_a_long_text_has_25000_weighted_characters(bot: Bot, text: str, code: int) -> None:
    ended = bot.run("post", "--long", "--dry-run", "-", stdin=text.encode())
    assert ended.code == code
    assert "25000" in ended.err


# -- what was spent -------------------------------------------------------------------------------


def test_posts_and_dollars_of_the_month_are_counted(bot: Bot, clock: Clock) -> None:
    set_clock(bot, clock, OCTOBER)
    bot.change(spend={"budget_usd": 5, "later": 1})
    for text in (HELLO, LINK, "Another one"):
        assert bot.post(text, clock=clock).code == 0
    assert bot.post(LINK, clock=clock).code == 0  # posted already
    spend = {"month": "2026-10", "posts": 3, "usd": 0.23, "budget_usd": 5, "later": 1}
    assert bot.document["spend"] == spend


def test_a_post_that_is_refused_costs_nothing(bot: Bot, clock: Clock, x: Sandbox) -> None:
    x.fault("post", Fault("status", status=403))
    assert bot.post(HELLO, clock=clock).code == 5
    assert bot.document.get("spend", {}).get("usd", 0) == 0


def test_a_new_month_in_utc_begins_at_nothing_and_keeps_the_budget(bot: Bot, clock: Clock) -> None:
    set_clock(bot, clock, OCTOBER)
    bot.change(spend={"budget_usd": 0.02})
    assert bot.post("The last of October", clock=clock).code == 0
    assert bot.post("One too many", clock=clock).code == 5
    clock.time += 3599
    assert bot.post("One too many", clock=clock).code == 5
    clock.time += 1
    assert bot.post("The first of November", clock=clock).code == 0
    spend = {"month": "2026-11", "posts": 1, "usd": 0.015, "budget_usd": 0.02}
    assert bot.document["spend"] == spend


def test_a_post_that_is_found_later_counts_once(bot: Bot, clock: Clock, x: Sandbox) -> None:
    x.fault("post", Fault("reset", after=True))
    x.fault("timeline", Fault("status", status=503, times=2))
    assert bot.post(LINK, clock=clock).code == 7
    assert bot.document["spend"]["usd"] == 0
    assert bot.post(LINK, clock=clock).code == 0
    assert (bot.document["spend"]["posts"], bot.document["spend"]["usd"]) == (1, 0.2)


# -- the budget -----------------------------------------------------------------------------------


def budget(bot: Bot, clock: Clock, limit: float, **spent: Any) -> None:
    month = time.strftime("%Y-%m", time.gmtime(clock.time))
    bot.change(spend={"month": month, "budget_usd": limit, **spent})


def test_a_post_beyond_the_budget_is_refused_before_anything_is_spent(bot: Bot) -> None:
    month = time.strftime("%Y-%m", time.gmtime())
    bot.change(spend={"month": month, "posts": 23, "usd": 0.49, "budget_usd": 0.5})
    bot.make_due()
    ended = bot.run("post", "--json", HELLO)
    assert (ended.code, ended.json["error"], bot.x.requests) == (5, "not-allowed", ())
    assert "23 posts, about $0.49 of $0.50, and this one costs $0.015" in ended.err


@pytest.mark.parametrize(
    ("value", "limit"), [("5", 5), ("$2.50", 2.5), ("0", 0), (".5", 0.5), ("none", None)]
)
def test_the_budget_is_set_without_a_browser_as_the_refusal_says(
    bot: Bot, value: str, limit: float | None
) -> None:
    bot.change(spend={"month": time.strftime("%Y-%m", time.gmtime()), "budget_usd": 0.01})
    refused = bot.run("post", HELLO)
    assert (refused.code, "`tweetbot renew --budget USD`" in refused.err) == (5, True)
    assert bot.run("renew", "--budget", value).code == 0
    assert bot.document["spend"]["budget_usd"] == limit
    assert bot.run("post", HELLO).code == (5 if limit == 0 else 0)


def test_setting_a_budget_asks_nobody_and_says_what_it_is(bot: Bot) -> None:
    bot.make_due()
    assert bot.run("renew", "--budget", "7").out == "Budget: $7 a month\n"
    assert bot.run("renew", "--budget", "7", "-q").out == ""
    assert bot.run("renew", "--budget", "none", "--json").json == {
        "ok": True,
        "renewed": False,
        "budget_usd": None,
    }
    assert bot.x.requests == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client": {"api_url": "http://127.0.0.1:9"}}, 2),
        ({"moved": {"at": 1, "note": "tweetbot export"}}, 4),
    ],
)
def test_a_bot_that_is_not_used_here_gets_no_budget_here(
    bot: Bot, changes: dict[str, object], code: int
) -> None:
    bot.change(**changes)
    before = bot.path.read_bytes()
    ended = bot.run("renew", "--budget", "7")
    assert (ended.code, ended.out, bot.path.read_bytes()) == (code, "", before)


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "five", "", "1e3", "5 USD", "1000001"])
@pytest.mark.parametrize("command", ["auth", "renew"])
def test_what_is_no_amount_is_no_budget(bot: Bot, command: str, value: str) -> None:
    before = bot.path.read_bytes()
    ended = bot.run(command, "--budget", value)
    assert (ended.code, bot.path.read_bytes(), bot.x.requests) == (2, before, ())
    assert "--budget" in ended.err


def test_a_dry_run_tells_that_the_budget_is_used_up(bot: Bot) -> None:
    month = time.strftime("%Y-%m", time.gmtime())
    bot.change(spend={"month": month, "posts": 2, "usd": 0.03, "budget_usd": 0.1})
    assert bot.run("post", "-n", HELLO).code == 0
    ended = bot.run("post", "-n", LINK)
    assert (ended.code, ended.out) == (5, f"{LINK}\n")
    assert "2 posts, about $0.03 of $0.10, and this one costs $0.20" in ended.err
    shown = bot.run("post", "-n", "--json", LINK).json
    assert (shown["ok"], shown["beyond_budget"]) == (False, True)


def test_a_dry_run_tells_that_the_text_was_posted_lately(bot: Bot) -> None:
    assert bot.run("post", HELLO).code == 0
    ended = bot.run("post", "-n", HELLO)
    assert (ended.code, "a run sends nothing, without --again" in ended.err) == (0, True)
    shown = bot.run("post", "-n", "--json", HELLO).json
    assert (shown["already_posted"], shown["usd"]) == (True, 0)
    again = bot.run("post", "-n", "--again", "--json", HELLO).json
    assert (again["already_posted"], again["usd"]) == (False, 0.015)


@pytest.mark.parametrize("count", [1, 2, 10, 14, 100])
def test_a_budget_for_so_many_posts_lets_so_many_through(
    bot: Bot, clock: Clock, count: int
) -> None:
    """Dollars and cents are no binary fractions, and a sum of them is off by a little."""
    spent = round(0.015 * (count - 1), 3)
    budget(bot, clock, round(0.015 * count, 3), posts=count - 1, usd=spent)
    assert bot.post("The last one", clock=clock).code == 0
    assert bot.post("One too many", clock=clock).code == 5


def test_a_dear_post_is_refused_where_a_cheap_one_passes(bot: Bot, clock: Clock) -> None:
    budget(bot, clock, 0.1)
    assert bot.post(LINK, clock=clock).code == 5
    assert bot.post(HELLO, clock=clock).code == 0


def test_no_budget_is_no_limit_and_a_budget_of_nothing_is_one(bot: Bot, clock: Clock) -> None:
    budget(bot, clock, 0)
    assert bot.post(HELLO, clock=clock).code == 5
    bot.change(spend={"budget_usd": None, "usd": 1000})
    assert bot.post(HELLO, clock=clock).code == 0


def test_a_repeated_run_is_no_matter_of_the_budget(bot: Bot, clock: Clock, x: Sandbox) -> None:
    budget(bot, clock, 0.015)
    assert bot.post(HELLO, clock=clock).code == 0
    repeated = bot.post(HELLO, clock=clock)
    assert (repeated.code, len(x.posts)) == (0, 1)
    assert repeated.outcome
    assert repeated.outcome.already_posted


def test_a_pending_post_is_settled_whatever_the_budget(bot: Bot, clock: Clock, x: Sandbox) -> None:
    budget(bot, clock, 0.015)
    x.fault("post", Fault("reset", after=True))
    x.fault("timeline", Fault("status", status=503, times=2))
    assert bot.post(HELLO, clock=clock).code == 7
    assert bot.post(HELLO, clock=clock).code == 0
    assert bot.post("Another one", clock=clock).code == 5
    assert len(x.posts) == 1


def test_status_tells_what_this_month_cost(bot: Bot) -> None:
    month = time.strftime("%Y-%m", time.gmtime())
    bot.change(spend={"month": month, "posts": 23, "usd": 0.51, "budget_usd": 5})
    shown = bot.run("status", "-p", "default").out
    assert "this month: 23 posts, about $0.51 of $5\n" in shown


def test_status_says_that_the_budget_is_used_up(bot: Bot) -> None:
    month = time.strftime("%Y-%m", time.gmtime())
    bot.change(spend={"month": month, "posts": 1, "usd": 0.015, "budget_usd": 0.03})
    assert bot.run("status").code == 0
    bot.change(spend={"usd": 0.016})
    ended = bot.run("status", "--json")
    assert (ended.code, ended.json["profiles"][0]["error"]) == (5, "not-allowed")
    assert "1 post, about $0.016 of $0.03" in ended.json["profiles"][0]["message"]


@pytest.mark.parametrize(
    ("usd", "shown"),
    [(0, "$0"), (5, "$5"), (0.51, "$0.51"), (0.5, "$0.50"), (0.495, "$0.495"), (12.3, "$12.30")],
)
def test_an_amount_is_shown_as_short_as_it_can_be(usd: float, shown: str) -> None:
    assert dollars(usd) == shown
