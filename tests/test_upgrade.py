"""A bot of tweetbot 0.1 goes on: its documents are those that 0.1 wrote."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.profile import digest
from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Run

# What 0.1 wrote beside client, account and token; of this list, kept by where it lay.
PLACE = "/home/me/bots/facts.txt"
FACTS = "# Facts\nOne\nThree\nFour\n\\#Five\n"
IN_FILE = {"order": "file", "last": "0402e57cd0603ff9c28a6d83", "below": "89d26697842ea61b64a0d968"}
SHUFFLED = {
    "order": "shuffle",
    "last": "61c6b7b08a600d917d4635b4",
    "seed": "fb93ac6e454c9846ccf2cde0",
}
MEMORY: dict[str, Any] = {
    "pending": None,
    "cursors": {},
    "posts": [],
    "last_error": None,
    "spend": {"month": "2026-11", "posts": 6, "usd": 0.09, "budget_usd": 5.0},
    "moved": None,
}


@pytest.fixture
def bot(bot: Bot) -> Bot:
    bot.write({**bot.document, **MEMORY})
    return bot


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    path = tmp_path / "facts.txt"
    path.write_text(FACTS)
    return path


def live(x: Sandbox) -> list[str]:
    return [post.sent_text for post in x.posts]


def pending(text: str, **source: Any) -> dict[str, Any]:
    return {"text": text, "digest": digest(text), "at": int(time.time()) - 60, **source}


# -- lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cursor", "rest"),
    [(IN_FILE, ["Three", "Four", "#Five"]), (SHUFFLED, ["One", "#Five", "Four"])],
    ids=["in its order", "shuffled"],
)
def test_a_list_goes_on_where_it_stood(
    cursor: dict[str, Any], rest: list[str], bot: Bot, x: Sandbox, facts: Path
) -> None:
    bot.change(cursors={PLACE: cursor})
    runs = [bot.run("post", "--list", str(facts), "--order", cursor["order"]) for _ in rest]
    assert [(run.code, run.err) for run in runs] == [(0, "")] * 3
    assert live(x) == rest


def test_of_lines_that_were_comments_a_person_is_told_once(
    bot: Bot, x: Sandbox, facts: Path
) -> None:
    facts.write_text(FACTS + "#Hidden\n")
    bot.change(cursors={PLACE: IN_FILE})
    first, second = (bot.run("post", "--list", str(facts), "--order", "file") for _ in range(2))
    assert (first.code, second.code, live(x)) == (0, 0, ["Three", "Four"])
    assert "facts.txt has lines that begin with #. tweetbot 0.1 took them for" in first.err
    assert second.err == ""


@pytest.mark.parametrize("name", [None, "mine"], ids=["by its name", "under another name"])
def test_a_pending_item_that_is_live_was_the_job_of_the_next_run(
    name: str | None, bot: Bot, x: Sandbox, facts: Path
) -> None:
    place = str(facts) if name else PLACE
    x.fault("post", Fault("status", status=503, after=True))
    bot.environ["TWEETBOT_CHECK_AFTER"] = ""
    assert bot.run("post", "One").code == 7
    bot.write({**bot.document, "pending": pending("One", source=place, cursor=IN_FILE)})
    bot.environ["TWEETBOT_CHECK_AFTER"] = "0,0"
    line = ["post", "--list", str(facts), "--order", "file"]
    line += ["--remember-as", name] if name else []
    settled = bot.run(*line, "--json")
    assert (settled.code, settled.json["text"], live(x)) == (0, "One", ["One"])
    assert (bot.run(*line).code, live(x)) == (0, ["One", "Three"])


# -- a store behind commands ----------------------------------------------------------------------


def test_what_is_rehearsed_through_commands_is_what_was_loaded(
    bot: Bot, facts: Path, tmp_path: Path
) -> None:
    """0.1's branch of a repository tells a rehearsal by that, and keeps other jobs out."""
    bot.make_due()
    bot.change(cursors={PLACE: IN_FILE})
    before = bot.document
    place = tmp_path / "document"
    place.write_text(json.dumps(before))
    bot.environ["TWEETBOT_LOAD_COMMAND"] = f"cat {place}"
    bot.environ["TWEETBOT_SAVE_COMMAND"] = f"tee -a {tmp_path}/handed > {place}"
    run = bot.run("post", "--list", str(facts), "--order", "file")
    assert run.code == 0, run.err
    rehearsed, renewed, posted = map(json.loads, (tmp_path / "handed").read_text().splitlines())
    assert rehearsed == before
    assert renewed["token"]["parent"]
    assert list(posted["cursors"]) == ["facts.txt"]


# -- every command --------------------------------------------------------------------------------

NOW = int(time.time())
REFUSED = {
    "at": NOW,
    "code": 4,
    "error": "login-needed",
    "message": "X refused the login (400). Run `tweetbot auth`.",
    "count": 3,
}
ON_ITS_WAY = pending("Never arrived", source=None, cursor=None)
COMMANDS = {
    "status": ["status", "-p", "default"],
    "preview": ["post", "-n", "Text"],
    "post": ["post", "Text"],
    "renew": ["renew"],
    "export": ["export", "--keep"],
    "delete": ["delete", "last"],
    "logout": ["logout"],
}


@pytest.mark.parametrize(
    ("kept", "codes"),
    [
        ({}, [0, 0, 0, 0, 0, 0, 0]),
        ({"account": None}, [0, 0, 0, 0, 0, 0, 0]),
        ({"pending": ON_ITS_WAY}, [0, 0, 0, 0, 0, 0, 0]),
        ({"last_error": REFUSED}, [4, 0, 0, 0, 0, 0, 0]),
        ({"moved": {"at": NOW, "note": "tweetbot export"}}, [4, 4, 4, 4, 4, 4, 0]),
        ({"moved": {"at": NOW, "note": "tweetbot logout"}}, [4, 4, 4, 4, 4, 4, 0]),
    ],
    ids=["well", "account not known", "post pending", "login refused", "moved", "logged out"],
)
def test_every_command_takes_the_bot_as_it_is(
    kept: dict[str, Any], codes: list[int], bot: Bot, x: Sandbox
) -> None:
    bot.change(token={"obtained_at": NOW - 60})
    bot.change(**kept)
    runs: list[Run] = [bot.run(*line) for line in COMMANDS.values()]
    assert [run.code for run in runs] == codes, [run.err for run in runs]
    posted = codes[2] == 0
    assert (x.count("post"), x.count("delete")) == (posted, posted)
    assert not bot.path.exists()
