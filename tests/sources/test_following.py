"""`post --feed`, run after run: an item is used exactly when it is live or can never be posted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from tests.mortal import Killed, Life, MortalStore, mortal_transport
from tweetbot.draft import Terms
from tweetbot.errors import Overtaken, Temporary
from tweetbot.profile import Client, Profile, Token, item_name
from tweetbot.sandbox import Fault
from tweetbot.sources import FeedOptions, FirstRun, Nothing, Source, given
from tweetbot.sources.feed import Feed
from tweetbot.sources.origins import Server
from tweetbot.store.folder import FileStore
from tweetbot.x.fetching import Fetched
from tweetbot.x.transport import Transport

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock, Ended

URL = "https://example.com/feed"


@dataclass(frozen=True)
class Story:
    """An item of the world; what is `None` the feed does not have."""

    guid: str
    title: str
    link: str = ""
    day: int | None = None


def rss(stories: Sequence[Story]) -> str:
    items = "".join(
        f"<item><title>{story.title}</title><guid isPermaLink='false'>{story.guid}</guid>"
        + (f"<link>{story.link}</link>" if story.link else "")
        + (f"<pubDate>{story.day:02} Jan 2026 00:00:00 GMT</pubDate>" if story.day else "")
        + "</item>"
        for story in stories
    )
    return f"<rss version='2.0'><channel><title>News</title>{items}</channel></rss>"


def rdf(stories: Sequence[Story]) -> str:
    items = "".join(
        f"<item rdf:about='{story.guid}'><title>{story.title}</title></item>" for story in stories
    )
    namespaces = (
        "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'"
    )
    return f"<rdf:RDF {namespaces}><channel><title>News</title></channel>{items}</rdf:RDF>"


def atom(stories: Sequence[Story]) -> str:
    entries = "".join(
        f"<entry><id>{story.guid}</id><title>{story.title}</title></entry>" for story in stories
    )
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title>{entries}</feed>"


def json_feed(stories: Sequence[Story]) -> str:
    items = [{"id": story.guid, "title": story.title} for story in stories]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items})


def keyed(stories: Sequence[Story]) -> str:
    return "".join(f"{story.guid}\t{story.title}\n" for story in reversed(stories))


def plain(stories: Sequence[Story]) -> str:
    return "".join(f"{story.title}\n" for story in reversed(stories))


def objects(stories: Sequence[Story]) -> str:
    rows = [{"key": story.guid, "title": story.title} for story in reversed(stories)]
    return "".join(json.dumps(row) + "\n" for row in rows)


FORMS: dict[str, Callable[[Sequence[Story]], str]] = {
    "RSS": rss,
    "RDF": rdf,
    "Atom": atom,
    "JSON Feed": json_feed,
    "lines with a key": keyed,
    "lines": plain,
    "objects": objects,
}
LONG = "word " * 60


@dataclass
class Web:
    """A feed on a server that knows what it has sent; its newest story stands first."""

    form: str = "RSS"
    stories: list[Story] = field(default_factory=list)
    is_down: bool = False
    version: int = 0
    unchanged: int = 0
    seen: list[Story] = field(default_factory=list)
    on_fetch: Callable[[], object] = lambda: None

    def publish(self, *titles: str) -> None:
        for title in titles:
            self.stories.insert(0, Story(f"urn:{title}", title))
        self.version += 1

    def fetch(self, url: str, *, etag: str, modified: str, deadline: float) -> Any:
        assert (url, modified, deadline) == (URL, "", 20)
        self.on_fetch()
        if self.is_down:
            raise Temporary("The feed cannot be reached.")
        self.seen = [*self.stories]
        is_unchanged = etag == f'"{self.version}"'
        self.unchanged += is_unchanged
        content = b"" if is_unchanged else FORMS[self.form](self.stories).encode()
        return Fetched(content, url, etag=f'"{self.version}"', is_unchanged=is_unchanged)


@dataclass
class Follower:
    """A bot that follows a feed, run after run, within this process."""

    bot: Bot
    clock: Clock
    web: Web

    def run(
        self,
        source: Source | None = None,
        *,
        store: Any = None,
        transport: type[Transport] = Transport,
        **wanted: Any,
    ) -> Ended:
        told: list[str] = []
        if source is None:
            options = FeedOptions(**{"terms": Terms(fit=True), **wanted})
            source = Feed(Server(URL, self.web.fetch), options, told.append)
        return self.bot.post(
            source,
            clock=self.clock,
            check_after=(0, 0),
            store=store,
            transport=transport,
            told=told,
        )

    @property
    def cursor(self) -> Any:
        return self.bot.document.get("cursors", {}).get(URL)

    @property
    def live(self) -> list[str]:
        return [post.sent_text for post in self.bot.x.posts]


@pytest.fixture
def follower(bot: Bot, clock: Clock) -> Follower:
    """It has had its first look, at two stories."""
    made = Follower(bot, clock, Web())
    made.web.publish("A", "B")
    assert made.run().reason == "first-look"
    return made


@pytest.fixture(params=FORMS)
def any_follower(request: pytest.FixtureRequest, bot: Bot, clock: Clock) -> Follower:
    made = Follower(bot, clock, Web(request.param))
    made.web.publish("A", "B")
    assert made.run().reason == "first-look"
    return made


# -- the contract, for each form ------------------------------------------------------------------


def test_what_is_posted_is_used(any_follower: Follower) -> None:
    any_follower.web.publish("C", "D")
    ends = [any_follower.run() for _ in range(4)]
    assert any_follower.live == ["C", "D"]
    assert [end.reason for end in ends] == [None, None, "nothing-new", "nothing-new"]
    assert any_follower.web.unchanged == 1  # asked by its tag once the feed was read to its end


def test_what_can_never_be_posted_is_passed_over_and_told(any_follower: Follower) -> None:
    any_follower.web.publish("$AAA and $BBB", "C")
    end = any_follower.run()
    assert (end.code, any_follower.live) == (0, ["C"])
    assert end.outcome
    assert end.outcome.passed_over == 1
    assert "$AAA and $BBB" in end.told
    assert any_follower.run().reason == "nothing-new"


def test_what_x_has_already_is_passed_over(any_follower: Follower) -> None:
    any_follower.run(given("C"))
    any_follower.web.publish("C")
    end = any_follower.run()
    assert (end.code, any_follower.live) == (3, ["C"])
    assert any_follower.run().reason == "nothing-new"


@pytest.mark.parametrize("status", [400, 401, 402, 429, 503])
def test_after_any_other_refusal_it_is_offered_again(status: int, follower: Follower) -> None:
    follower.web.publish("C", "D")
    follower.bot.x.fault("post", Fault("status", status=status, times=2))
    assert follower.run().code != 0
    follower.bot.age_pending()
    for _ in range(3):
        follower.run()
    assert follower.live == ["C", "D"]


@pytest.mark.parametrize("is_live", [True, False])
def test_an_unclear_post_is_settled_by_a_run_with_another_source(
    is_live: bool, any_follower: Follower
) -> None:
    """What is pending has the name of its item alone; the feed's memory takes it in."""
    follower = any_follower
    follower.web.publish("C", "D")
    follower.bot.x.fault("post", Fault("reset", after=is_live))
    follower.bot.x.fault("timeline", Fault("status", status=503, times=2))
    assert follower.run().code == 7
    pending = follower.bot.document["pending"]
    assert (pending["source"], len(pending["cursor"])) == (URL, 11)
    follower.bot.age_pending()
    follower.web.is_down = True
    assert follower.run(given("Hello")).code == 0
    follower.web.is_down = False
    for _ in range(3):
        follower.run()
    assert sorted(follower.live) == ["C", "D", "Hello"]


def test_a_post_that_is_found_does_the_job_without_a_look(follower: Follower) -> None:
    follower.web.publish("C", "D")
    follower.bot.x.fault("post", Fault("reset", after=True))
    follower.bot.x.fault("timeline", Fault("status", status=503, times=2))
    assert follower.run().code == 7
    follower.bot.age_pending()
    follower.web.is_down = True
    assert (follower.run().code, follower.live) == (0, ["C"])


def test_a_text_that_is_found_uses_the_item_that_says_the_same(follower: Follower) -> None:
    follower.bot.x.fault("post", Fault("reset", after=True))
    follower.bot.x.fault("timeline", Fault("status", status=503, times=2))
    assert follower.run(given("C")).code == 7
    follower.bot.age_pending()
    follower.web.publish("C")
    end = follower.run()
    assert end.outcome
    assert (end.outcome.already_posted, follower.live) == (True, ["C"])
    assert follower.run().reason == "nothing-new"


def test_a_look_that_fails_changes_nothing_but_the_error(follower: Follower) -> None:
    before = follower.bot.document
    follower.web.is_down = True
    assert follower.run().code == 6
    after = follower.bot.document
    assert after.pop("last_error")["code"] == 6
    before.pop("last_error")
    assert after == before


def test_a_run_that_finds_nothing_new_did_its_job(follower: Follower) -> None:
    follower.clock.time += 1000
    follower.web.is_down = True
    follower.run()
    follower.web.is_down = False
    assert follower.run().reason == "nothing-new"
    assert follower.bot.document["ran_at"] == int(follower.clock.time)
    assert follower.bot.document["last_error"] is None


def test_a_tag_is_kept_only_by_a_look_that_leaves_nothing_new_behind(follower: Follower) -> None:
    """Else what is left behind would be hidden by a server that says: as it was."""
    follower.web.publish("C", "D")
    follower.bot.x.fault("post", Fault("status", status=503))
    assert follower.run().code != 0
    assert "etag" not in follower.cursor
    follower.bot.age_pending()
    for _ in range(3):
        follower.run()
    assert follower.live == ["C", "D"]


def test_another_expression_looks_anew(follower: Follower) -> None:
    follower.web.publish("C", "D")
    for _ in range(2):
        follower.run(match=re.compile("D"))
    assert follower.live == ["D"]
    follower.run()
    assert follower.live == ["D", "C"]


def test_another_template_looks_anew(follower: Follower) -> None:
    """A name that is mistyped is told at once, not when there is something to post."""
    assert follower.run().reason == "nothing-new"
    end = follower.run(template="{titel}")
    assert (end.code, "It has {title} {link}" in str(end.error)) == (2, True)


def test_a_feed_is_known_by_https_where_it_was_by_http(follower: Follower) -> None:
    before = follower.bot.document["cursors"]
    http = URL.replace("https", "http")
    follower.bot.write({**follower.bot.document, "cursors": {http: before[URL]}})
    assert follower.run(first_run="all").reason == "nothing-new"
    assert follower.bot.document["cursors"].keys() == before.keys()


def test_a_first_look_that_posts_is_one_even_if_the_post_fails(bot: Bot, clock: Clock) -> None:
    follower = Follower(bot, clock, Web())
    follower.web.publish("A", "B")
    bot.x.fault("post", Fault("status", status=503))
    assert follower.run(first_run="newest").code != 0
    bot.age_pending()
    follower.web.publish("C")
    for _ in range(3):
        follower.run(first_run="newest")
    assert follower.live == ["B", "C"]


class Overtaking(FileStore):
    """A store without a lock, whose document another run has changed meanwhile."""

    saves = 0

    def check_unchanged(self) -> None:
        raise Overtaken("Another run has changed it.")

    def save(self, profile: Profile) -> None:
        super().save(profile)
        self.saves += 1


@pytest.mark.parametrize("is_down", [True, False])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_look_that_took_long_does_not_write_over_what_others_wrote(
    is_down: bool, is_new: bool, follower: Follower
) -> None:
    """Their document may have a newer token: the old one written back would end the login."""
    if is_new:
        follower.web.publish("C")
    follower.web.on_fetch = lambda: setattr(follower.clock, "time", follower.clock.time + 15)
    follower.web.is_down = is_down
    store = Overtaking(follower.bot.path, state_dir=lambda: follower.bot.folder / "state")
    assert follower.run(store=store).code == 6
    assert (store.saves, follower.live) == (0, [])


# -- killed anywhere ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["RSS", "lines"])
def test_a_run_that_is_killed_anywhere_posts_each_item_once(
    form: str, bot: Bot, clock: Clock
) -> None:
    follower = Follower(bot, clock, Web(form))
    follower.web.publish("A")
    follower.run()
    expected, step, is_whole = [], 0, False
    while not is_whole:
        expected.append(f"Item {step}")
        follower.web.publish(expected[-1])
        life = Life(step)
        try:
            follower.run(store=MortalStore(bot.path, life), transport=mortal_transport(life))
            is_whole = True
        except Killed:
            bot.age_pending()
            clock.time += 60
            follower.run()
            follower.run()
        assert follower.live == expected
        step += 1
    assert step > 4


# -- a feed that changes while the bot runs -------------------------------------------------------

CHANGES = ("add", "retitle", "date", "reorder", "remove", "relink")
RUNS = ("posted", "refused", "not saved", "unclear", "unclear and live")


class World:
    """A feed, a profile's cursors, and what became of each story, by its guid."""

    def __init__(self, form: str, *, is_dated: bool) -> None:
        self.web = Web(form)
        self.cursors: dict[str, Any] = {}
        self.posted: list[str] = []
        self.old: set[str] = set()
        self.pending: tuple[str, bool] | None = None  # the name of an item, and whether it is live
        self._is_dated = is_dated
        self._count = 0

    def change(self, what: str, number: int) -> None:
        stories = self.web.stories
        self.web.version += 1
        place = number % (len(stories) + 1)
        if what == "add":
            self._count += 1
            guid = f"urn:{self._count}"
            day = 1 + number % 28 if self._is_dated else None
            stories.insert(place, Story(guid, f"Story {guid}", f"https://e.com/{guid}", day))
        elif what == "reorder":
            stories.insert(place, stories.pop())
        elif what == "remove":
            del stories[place - 1]
        else:
            old = stories[place - 1]
            new: dict[str, dict[str, Any]] = {
                "retitle": {"title": f"{old.title}!"},
                "relink": {"link": f"{old.link}?"},
                "date": {"day": 1 + number % 28} if self._is_dated else {},
            }
            stories[place - 1] = replace(old, **new[what])

    def run(self, outcome: str, first_run: FirstRun) -> None:
        self._settle()
        source = Feed(Server(URL, self.web.fetch), FeedOptions(first_run=first_run), lambda _: None)
        is_first = URL not in self.cursors
        adopted = dict(source.adopt(self.cursors))
        found = source.draft(adopted.get(URL))
        if outcome == "not saved":
            return
        if is_first:
            self.old = {story.guid for story in self.web.stories} if first_run == "skip" else set()
        self.cursors = adopted
        if isinstance(found, Nothing):
            self.cursors[URL] = found.cursor
        elif outcome == "posted":
            self._use(found.cursor)
        elif outcome != "refused":
            self.pending = found.cursor, outcome == "unclear and live"

    def _settle(self) -> None:
        if self.pending and self.pending[1]:
            self._use(self.pending[0])
        self.pending = None

    def _use(self, name: str) -> None:
        profile = replace(PROFILE, cursors=json.loads(json.dumps(self.cursors)))
        self.cursors = dict(profile.with_cursor(URL, name).cursors)
        self.posted += [s.guid for s in self.web.seen if item_name(s.guid) == name]

    def end(self, first_run: FirstRun) -> None:
        """Run until there is nothing new."""
        for _ in range(len(self.web.stories) + 2):
            self.run("posted", first_run)


PROFILE = Profile(
    client=Client(client_id="a", redirect_uri="http://127.0.0.1/", api_url="https://api.x.com"),
    token=Token(access_token="a", refresh_token="b"),
)
changes = st.tuples(st.sampled_from(CHANGES), st.integers(0, 30))
steps = st.lists(st.one_of(changes, st.sampled_from(RUNS)), max_size=30)


@examples(
    form=st.sampled_from(["RSS", "JSON Feed", "RDF"]),
    is_dated=st.booleans(),
    first_run=st.sampled_from(["skip", "all"]),
    start=st.integers(0, 4),
    steps=steps,
)
@settings(deadline=None, max_examples=60)
def test_whatever_happens_to_a_feed_each_story_is_posted_once(
    form: str, is_dated: bool, first_run: FirstRun, start: int, steps: list[Any]
) -> None:
    """What is removed before its turn is lost, and nothing else."""
    world = World(form, is_dated=is_dated)
    for number in range(start):
        world.change("add", number)
    world.run("posted", first_run)
    for step in steps:
        if isinstance(step, str):
            world.run(step, first_run)
        elif step[0] == "add" or world.web.stories:
            world.change(*step)
    world.end(first_run)
    assert len(world.posted) == len({*world.posted})
    assert not world.old & {*world.posted}
    assert {story.guid for story in world.web.stories} <= world.old | {*world.posted}
    world.run("posted", first_run)
    assert world.web.unchanged
