"""Threads, polls, replies, labels, shortening, gaps, and taking a post back, by the command."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tweetbot.profile import digest
from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot

THREAD = b"One\n---\nTwo\n---\nThree\n"


def test_a_thread_comes_from_a_file_and_prints_its_first_address(bot: Bot, x: Sandbox) -> None:
    ended = bot.run("post", "-", "--thread", "--json", stdin=THREAD)
    assert ended.code == 0, ended.err
    assert [post.sent_text for post in x.posts] == ["One", "Two", "Three"]
    assert [part["id"] for part in ended.json["parts"]] == [post.id for post in x.posts]
    assert ended.json["url"] == ended.json["parts"][0]["url"]
    assert (ended.json["posted"], ended.json["usd"]) == (True, 0.045)
    again = bot.run("post", "-", "--thread", stdin=THREAD)
    assert (again.code, again.out.strip(), len(x.posts)) == (0, ended.json["url"], 3)


def test_a_text_that_an_editor_of_windows_saved_is_what_it_shows(bot: Bot, x: Sandbox) -> None:
    saved = b"\xef\xbb\xbf" + THREAD.replace(b"\n", b"\r\n")
    assert bot.run("post", "-", "--thread", stdin=saved).code == 0
    assert bot.run("post", "-", stdin=b"\xef\xbb\xbfTwo\r\nlines\r\n").code == 0
    assert [post.sent_text for post in x.posts] == ["One", "Two", "Three", "Two\nlines"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("One", "no thread"),
        ("", "The text is empty"),
        ("One\n---\n\n---\nThree", "Post 2 of the thread is empty"),
        ("One\n---\n\u200b\n---\nThree", "Post 2 of the thread is empty"),
        ("One\n---\n" + "a" * 281, "Post 2 of the thread"),
        ("One\n---\nTwo\n---\nOne", "says the same"),
        ("\n---\n".join(map(str, range(26))), "has 26 posts"),
        ("One\n---\n$AAA $BBB", "Post 2 of the thread"),
    ],
)
def test_a_thread_that_cannot_be_posted_spends_nothing(
    bot: Bot, x: Sandbox, text: str, words: str
) -> None:
    ended = bot.run("post", "--thread", "--", text)
    assert (ended.code, x.requests) == (3, ()), ended.err
    assert words in ended.err


def test_a_poll_is_posted(bot: Bot, x: Sandbox) -> None:
    options = ("--poll", "Yes", "--poll", "No", "--poll-for", "2h")
    assert bot.run("post", "Tea?", *options, "--made-with-ai").code == 0
    (post,) = x.posts
    assert post.poll
    assert (list(post.poll.options), post.poll.duration_minutes) == (["Yes", "No"], 120)
    assert post.made_with_ai


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--poll", "Yes"), 2),
        (("--poll", "a", "--poll", "b", "--poll", "c", "--poll", "d", "--poll", "e"), 2),
        (("--poll", "a", "--poll", "b", "--poll-for", "4m"), 2),
        (("--poll", "a", "--poll", "b", "--poll-for", "8d"), 2),
        (("--poll-for", "1d"), 2),
        (("--poll", "a", "--poll", "b", "--thread"), 2),
        (("--poll", "a", "--poll", ""), 3),
        (("--poll", "a", "--poll", "\u200b"), 3),
        (("--poll", "a", "--poll", "日" * 13), 3),
        (("--poll", "a", "--poll", "a"), 3),
        (("--reply-to", ""), 2),
        (("--reply-to", "https://example.com/"), 2),
        (("--reply-to", "https://x.com/catfacts/status/17"), 2),
        (("--min-gap", "soon"), 2),
    ],
)
def test_what_does_not_fit_is_refused_before_x_is_asked(
    bot: Bot, x: Sandbox, args: tuple[str, ...], code: int
) -> None:
    ended = bot.run("post", "Tea?", *args)
    assert (ended.code, x.requests) == (code, ()), ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "option", [("--thread",), ("--poll", "a", "--poll", "b"), ("--reply-to", "last")]
)
def test_a_list_has_nothing_of_what_goes_with_a_given_text(
    bot: Bot, x: Sandbox, option: tuple[str, ...]
) -> None:
    facts = bot.folder / "facts.txt"
    facts.write_text("One\n")
    ended = bot.run("post", "--list", str(facts), *option)
    assert (ended.code, x.requests) == (2, ()), ended.err
    assert option[0] in ended.err


def test_a_list_can_have_the_label_of_an_ai(bot: Bot, x: Sandbox) -> None:
    facts = bot.folder / "facts.txt"
    facts.write_text("One\n")
    assert bot.run("post", "--list", str(facts), "--made-with-ai").code == 0
    assert x.posts[0].made_with_ai


def test_a_dry_run_says_how_long_a_poll_lasts_and_which_post_has_the_link(bot: Bot) -> None:
    poll = ("--poll", "a", "--poll", "b")
    for asked, said in (
        ("6d", "6 days"),
        ("24h", "1 day"),
        ("90m", "90 minutes"),
        ("2h", "2 hours"),
    ):
        ended = bot.run("post", "-n", "Tea?", *poll, "--poll-for", asked)
        assert f'A poll of {said}: "a", "b".' in ended.err
    ended = bot.run("post", "-n", "-", "--thread", stdin=b"One\n---\nSee a.com\n---\nTwo")
    assert "a.com at character 5 of post 2 is a link" in ended.err


def test_the_name_of_a_thread_s_file_gets_the_command_that_posts_it(bot: Bot) -> None:
    path = bot.folder / "thread.txt"
    path.write_bytes(THREAD)
    ended = bot.run("post", "--thread", str(path))
    assert (ended.code, f"- --thread < {path}" in ended.err) == (2, True), ended.err
    assert "--list" not in ended.err


def test_an_address_that_post_printed_can_be_answered(bot: Bot, x: Sandbox) -> None:
    url = bot.run("post", "A fact").out.strip()
    assert bot.run("post", "Its source", "--reply-to", url).code == 0
    assert x.posts[1].parent == x.posts[0].id


def test_a_text_that_is_too_long_is_shortened_where_that_is_wanted(bot: Bot, x: Sandbox) -> None:
    text = "word " * 100
    assert bot.run("post", text).code == 3
    shown = bot.run("post", text, "--fit", "-n")
    assert "this was left out" in shown.err
    assert bot.run("post", text, "--fit").code == 0
    assert x.posts[0].sent_text == shown.out.rstrip("\n") == "word " * 54 + "word…"


def test_a_text_that_names_an_account_is_refused_where_that_is_wanted(bot: Bot, x: Sandbox) -> None:
    ended = bot.run("post", "Hello @somebody", "--no-mentions")
    assert (ended.code, x.requests) == (3, ())
    assert "@somebody" in ended.err


@pytest.mark.parametrize(
    ("slip", "word"),
    [
        (("--poll-options", "a"), "--poll here"),
        (("--in-reply-to", "17"), "--reply-to here"),
        (("--status", "Hello"), "The text stands by itself here"),
    ],
)
def test_what_people_type_out_of_habit_names_the_right_option(
    bot: Bot, slip: tuple[str, str], word: str
) -> None:
    ended = bot.run("post", "Tea?", *slip)
    assert (ended.code, word in ended.err) == (2, True), ended.err


# --- at most one post an interval -------------------------------------------------------------


def test_a_run_that_comes_too_early_asks_nobody_and_takes_no_lock(bot: Bot, x: Sandbox) -> None:
    bot.run("post", "One")
    lock = bot.path.with_name(bot.path.name + ".lock")
    lock.unlink()
    before = (bot.path.read_bytes(), len(x.requests))
    bot.make_due()
    ended = bot.run("post", "Two", "--min-gap", "20h", "--json")
    assert (ended.code, len(x.requests), lock.exists()) == (0, before[1], False), ended.err
    assert (ended.json["posted"], ended.json["reason"], ended.json["id"]) == (
        False,
        "too-early",
        None,
    )


@pytest.mark.parametrize(("age", "posts"), [(3600, 1), (90_000, 2), (-90_000, 2)])
def test_a_gap_counts_from_the_last_post(bot: Bot, x: Sandbox, age: int, posts: int) -> None:
    """One in the future is no proof."""
    bot.run("post", "One")
    posted = bot.document["posts"][0]
    bot.change(posts=[{**posted, "at": posted["at"] - age}])
    assert bot.run("post", "Two", "--min-gap", "20h").code == 0
    assert len(x.posts) == posts


def test_what_was_just_found_counts_for_a_gap(bot: Bot, x: Sandbox) -> None:
    x.fault("post", Fault("reset", after=True))
    x.fault("timeline", Fault("status", status=503, times=2))
    assert bot.run("post", "One").code == 7
    bot.age_pending()
    ended = bot.run("post", "Two", "--min-gap", "20h")
    assert (ended.code, len(x.posts), bot.document["pending"]) == (0, 1, None), ended.err


# --- taking a post back -----------------------------------------------------------------------


@pytest.mark.parametrize("named", ["url", "id", "last"])
def test_a_post_is_taken_back_and_may_be_posted_again(bot: Bot, x: Sandbox, named: str) -> None:
    url = bot.run("post", "Wrong").out.strip()
    target = {"url": url, "id": url.rpartition("/")[2], "last": "last"}[named]
    ended = bot.run("delete", target, "--json")
    assert (ended.code, x.posts) == (0, ()), ended.err
    assert ended.json == {
        "ok": True,
        "deleted": True,
        "id": url.rpartition("/")[2],
        "was_gone": False,
        "usd": 0.01,
    }
    assert bot.document["posts"] == []
    assert bot.document["spend"]["usd"] == 0.025
    assert bot.run("post", "Wrong").code == 0
    assert len(x.posts) == 1


def test_a_post_that_is_gone_counts_as_deleted(bot: Bot) -> None:
    url = bot.run("post", "Wrong").out.strip()
    assert bot.run("delete", url).code == 0
    ended = bot.run("delete", url, "--json")
    assert (ended.code, ended.json["was_gone"], ended.json["usd"]) == (0, True, 0.0)
    ended = bot.run("delete", url)
    assert (ended.code, ended.out, ended.err) == (0, f"Gone already: {url}\n", "")


def test_nothing_is_deleted_without_a_name(bot: Bot, x: Sandbox) -> None:
    bot.run("post", "One")
    assert bot.run("delete").code == 2
    assert bot.run("delete", "").code == 2
    assert bot.run("delete", "https://x.com/catfacts/status/17").code == 2
    assert len(x.posts) == 1
    assert bot.document["last_error"] is None  # no post will fail for it


def test_a_post_of_somebody_else_is_not_deleted(bot: Bot, x: Sandbox) -> None:
    bot.run("post", "Mine")
    x.account = x.add_account("stranger")
    stranger = x.grant()
    bot.change(token={name: stranger[name] for name in ("access_token", "refresh_token")})
    ended = bot.run("delete", x.posts[0].id)
    assert (ended.code, len(x.posts)) == (5, 1), ended.err


def test_the_login_is_renewed_on_the_way_and_a_401_is_no_end(bot: Bot, x: Sandbox) -> None:
    url = bot.run("post", "Wrong").out.strip()
    x.expire_access_tokens()
    assert bot.run("delete", url).code == 0
    assert (x.posts, x.count("token")) == ((), 1)


def test_a_part_that_is_taken_back_lets_go_what_is_not_yet_live(bot: Bot, x: Sandbox) -> None:
    x.fault("post", Fault("status", status=402, skip=2))
    assert bot.run("post", "-", "--thread", stdin=THREAD).code == 5
    last = x.posts[-1].id
    ended = bot.run("delete", "last")
    assert ended.out == f"Deleted https://x.com/dogfacts/status/{last}\n"
    assert (ended.code, [post.sent_text for post in x.posts]) == (0, ["One"]), ended.err
    assert "Three" in ended.err
    document = bot.document
    assert (document["pending"], document["posts"][0]["id"]) == (None, x.posts[0].id)


def test_a_deleted_text_is_not_taken_for_posted_lately(bot: Bot) -> None:
    bot.change(posts=[{"id": "17", "at": int(time.time()), "digest": digest("Hello")}])
    assert bot.run("post", "Hello").out.endswith("/17\n")
    assert bot.run("delete", "17").code == 0
    assert not bot.run("post", "Hello").out.endswith("/17\n")
