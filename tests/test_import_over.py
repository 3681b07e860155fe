"""`import` over what is there: which login counts, and whose memory."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Bot

HOUR = 3600
MEMORY = ("cursors", "posts", "pending")
MONTH = time.strftime("%Y-%m", time.gmtime())


@pytest.fixture
def there(bot: Bot, tmp_path: Path) -> Bot:
    """The other machine: the same X, a folder that does not exist yet."""
    return replace(bot, folder=tmp_path / "there", environ={})


def exported(bot: Bot) -> bytes:
    run = bot.run("export")
    assert run.code == 0, run.err
    return run.out.encode()


def ago(seconds: float) -> int:
    return int(time.time() - seconds)


def posted(post_id: str | None, at: int) -> dict[str, Any]:
    return {"id": post_id, "at": at, "digest": f"d{post_id}"}


def remember(bot: Bot, name: str, last_post: int, **more: Any) -> dict[str, Any]:
    """Give a bot the memory of a side that posted last at `last_post`; return it."""
    bot.change(cursors={f"{name}.txt": 7}, posts=[posted(name, last_post)], **more)
    return memory(bot)


def waiting(at: int) -> dict[str, Any]:
    return {"text": "Hm", "digest": "d", "at": at, "source": None, "cursor": None}


def memory(bot: Bot) -> dict[str, Any]:
    return {key: bot.document.get(key) for key in MEMORY}


# --- which login ------------------------------------------------------------------------------


def test_an_old_export_does_not_revive_over_a_moved_profile(bot: Bot, there: Bot) -> None:
    bot.change(token={"obtained_at": ago(HOUR)})
    first = exported(bot)
    assert there.run("import", stdin=first).code == 0
    assert there.run("renew").code == 0
    assert bot.run("import", stdin=exported(there)).code == 0
    second = exported(bot)
    before = bot.path.read_bytes()

    run = bot.run("import", stdin=first)

    assert (run.code, run.out, bot.path.read_bytes()) == (2, "", before), run.err
    assert "older" in run.err
    assert "--force" in run.err
    assert there.run("import", stdin=second).code == 0
    assert there.run("renew").code == 0
    assert bot.run("import", "--force", stdin=first).code == 0
    assert bot.document["token"] == json.loads(first)["token"]


def test_the_login_that_was_renewed_from_this_one_is_newer_by_whatever_clock(
    bot: Bot, there: Bot
) -> None:
    bot.change(token={"obtained_at": ago(-2 * HOUR)})  # two hours ahead
    first = exported(bot)
    assert there.run("import", stdin=first).code == 0
    assert there.run("renew").code == 0
    assert bot.run("import", stdin=exported(there)).code == 0
    assert bot.run("post", "Hello").code == 0
    assert bot.run("import", stdin=first).code == 2
    exported(bot)
    assert bot.run("import", stdin=first).code == 2


def test_a_login_that_was_withdrawn_does_not_come_back_by_its_export(bot: Bot) -> None:
    document = json.dumps(bot.document).encode()
    bot.change(moved={"at": ago(1), "note": "tweetbot logout"})
    assert bot.run("import", stdin=document).code == 2
    assert bot.run("import", "--force", stdin=document).code == 0


def test_the_profile_of_another_server_is_replaced_by_force_alone(bot: Bot, there: Bot) -> None:
    document = exported(bot)
    there.log_in(age=HOUR)
    there.change(client={"api_url": "http://127.0.0.1:9"})
    before = there.path.read_bytes()
    run = there.run("import", stdin=document)
    assert (run.code, there.path.read_bytes()) == (2, before), run.err
    assert there.run("import", "--force", stdin=document).code == 0


# --- whose memory -----------------------------------------------------------------------------


def test_after_a_dead_login_there_the_laptops_old_copy_does_not_take_over(
    bot: Bot, there: Bot
) -> None:
    there.log_in(age=2 * HOUR)
    spent = {"month": MONTH, "posts": 9, "usd": 0.9, "budget_usd": 5.0}
    kept = remember(there, "there", ago(60), pending=waiting(ago(50)), spend=spent)
    there.change(last_error={"at": 1, "code": 4, "error": "login-needed", "message": "m"})
    remember(bot, "here", ago(HOUR), spend={**spent, "posts": 1, "usd": 0.1, "budget_usd": None})
    token = bot.document["token"]

    assert there.run("import", stdin=exported(bot)).code == 0

    assert memory(there) == kept
    assert (there.document["token"], there.document["last_error"]) == (token, None)
    assert there.document["spend"] == spent


def test_the_memory_of_the_document_is_kept_where_its_last_post_is_newer(
    bot: Bot, there: Bot
) -> None:
    there.log_in(age=2 * HOUR)
    remember(there, "there", ago(HOUR), pending=waiting(ago(2 * HOUR)))
    there.change(spend={"month": MONTH, "posts": 9, "usd": 0.9})
    kept = remember(bot, "here", ago(60), spend={"month": MONTH, "posts": 1, "usd": 0.1})
    assert there.run("import", stdin=exported(bot)).code == 0
    assert memory(there) == kept
    assert (there.document["spend"]["posts"], there.document["spend"]["usd"]) == (9, 0.9)


def test_a_month_that_is_over_does_not_come_back(bot: Bot, there: Bot) -> None:
    there.log_in(age=2 * HOUR)
    there.change(spend={"month": "2026-01", "posts": 90, "usd": 9.0})
    bot.change(spend={"month": MONTH, "posts": 1, "usd": 0.1})
    assert there.run("import", stdin=exported(bot)).code == 0
    assert there.document["spend"]["posts"] == 1


def test_a_post_in_the_future_makes_no_memory_newer(bot: Bot, there: Bot) -> None:
    there.log_in(age=2 * HOUR)
    kept = remember(there, "there", ago(60))
    remember(bot, "here", ago(-2 * 365 * 86400))
    assert there.run("import", stdin=exported(bot)).code == 0
    assert memory(there) == kept


def test_what_is_pending_comes_along_where_neither_has_posted_since(bot: Bot, there: Bot) -> None:
    assert there.run("import", stdin=exported(bot)).code == 0
    there.change(pending=waiting(ago(60)))
    kept = memory(there)
    assert bot.run("import", stdin=exported(there)).code == 0
    assert memory(bot) == kept
    assert there.run("import", stdin=exported(bot)).code == 0
    assert memory(there) == kept


def test_what_is_pending_on_the_side_that_is_forgotten_is_told(bot: Bot, there: Bot) -> None:
    there.log_in(age=2 * HOUR)
    remember(there, "there", ago(HOUR), pending=waiting(ago(60)))
    kept = remember(bot, "here", ago(HOUR / 2))
    run = there.run("import", stdin=exported(bot))
    assert (run.code, memory(there)) == (0, kept)
    assert '"Hm"' in run.err


def test_force_takes_the_document_as_it_is(bot: Bot, there: Bot) -> None:
    there.log_in(age=2 * HOUR)
    remember(there, "there", ago(60), spend={"month": MONTH, "posts": 9, "usd": 0.9})
    document = exported(bot)
    assert there.run("import", "--force", stdin=document).code == 0
    assert there.path.read_bytes() == document


def test_a_document_without_an_account_has_to_be_of_the_bot_that_was_here(
    bot: Bot, there: Bot
) -> None:
    there.log_in(age=2 * HOUR)
    owner, token = there.document["account"], there.document["token"]
    kept = remember(there, "there", ago(60))
    bot.x.account = bot.x.add_account("stranger")
    bot.log_in()
    bot.change(account=None)
    assert there.run("import", stdin=exported(bot)).code == 0
    assert (there.document["account"], there.document["expected"]) == (None, owner)
    assert memory(there) == kept
    assert there.run("post", "Hello").code == 4
    assert (there.document["account"], there.document["token"]) == (owner, token)
    assert bot.x.posts == ()
