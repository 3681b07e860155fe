"""`tweetbot post --list`: an item is used exactly when its post is live or its text was refused."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Bot
from tests.lists import listed
from tests.mortal import Killed, Life, MortalStore, mortal_transport
from tests.sandbox.pictures import png
from tweetbot.draft import Draft, Terms
from tweetbot.profile import Profile
from tweetbot.sandbox import Fault, Sandbox
from tweetbot.sources import List, Order, Source, given
from tweetbot.store.folder import FileStore
from tweetbot.x.transport import Transport

if TYPE_CHECKING:
    from tests.conftest import Clock, Ended, Run

FACTS = ("One", "Two", "Three")
ORDERS: tuple[Order, ...] = ("shuffle", "file")
both_orders = pytest.mark.parametrize("order", ORDERS)


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    path = tmp_path / "facts.txt"
    write(path, *FACTS)
    return path


def write(path: Path, *items: str) -> None:
    path.write_text("".join(f"{item}\n" for item in items))


@dataclass
class Reader:
    """A bot that posts from one source, run after run, within this process."""

    bot: Bot
    clock: Clock
    source: Source
    look: tuple[float, ...] = (0, 0)

    def run(
        self, *, store: FileStore | None = None, transport: type[Transport] = Transport
    ) -> Ended:
        return self.bot.post(
            self.source,
            clock=self.clock,
            check_after=self.look,
            store=store,
            transport=transport,
        )

    @property
    def cursor(self) -> Any:
        return self.bot.document.get("cursors", {}).get(self.source.key)

    @property
    def offered(self) -> str:
        """The text that the next run would post."""
        draft = self.source.draft(self.cursor)
        assert isinstance(draft, Draft)
        return draft.text

    @property
    def has_list(self) -> bool:
        return isinstance(self.source, List)


def live(x: Sandbox) -> list[str]:
    return [post.sent_text for post in x.posts]


def log_in_again(bot: Bot) -> None:
    """Do what a person does after exit code 4; all else that the bot knows stays."""
    grant = bot.x.grant()
    token = {name: grant[name] for name in ("access_token", "refresh_token")}
    now = int(time.time())
    bot.change(token={**token, "obtained_at": now, "expires_at": now + 7200, "parent": None})


# -- the contract, for every source ---------------------------------------------------------------

SOURCES: dict[str, Callable[[Path], Source]] = {
    "a text given as an argument": lambda _: given("One"),
    "a text from standard input": lambda _: given("One\nTwo\n"),
    "a list, shuffled": lambda path: listed(str(path)),
    "a list, shuffled, once": lambda path: listed(str(path), once=True),
    "a list in its order": lambda path: listed(str(path), order="file"),
    "a list in its order, once": lambda path: listed(str(path), order="file", once=True),
    "a table": lambda path: listed(as_table(path)),
    "JSON Lines in their order": lambda path: listed(as_json_lines(path), order="file"),
    "a folder": lambda path: listed(as_folder(path)),
}


def as_table(facts: Path) -> Path:
    path = facts.with_suffix(".csv")
    path.write_text("note;Text;key\n" + "".join(f";{fact};\n" for fact in FACTS))
    return path


def as_json_lines(facts: Path) -> Path:
    path = facts.with_suffix(".jsonl")
    path.write_text("".join(json.dumps({"text": fact}) + "\n" for fact in FACTS))
    return path


def as_folder(facts: Path) -> Path:
    path = facts.with_suffix("")
    path.mkdir()
    for fact in FACTS:
        (path / f"{fact}.txt").write_text(fact)
    return path


@pytest.fixture(params=SOURCES)
def reader(request: pytest.FixtureRequest, bot: Bot, clock: Clock, facts: Path) -> Reader:
    return Reader(bot, clock, SOURCES[request.param](facts))


def refusal(status: int, detail: str) -> Fault:
    body = {"title": "Forbidden", "detail": detail, "type": "about:blank", "status": status}
    return Fault("status", status=status, body=json.dumps(body).encode())


UNPOSTABLE = {
    "a duplicate": refusal(403, "You are not allowed to create a Tweet with duplicate content."),
    "two cashtags": refusal(403, "Posts are limited to one cashtag."),
    "too long": refusal(403, "Your post needs to be a bit shorter."),
}
OTHER_REFUSALS = {
    "invalid": (Fault("status", status=400), 3),
    "a reply": (
        refusal(403, "Reply to this conversation is not allowed because of its settings."),
        3,
    ),
    "401": (Fault("status", status=401, times=2), 4),
    "402": (Fault("status", status=402), 5),
    "a generic 403": (Fault("status", status=403), 5),
    "a locked account": (refusal(403, "Your account is temporarily locked."), 5),
    "a gateway": (Fault("status", status=403, body=b"<html>no</html>"), 6),
    "404": (Fault("status", status=404), 2),
    "429": (Fault("status", status=429), 6),
    "503": (Fault("status", status=503), 7),
    "a lost answer": (Fault("reset"), 7),
}


def test_an_item_that_is_posted_is_used(reader: Reader, x: Sandbox) -> None:
    text = reader.offered
    assert reader.run().code == 0
    following = reader.run()
    if reader.has_list:
        assert live(x)[0] == text != live(x)[1]
    else:
        assert (following.outcome and following.outcome.already_posted, live(x)) == (True, [text])


@pytest.mark.parametrize("name", UNPOSTABLE)
def test_an_item_that_x_will_never_take_is_passed_over_and_told(
    name: str, reader: Reader, x: Sandbox
) -> None:
    text = reader.offered
    x.fault("post", UNPOSTABLE[name])
    ended = reader.run()
    assert reader.bot.document["pending"] is None
    if not reader.has_list:
        assert (ended.code, live(x), reader.bot.document["ran_at"]) == (3, [], None)
        return
    assert ended.outcome
    assert (ended.outcome.passed_over, ended.outcome.text, len(live(x))) == (1, live(x)[0], 1)
    assert text not in live(x)
    assert ended.told.count("\n") == 0
    assert "of facts" in ended.told
    assert reader.run().code == 0
    assert text not in live(x)


@pytest.mark.parametrize("name", OTHER_REFUSALS)
def test_an_item_that_was_not_posted_for_another_reason_is_offered_again(
    name: str, reader: Reader, x: Sandbox
) -> None:
    fault, code = OTHER_REFUSALS[name]
    text = reader.offered
    x.fault("post", fault)
    assert reader.run().code == code
    assert (live(x), reader.cursor) == ([], None)
    assert reader.run().code == 0
    assert live(x) == [text]


@pytest.mark.parametrize("fault", [Fault("reset", after=True), Fault("half"), Fault("garbage")])
def test_an_item_whose_outcome_is_unclear_is_settled_and_does_the_job(
    fault: Fault, reader: Reader, x: Sandbox
) -> None:
    fault = replace(fault, after=True)
    text = reader.offered
    x.fault("post", fault)
    x.fault("timeline", Fault("status", status=503, times=2))
    first = reader.run()
    assert (first.code, reader.cursor) == (7, None)
    assert reader.bot.document["pending"]["text"] == text
    second = reader.run()
    assert (second.code, live(x)) == (0, [text])
    assert second.outcome
    assert (second.outcome.id, second.outcome.already_posted) == (x.posts[0].id, True)
    if reader.has_list:
        assert reader.offered != text


def test_a_login_that_is_gone_moves_nothing(reader: Reader, x: Sandbox) -> None:
    text = reader.offered
    reader.bot.make_due()
    x.revoke_all()
    assert reader.run().code == 4
    assert (live(x), reader.cursor) == ([], None)
    log_in_again(reader.bot)
    assert (reader.run().code, live(x)) == (0, [text])


def test_a_budget_that_is_used_up_moves_nothing(reader: Reader, x: Sandbox) -> None:
    text = reader.offered
    month = time.strftime("%Y-%m", time.gmtime(reader.clock.time))
    reader.bot.change(spend={"month": month, "usd": 0.05, "posts": 3, "budget_usd": 0.06})
    reader.bot.make_due()
    assert reader.run().code == 5
    assert (x.requests, reader.cursor) == ((), None)
    reader.bot.change(spend={"budget_usd": 0.07})
    assert (reader.run().code, live(x)) == (0, [text])


def test_a_list_goes_on_on_another_host_and_in_another_folder(
    bot: Bot, clock: Clock, x: Sandbox, facts: Path, tmp_path: Path
) -> None:
    Reader(bot, clock, listed(facts, once=True)).run()
    moved = Bot(x, tmp_path / "other host")
    moved.write(bot.document)
    (tmp_path / "elsewhere").mkdir()
    there = facts.rename(tmp_path / "elsewhere" / "facts.txt")
    ends = [Reader(moved, clock, listed(there, once=True)).run() for _ in FACTS]
    assert Counter(live(x)) == Counter(FACTS)
    assert ends[-1].reason == "finished"
    assert [str(facts) in end.told for end in ends] == [True, False, False]


def test_all_that_an_item_has_reaches_x(bot: Bot, clock: Clock, x: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    items = [
        {"text": "One", "media": "a.png", "alt": "A", "paid_partnership": True},
        {"text": "Two", "poll": {"options": ["a", "b"], "duration": "2h"}, "made_with_ai": False},
        {"thread": ["Three", {"text": "Four", "media": "a.png", "alt": ""}]},
    ]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(items))
    reader = Reader(bot, clock, listed(path, order="file", made_with_ai=True))
    assert [reader.run().code for _ in items] == [0, 0, 0]
    one, two, three, four = x.posts
    assert [media.alt_text for media in one.media] == ["A"]
    assert (one.made_with_ai, one.paid_partnership) == (True, True)
    assert (two.made_with_ai, two.paid_partnership) == (False, False)
    assert two.poll
    assert (two.poll.options, two.poll.duration_minutes) == (("a", "b"), 120)
    assert (three.sent_text, four.sent_text, four.parent, len(four.media)) == (
        "Three",
        "Four",
        three.id,
        1,
    )


def test_a_place_that_was_kept_by_path_is_taken_over_and_kept_by_name(
    bot: Bot, clock: Clock, x: Sandbox, facts: Path
) -> None:
    reader = Reader(bot, clock, listed(facts, order="file"))
    reader.run()
    cursor = bot.document["cursors"].pop("facts.txt")
    bot.change(cursors={})
    bot.write({**bot.document, "cursors": {"/old/facts.txt": cursor}})
    assert reader.run().code == 0
    assert live(x) == ["One", "Two"]
    assert list(bot.document["cursors"]) == ["facts.txt"]


# -- a run that dies ------------------------------------------------------------------------------


def dies(reader: Reader, steps: int) -> bool:
    """Run, and die after so many steps, if the run has more than that."""
    life = Life(steps)
    try:
        reader.run(store=MortalStore(reader.bot.path, life), transport=mortal_transport(life))
    except Killed:
        return True
    return False


@pytest.mark.slow
@both_orders
@pytest.mark.parametrize(
    ("is_due", "trouble", "bad"),
    [
        (True, None, 0),
        (False, Fault("reset", after=True), 0),
        (False, UNPOSTABLE["a duplicate"], 0),
        (True, None, 3),
    ],
)
def test_a_run_that_dies_at_any_step_neither_repeats_nor_loses_an_item(
    order: Order,
    is_due: bool,
    trouble: Fault | None,
    bad: int,
    bot: Bot,
    lax: Sandbox,
    clock: Clock,
    facts: Path,
) -> None:
    bot.x, lax.clock = lax, clock.now
    reader = Reader(bot, clock, listed(str(facts), order=order, once=True))
    died, steps = True, 0
    while died:
        items = [f"{fact} {steps}" for fact in FACTS]
        write(facts, *(f"{LONG}{steps} {number}" for number in range(bad)), *items)
        bot.log_in()
        if is_due:
            bot.make_due()
        if trouble:
            lax.fault("post", trouble)
        died = dies(reader, steps)
        codes = [reader.run().code]
        if codes == [4]:  # it died between the refresh and the save of its answer
            log_in_again(bot)
        while reader.run().reason != "finished" and len(codes) < 9:
            codes.append(0)
        counts = [live(lax).count(item) for item in items]
        # A refusal that nobody could write down may be gone when the item is offered again.
        least = 2 if trouble and trouble.status == 403 else 3
        assert max(counts) == 1, (steps, codes)
        assert sum(counts) >= least, (steps, codes)
        steps += 1
    assert steps > 5


@both_orders
def test_a_process_killed_at_any_moment_neither_repeats_nor_loses_an_item(
    order: Order, bot: Bot, lax: Sandbox, facts: Path, full: bool
) -> None:
    bot.x = lax
    chance = random.Random(order)
    command = ("post", "--list", str(facts), "--order", order, "--once")
    for number in range(20 if full else 1):
        items = [f"{fact} {number}" for fact in FACTS]
        write(facts, *items)
        bot.log_in()
        asked = lax.count("post")
        lax.fault("post", Fault("delay", seconds=0.2))
        with bot.start(*command) as process:
            while lax.count("post") == asked:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.25))
            process.send_signal(signal.SIGKILL)
        bot.age_pending()
        ended = [bot.run(*command, "--json").json for _ in range(len(FACTS) + 1)]
        assert ended[-1]["reason"] == "finished"
        assert [live(lax).count(item) for item in items] == [1, 1, 1]


# -- one profile, several lists -------------------------------------------------------------------


@both_orders
def test_lists_do_not_disturb_each_other(
    order: Order, bot: Bot, clock: Clock, x: Sandbox, facts: Path, tmp_path: Path
) -> None:
    other = tmp_path / "jokes.txt"
    write(other, "Knock", "Who", "There")
    readers = [Reader(bot, clock, listed(str(p), order=order, once=True)) for p in (facts, other)]
    for reader in (0, 1, 1, 0, 1, 0):
        assert readers[reader].run().code == 0
    assert Counter(live(x)) == Counter([*FACTS, "Knock", "Who", "There"])
    assert all(reader.run().reason == "finished" for reader in readers)
    assert set(bot.document["cursors"]) == {"facts.txt", "jokes.txt"}


@both_orders
def test_a_link_and_its_target_are_one_list(
    order: Order, bot: Bot, clock: Clock, x: Sandbox, facts: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(facts)
    for path in (facts, link, facts):
        assert Reader(bot, clock, listed(str(path), order=order, once=True)).run().code == 0
    assert sorted(live(x)) == sorted(FACTS)


def test_another_list_goes_on_when_a_pending_item_is_settled(
    bot: Bot, clock: Clock, x: Sandbox, facts: Path, tmp_path: Path
) -> None:
    other = tmp_path / "jokes.txt"
    write(other, "Knock")
    first, second = (Reader(bot, clock, listed(str(path), order="file")) for path in (facts, other))
    x.fault("post", Fault("reset", after=True))
    x.fault("timeline", Fault("status", status=503, times=2))
    assert first.run().code == 7
    ended = second.run()
    assert (ended.code, live(x)) == (0, ["One", "Knock"])
    assert "was posted after all" in ended.told
    assert first.offered == "Two"


def test_an_item_that_nobody_could_look_up_for_a_day_is_not_offered_again(
    bot: Bot, clock: Clock, x: Sandbox, facts: Path
) -> None:
    reader = Reader(bot, clock, listed(str(facts), order="file"))
    x.fault("post", Fault("reset"))
    x.fault("timeline", Fault("status", status=503, times=3))
    assert reader.run().code == 7
    clock.time += 25 * 3600
    log_in_again(bot)
    bot.change(token={"expires_at": int(clock.time) + 7200, "obtained_at": int(clock.time)})
    assert (reader.run().code, live(x)) == (0, ["Two"])


def test_a_cursor_moves_in_the_write_that_records_the_post(
    bot: Bot, clock: Clock, facts: Path
) -> None:
    """Each document that ever was says the same of the post and of the cursor."""
    seen = []

    class Recorder(FileStore):
        def save(self, profile: Profile) -> None:
            seen.append((len(profile.posts), len(profile.cursors), profile.pending is not None))
            super().save(profile)

    reader = Reader(bot, clock, listed(str(facts)))
    store = Recorder(bot.path, state_dir=lambda: bot.folder / "state")
    assert reader.run(store=store).code == 0
    assert seen == [(0, 0, True), (1, 1, False)]


@pytest.mark.parametrize("cursor", [7, [], "text", {"order": "file", "last": 5}, {"order": {}}])
@both_orders
def test_a_damaged_cursor_is_no_bug(
    cursor: object, order: Order, bot: Bot, clock: Clock, x: Sandbox, facts: Path
) -> None:
    bot.change(cursors={"facts.txt": cursor})
    reader = Reader(bot, clock, listed(str(facts), order=order))
    assert (reader.run().code, len(live(x))) == (0, 1)
    assert reader.cursor["order"] == order


@both_orders
def test_a_change_of_the_order_does_not_repeat_the_last_post(
    order: Order, bot: Bot, clock: Clock, x: Sandbox, facts: Path
) -> None:
    other: Order = "file" if order == "shuffle" else "shuffle"
    Reader(bot, clock, listed(str(facts), order=other)).run()
    Reader(bot, clock, listed(str(facts), order=order)).run()
    assert len(set(live(x))) == 2
    assert bot.document["cursors"]["facts.txt"]["order"] == order


# -- items that can never be posted ---------------------------------------------------------------

LONG = "word " * 60
BAD = {
    "too long": LONG,
    "two cashtags": "$AAA and $BBB",
    "a link": "See example.com",
    "a forbidden character": "ring \x07",
    "white space alone": "\\n\\n",
    "zero-width characters alone": "\u200b\u2060",
}


@pytest.mark.parametrize("name", BAD)
def test_an_item_that_can_never_be_posted_is_passed_over_before_anything_is_spent(
    name: str, bot: Bot, clock: Clock, x: Sandbox, facts: Path
) -> None:
    write(facts, BAD[name], "Two")
    bot.make_due()
    reader = Reader(bot, clock, listed(str(facts), order="file", terms=Terms(links=False)))
    ended = reader.run()
    assert (ended.code, live(x)) == (0, ["Two"])
    assert ended.told.startswith("Passed over: line 1 of facts.txt")
    assert ended.outcome
    assert ended.outcome.passed_over == 1


def test_a_list_of_nothing_that_can_be_posted_ends_with_3_and_spends_nothing(
    bot: Bot, clock: Clock, x: Sandbox, facts: Path
) -> None:
    write(facts, LONG, "$C and $D", "$A and $B")
    bot.make_due()
    reader = Reader(bot, clock, listed(str(facts)))
    ended = reader.run()
    assert (ended.code, x.requests, ended.told.count("Passed over")) == (3, (), 3)
    assert "3 items were passed over, and there is nothing else" in str(ended.error)
    assert (bot.document["last_error"]["code"], bot.document["ran_at"]) == (3, None)


@pytest.mark.parametrize(("bad", "code", "passed"), [(5, 0, 5), (6, 3, 5)])
def test_five_items_that_we_refuse_are_passed_over_in_a_run(
    bot: Bot, clock: Clock, x: Sandbox, facts: Path, bad: int, code: int, passed: int
) -> None:
    write(facts, *(f"{LONG}{number}" for number in range(bad)), "Good")
    reader = Reader(bot, clock, listed(str(facts), order="file"))
    ended = reader.run()
    assert (ended.code, ended.told.count("Passed over")) == (code, passed)
    assert code == 0 or reader.run().code == 0
    assert live(x) == ["Good"]


def test_half_a_surrogate_pair_is_passed_over(
    bot: Bot, clock: Clock, x: Sandbox, tmp_path: Path
) -> None:
    """JSON can hold one: a program has cut an emoji."""
    path = tmp_path / "x.jsonl"
    path.write_text('"A \\ud83d"\n{"text": "B \\ud83d"}\n{"key": "\\ud83d", "text": "C"}\n')
    ended = Reader(bot, clock, listed(str(path), order="file")).run()
    assert (ended.code, ended.told.count("Passed over"), live(x)) == (0, 2, ["C"])


@pytest.mark.parametrize(("bad", "code"), [(2, 0), (3, 3)])
def test_two_items_that_x_refuses_are_passed_over_in_a_run(
    bot: Bot, clock: Clock, x: Sandbox, facts: Path, bad: int, code: int
) -> None:
    write(facts, "One", "Two", "Three", "Four")
    x.fault("post", replace(UNPOSTABLE["a duplicate"], times=bad))
    reader = Reader(bot, clock, listed(str(facts), order="file"))
    ended = reader.run()
    assert (ended.code, ended.told.count("Passed over"), x.count("post")) == (code, 2, 3)
    assert reader.run().code == 0
    assert live(x) == (["Three", "Four"] if code == 0 else ["Three"])
    assert bot.document["pending"] is None


def test_both_limits_are_counted_apart(bot: Bot, clock: Clock, x: Sandbox, facts: Path) -> None:
    bad = [f"{LONG}{number}" for number in range(5)]
    write(facts, "One", *bad[:2], "Two", *bad[2:], "Three")
    x.fault("post", replace(UNPOSTABLE["too long"], times=2))
    ended = Reader(bot, clock, listed(str(facts), order="file")).run()
    assert (ended.code, live(x)) == (0, ["Three"])
    assert ended.outcome
    assert ended.outcome.passed_over == 7


def test_faulty_items_without_a_text_are_not_taken_for_each_other(
    bot: Bot, clock: Clock, x: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"media": "1.png", "alt": "a"}\n{"media": "2.png", "alt": "a"}\n"Good"\n')
    shown = bot.run("post", "--list", str(path), "--order", "file", "-n")
    assert shown.out == "Good\n"
    ended = Reader(bot, clock, listed(str(path), order="file")).run()
    assert (ended.code, ended.told.count("Passed over"), live(x)) == (0, 2, ["Good"])
    assert ended.told.startswith("Passed over: line 1 of x.jsonl. ")


def test_what_was_passed_over_is_told_in_json(bot: Bot, facts: Path) -> None:
    write(facts, LONG, "One")
    ended = bot.run("post", "--list", str(facts), "--order", "file", "--json", "--once")
    assert (ended.json["passed_over"], ended.json["posted"]) == (1, True)
    assert ended.json["reason"] is None
    ran_at = bot.document["ran_at"]
    assert ran_at
    bot.change(ran_at=ran_at - 500)
    again = bot.run("post", "--list", str(facts), "--order", "file", "--json", "--once")
    assert (again.code, again.json["posted"], again.json["reason"]) == (0, False, "finished")
    assert bot.document["ran_at"] == ran_at - 500


def test_a_dry_run_names_every_item_that_can_never_be_posted(bot: Bot, facts: Path) -> None:
    write(facts, "# facts", "One", LONG, "", "$AAA and $BBB", "null", "#Two")
    ended = bot.run("post", "--list", str(facts), "--order", "file", "--dry-run")
    assert (ended.code, ended.out) == (0, "One\n")
    assert ended.err.splitlines() == [
        "The list is a text file: 5 items, 1 comment.",
        "1 line begins with # and will be posted; a comment has a space.",
        "A round costs about $0.045.",
        "Cannot be posted: line 3 of facts.txt: The text has 299 of 280 characters (X would cut it"
        ' at "…word word word word word word").',
        "Cannot be posted: line 5 of facts.txt: X allows one cashtag a post, and this text has"
        " $AAA, $BBB.",
        "Would post as @dogfacts: 3 of 280 characters, about $0.015.",
        "After that: null",
        "After that: #Two",
    ]


def test_a_dry_run_whose_next_item_can_never_be_posted_shows_what_the_run_posts(
    bot: Bot, facts: Path
) -> None:
    write(facts, LONG, "One", "$A $B")
    command = ("post", "--list", str(facts), "--order", "file", "--dry-run")
    ended = bot.run(*command)
    assert (ended.code, ended.out) == (0, "One\n")
    assert "The next item is one of these" in ended.err
    shown = bot.run(*command, "--json").json
    assert (shown["ok"], shown["valid"], shown["text"]) == (True, True, "One")
    assert len(shown["unpostable"]) == 2
    assert shown["list"] == {
        "shape": "a text file",
        "items": 3,
        "comments": 0,
        "hashtags": 0,
        "unused": [],
        "links": 0,
        "usd": 0.015,
        "next": ["One"],
    }


def test_a_dry_run_names_the_keys_that_are_not_used(bot: Bot, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(
        '{"text": "q", "medai": "p.png"}\n'
        '{"thread": ["a", {"text": "b", "poll": 1, "alt_text": 1}]}\n'
        '{"text": "r", "key": 1, "media": {"file": "a", "ALT": "b"}}\n'
    )
    ended = bot.run("post", "--list", str(path), "-n")
    assert "Keys that are not used: medai, alt_text, ALT.\n" in ended.err
    assert "not used" not in bot.run("post", "--list", str(path), "-n", "--template", "{key}").err


def test_a_dry_run_of_a_list_that_blocks_itself_shows_no_post(bot: Bot, facts: Path) -> None:
    write(facts, *(f"{LONG}{number}" for number in range(6)), "One")
    ended = bot.run("post", "--list", str(facts), "--order", "file", "--dry-run")
    assert (ended.code, ended.out) == (3, "")


def test_a_dry_run_with_no_links_names_the_items_with_links(bot: Bot, facts: Path) -> None:
    write(facts, "One", "See example.com")
    command = ("post", "--list", str(facts), "--order", "file", "--dry-run")
    assert bot.run(*command).code == 0
    ended = bot.run(*command, "--no-links")
    assert (ended.code, ended.out) == (0, "One\n")
    assert "line 2 of facts.txt: X would make a link of example.com (at character 5)" in ended.err


# -- the command ----------------------------------------------------------------------------------


def post(bot: Bot, path: Path, *args: str) -> Run:
    return bot.run("post", "--list", str(path), *args)


def test_the_command_shows_what_it_will_post_and_posts_it(
    bot: Bot, x: Sandbox, facts: Path
) -> None:
    before = bot.document
    shown = post(bot, facts, "--dry-run")
    assert (shown.code, bot.document, x.requests) == (0, before, ())
    ended = post(bot, facts)
    url = f"https://x.com/{x.account.username}/status/{x.posts[0].id}\n"
    assert (ended.code, ended.out, ended.err) == (0, url, "")
    assert f"{live(x)[0]}\n" == shown.out


def test_a_finished_list_is_nothing_to_do_and_says_so(bot: Bot, x: Sandbox, facts: Path) -> None:
    write(facts, "One\\nand a half")
    assert post(bot, facts, "--once").code == 0
    ended = post(bot, facts, "--once")
    assert (ended.code, ended.out, live(x)) == (0, "", ["One\nand a half"])
    assert "list finished" in ended.err.lower()
    assert str(facts) in ended.err


def test_a_finished_list_says_how_many_items_were_passed_over(
    bot: Bot, x: Sandbox, facts: Path
) -> None:
    write(facts, LONG, "One", f"{LONG}2", "Two", f"{LONG}3")
    once = ("--once", "--order", "file")
    assert [post(bot, facts, *once).code for _ in range(3)] == [0, 0, 3]
    assert "(3 passed over" in post(bot, facts, *once).err
    assert live(x) == ["One", "Two"]


def test_another_list_of_the_same_name_is_told_whatever_the_run_does(
    bot: Bot, facts: Path, tmp_path: Path
) -> None:
    once = ("--once", "--order", "file")
    write(facts, "One", "Two")
    for _ in range(2):
        post(bot, facts, *once)
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "facts.txt"
    said = f"facts.txt was at {facts} when it was used last"
    for items, is_over in ((["a"], True), (["a", "b", "c"], False)):
        write(other, *items)
        for dry in (("-n",), ()):
            ended = post(bot, other, *once, *dry)
            assert (ended.code, ended.err.count(said)) == (0, 1)
            assert ("List finished" in ended.err) == is_over


def test_a_list_from_standard_input_is_refused(bot: Bot, x: Sandbox) -> None:
    ended = bot.run("post", "--list", "-", stdin=b"One\nTwo\n")
    assert (ended.code, x.requests) == (2, ())
    assert "standard input" in ended.err


def test_a_text_of_many_lines_that_is_too_long_may_be_a_list(bot: Bot, x: Sandbox) -> None:
    ended = bot.run("post", "-", stdin=b"A fact on each line\n" * 212)
    assert (ended.code, x.requests) == (3, ())
    assert "212 lines; to post one at each run use --list" in ended.err


def test_a_single_line_that_is_too_long_is_no_list(bot: Bot) -> None:
    ended = bot.run("post", "-", stdin=b"word " * 100)
    assert (ended.code, "--list" in ended.err) == (3, False)


NO_LISTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "No such file"),
    "Latin-1": (lambda path: path.write_bytes(b"One\nF\xfcnf\n"), "Line 2 "),
    "empty": (lambda path: path.write_bytes(b""), "no items"),
}


@pytest.mark.parametrize("name", NO_LISTS)
def test_what_is_no_list_ends_with_2_and_spends_nothing(
    name: str, bot: Bot, x: Sandbox, facts: Path
) -> None:
    make, said = NO_LISTS[name]
    make(facts)
    bot.make_due()
    ended = post(bot, facts)
    assert (ended.code, x.requests) == (2, ())
    assert said in ended.err
    assert str(facts) in ended.err
    assert post(bot, facts, "--dry-run").code == 2
