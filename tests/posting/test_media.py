"""Pictures, GIFs and videos: the file's bytes, its alt text, one post, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import mortal
from tests.mortal import Life
from tests.sandbox.pictures import gif, jpeg, mp4, png, webp
from tweetbot.draft import Draft, Media, Part, Target
from tweetbot.errors import Overtaken
from tweetbot.sandbox import Failure, Fault, Sandbox
from tweetbot.sources import Extras, Given, Source, given, read_media
from tweetbot.store.folder import FileStore
from tweetbot.x.media import deadline

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock
    from tweetbot.sandbox import Post
    from tweetbot.store import Store

CHUNKS = 3  # of the video
FILES = {
    "cat.jpg": jpeg() + b"cat" * 99,
    "dog.png": png(),
    "fox.webp": webp(b"VP8L"),
    "owl.jpg": jpeg() + b"owl" * 99,
    "turn.gif": gif(),
    "run.mp4": mp4(2 * 2 * 1024 * 1024 + 17),
}
PICTURES = ("cat.jpg", "dog.png", "fox.webp", "owl.jpg")
STEPS = {
    "dog.png": ["upload", "metadata", "post"],
    "run.mp4": ["initialize", "append", "finalize", "status", "metadata", "post"],
}
ONCE = {
    "refused": Fault("reset"),
    "before": Fault("status", status=503),
    "after": Fault("status", status=503, after=True),
    "half": Fault("half"),
    "lost": Fault("reset", after=True),
    "garbage": Fault("garbage", after=True),
    "401": Fault("status", status=401),
    "408": Fault("status", status=408),
}
LASTING = {
    name: replace(fault, times=99)
    for name, fault in {
        **ONCE,
        "400": Fault("status", status=400),
        "402": Fault("status", status=402),
        "403": Fault("status", status=403),
        "404": Fault("status", status=404),
        "413": Fault("status", status=413),
        "429": Fault("status", status=429),
        "no id": Fault("status", status=200, body=b"{}"),
    }.items()
}
Files = Callable[..., tuple[Media, ...]]
NOTHING_POSTED = (2, 3, 4, 5, 6)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Write the files, and look at those that are asked for; each is described by its name."""
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)

    def described(*names: str) -> tuple[Media, ...]:
        return tuple(read_media(tmp_path / name, f"A {name}", whole=True) for name in names)

    return described


@dataclass
class Ended:
    code: int | None  # `None`: it died
    said: str


def run(
    bot: Bot,
    clock: Clock,
    source: Source,
    *,
    life: Life | None = None,
    store: Store | None = None,
) -> Ended:
    """Run `post` in this process."""
    ended = mortal.post(bot, source, clock=clock, life=life, store=store)
    return Ended(ended.code, ended.said) if ended else Ended(None, "killed")


def showing(text: str, *media: Media) -> Given:
    return given(text, extras=Extras(media=media))


def shown(post: Post) -> list[tuple[bytes, str | None]]:
    """Return what X has of a post's media: the bytes that arrived, and the alt text then."""
    return [(media.data, media.alt_text) for media in post.media]


def whole(*names: str) -> list[tuple[bytes, str | None]]:
    return [(FILES[name], f"A {name}") for name in names]


# --- what arrives ---------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("cat.jpg",), PICTURES, ("turn.gif",), ("run.mp4",)])
@pytest.mark.parametrize("takes_forms", [True, False])
def test_files_arrive_as_they_are_in_their_order_with_their_alt_texts(
    bot: Bot, clock: Clock, files: Files, names: tuple[str, ...], *, takes_forms: bool
) -> None:
    with Sandbox(multipart=takes_forms) as x:
        bot.x, x.clock = x, clock.now
        bot.log_in()
        ended = run(bot, clock, showing("Look", *files(*names)))
        assert ended.code == 0, ended.said
        (post,) = x.posts
        assert (post.sent_text, shown(post)) == ("Look", whole(*names))
        assert bot.document["spend"]["usd"] == pytest.approx(0.015 + 0.005 * len(names))


@pytest.mark.parametrize("names", [("dog.png",), ("run.mp4",)])
def test_the_same_media_and_text_again_is_answered_from_the_document(
    bot: Bot, clock: Clock, x: Sandbox, files: Files, names: tuple[str, ...], tmp_path: Path
) -> None:
    media = files(*names)
    assert run(bot, clock, showing("", *media)).code == 0
    asked = len(x.requests)
    assert run(bot, clock, showing("", *media)).code == 0
    assert len(x.requests) == asked
    (tmp_path / names[0]).write_bytes(FILES[names[0]] + b"another one")
    assert run(bot, clock, showing("", *files(*names))).code == 0
    assert len(x.posts) == 2


def test_without_alt_texts_none_is_set_and_none_is_paid(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    media = tuple(replace(one, alt="") for one in files("cat.jpg", "dog.png"))
    assert run(bot, clock, showing("Look", *media)).code == 0
    assert (x.count("metadata"), bot.document["spend"]["usd"]) == (0, 0.015)
    assert [media.alt_text for media in x.posts[0].media] == [None, None]


def test_the_name_of_a_file_stays_on_this_machine(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    assert run(bot, clock, showing("Look", *files("cat.jpg"))).code == 0
    (sent,) = [request for request in x.requests if request.step == "upload"]
    assert "cat.jpg" not in str([sent.form, sent.headers, sent.query])


# --- each fault of each step ----------------------------------------------------------------


def every(faults: dict[str, Fault]) -> list[tuple[str, str, str]]:
    return [
        (name, step, fault) for name, steps in STEPS.items() for step in steps for fault in faults
    ]


@pytest.mark.parametrize(("name", "step", "fault"), every(ONCE))
def test_a_fault_on_the_way_costs_a_request_and_no_more(
    bot: Bot, clock: Clock, x: Sandbox, files: Files, name: str, step: str, fault: str
) -> None:
    bot.make_due()
    x.fault(step, replace(ONCE[fault], skip=1 if step == "append" else 0))
    ended = run(bot, clock, showing("", *files(name)))
    if step == "post":  # an unclear answer that did no work is not there: 7, and settled next
        clock.time += 60
        assert ended.code in (0, 7), ended.said
        ended = run(bot, clock, showing("", *files(name)))
    assert ended.code == 0, ended.said
    assert [shown(post) for post in x.posts] == [whole(name)]
    assert bot.document["pending"] is None


@pytest.mark.parametrize(
    ("name", "step", "fault"), [case for case in every(LASTING) if case[1] != "post"]
)
def test_what_does_not_pass_ends_the_run_and_leaves_nothing(
    bot: Bot, clock: Clock, x: Sandbox, files: Files, name: str, step: str, fault: str
) -> None:
    x.fault(step, LASTING[fault])
    ended = run(bot, clock, showing("Look", *files(name)))
    if (step, fault) == ("metadata", "no id"):
        assert ended.code == 0  # any 2xx is success: nothing of the body is needed
        return
    if (step, fault) in {(it, "half") for it in ("metadata", "append")}:
        assert ended.code in (0, 6)
    assert ended.code in NOTHING_POSTED, ended.said
    assert (x.posts, bot.document["pending"]) == ((), None)
    assert f"{name} was " in ended.said or ended.code == 4
    assert "Nothing was posted" in ended.said or ended.code != 6
    assert bot.document["last_error"]["code"] == ended.code


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("400", 2),
        ("402", 5),
        ("403", 5),
        ("404", 6),
        ("413", 2),
        ("429", 6),
        ("401", 4),
        ("503", 6),
    ],
)
def test_a_refusal_has_the_code_that_says_what_to_do(
    bot: Bot, clock: Clock, x: Sandbox, files: Files, fault: str, code: int
) -> None:
    for step in ("upload", "metadata"):
        x.fault(step, Fault("status", status=int(fault), times=99))
        ended = run(bot, clock, showing("Look", *files("dog.png")))
        assert ended.code == code, ended.said
        x.fault(step, Fault("delay", seconds=0))  # behind 99 of the other
        bot.log_in()


def test_a_login_without_the_permission_for_media_is_told(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    bot.change(token={"scope": "tweet.read tweet.write users.read offline.access"})
    x.fault("upload", LASTING["403"])
    ended = run(bot, clock, showing("Look", *files("dog.png")))
    assert (ended.code, "media.write" in ended.said) == (4, True)


def test_a_short_rate_limit_is_waited_for_in_the_midst_of_a_video(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    reset = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(clock.time) + 20)}
    x.fault("append", Fault("status", status=429, headers=reset, skip=1))
    assert run(bot, clock, showing("", *files("run.mp4"))).code == 0
    assert 20 in map(round, clock.pauses)
    assert shown(x.posts[0]) == whole("run.mp4")


def test_a_deadline_grows_with_the_size() -> None:
    assert [round(deadline(size)) for size in (0, 50_000, 2 * 1024 * 1024, 5_000_000)] == [
        *(20, 21, 62, 120)
    ]


# --- the lock -------------------------------------------------------------------------------


class Expiring(FileStore):
    """A store whose lock expires; another run takes it when it was kept alive so often."""

    def __init__(self, bot: Bot, *, kept: int = 99, is_changed: bool = False) -> None:
        super().__init__(bot.path, state_dir=lambda: bot.folder / "state")
        self.kept = kept
        self.is_changed = is_changed

    def keep_lock(self) -> None:
        self.kept -= 1
        if self.kept < 0:
            raise Overtaken("Another run has the lock.", "Run again later.")

    def check_unchanged(self) -> None:
        if self.is_changed:
            raise Overtaken("Another run has changed the document.", "Run again later.")


def test_each_chunk_and_each_look_keeps_the_lock_alive(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    store = Expiring(bot)
    assert run(bot, clock, showing("", *files("run.mp4")), store=store).code == 0
    asked = len([request for request in x.requests if request.step != "post"])
    assert 99 - store.kept >= asked


@pytest.mark.parametrize("kept", [0, 1, 4, 6])
def test_a_run_that_loses_its_lock_on_the_way_ends_there(
    bot: Bot, clock: Clock, x: Sandbox, files: Files, kept: int
) -> None:
    ended = run(bot, clock, showing("", *files("run.mp4")), store=Expiring(bot, kept=kept))
    assert (ended.code, x.posts, bot.document.get("pending")) == (6, (), None)
    assert "last_error" not in bot.document  # the document is another run's


def test_without_a_lock_a_long_upload_looks_whether_another_run_was_faster(
    bot: Bot, clock: Clock, files: Files
) -> None:
    with Sandbox(processing_seconds=15) as x:
        bot.x, x.clock = x, clock.now
        bot.log_in()
        store = Expiring(bot, is_changed=True)
        ended = run(bot, clock, showing("", *files("turn.gif")), store=store)
        assert (ended.code, x.count("finalize"), x.posts) == (6, 1, ())


# --- what X makes of a file -----------------------------------------------------------------


def test_a_file_that_x_cannot_use_is_not_posted_whatever_the_state_says(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    for state in ("failed", "in_progress"):
        x.fail_processing(Failure(message="Duration is odd", state=state))
        ended = run(bot, clock, showing("Look", *files("run.mp4")))
        assert (ended.code, x.posts, bot.document["pending"]) == (2, (), None)
        assert "X cannot use the file: Duration is odd" in ended.said


def test_x_may_take_ten_minutes_over_a_file_and_no_more(
    bot: Bot, clock: Clock, files: Files
) -> None:
    for seconds, code in ((500.0, 0), (700.0, 6)):
        with Sandbox(processing_seconds=seconds) as x:
            bot.x, x.clock = x, clock.now
            bot.log_in()
            began = clock.time
            ended = run(bot, clock, showing("Look", *files("turn.gif")))
            assert (ended.code, len(x.posts)) == (code, 1 - code // 6), ended.said
            assert clock.time - began == pytest.approx(min(seconds, 600), abs=5)


def test_the_pause_is_the_one_that_x_asks_for(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    info = b'"processing_info":{"state":"pending","check_after_secs":%d}'
    for seconds in (7, 75):
        body = b'{"data":{"id":"12","media_key":"16_12",' + info % seconds + b"}}"
        x.fault("finalize", Fault("status", status=200, body=body, after=True))
        clock.pauses.clear()
        run(bot, clock, showing("Look", *files("turn.gif")))
        assert sum(clock.pauses[:3]) >= seconds
        assert max(clock.pauses) <= 30  # the lock is kept alive between


# --- unclear answers of the post ------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "Look at https://example.com/"])
@pytest.mark.parametrize("name", ["dog.png", "turn.gif", "run.mp4"])
@pytest.mark.parametrize("is_seen_at_once", [True, False])
def test_a_lost_answer_is_settled_by_the_text_or_by_what_the_post_shows(
    bot: Bot, clock: Clock, x: Sandbox, files: Files, text: str, name: str, *, is_seen_at_once: bool
) -> None:
    if not is_seen_at_once:
        x.fault("timeline", Fault("status", status=503, times=2))
    x.fault("post", Fault("reset", after=True))
    ended = run(bot, clock, showing(text, *files(name)))
    assert ended.code == (0 if is_seen_at_once else 7), ended.said
    if not is_seen_at_once:
        assert bot.document["pending"]["media_keys"] == [x.media[0].key]
        clock.time += 60
        ended = run(bot, clock, showing(text, *files(name)))
        assert (ended.code, "posted after all" in ended.said) == (0, True)
    assert len(x.posts) == 1
    assert bot.document["posts"][0]["id"] == x.posts[0].id


def test_another_post_of_pictures_alone_is_not_taken_for_it(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    x.fault("post", Fault("reset", after=True))
    assert run(bot, clock, showing("", *files("cat.jpg"))).code == 0
    bot.change(posts=[])  # nothing is known of it
    x.fault("post", Fault("reset"))
    ended = run(bot, clock, showing("", *files("dog.png")))
    assert (ended.code, "not on the timeline yet" in ended.said) == (7, True)
    clock.time += 60
    ended = run(bot, clock, given("Another text"))
    assert "did not go out and was not sent again: (no text, 1 file)" in ended.said
    assert ended.code == 0


def test_a_timeline_that_does_not_say_what_posts_show_proves_nothing(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    page = b'{"data":[{"id":"%s","text":"https://t.co/abc"}],"meta":{"result_count":1}}'
    x.fault("post", Fault("reset"))
    run(bot, clock, given("Hi"))  # for the id of a young post
    young = str(((int(clock.time * 1000) - 1288834974657) << 22) + 5).encode()
    x.fault("post", Fault("reset"))
    x.fault("timeline", Fault("status", status=200, body=page % young, times=9))
    bot.change(pending=None, posts=[])
    ended = run(bot, clock, showing("", *files("dog.png")))
    assert (ended.code, "does not say" in ended.said) == (7, True), ended.said


def test_media_that_x_has_forgotten_are_uploaded_anew_by_the_next_run(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    body = b'{"title":"Invalid Request","detail":"Your media IDs are invalid."}'
    x.fault("post", Fault("status", status=400, body=body))
    ended = run(bot, clock, showing("Look", *files("dog.png")))
    assert (ended.code, bot.document["pending"]) == (6, None)
    assert run(bot, clock, showing("Look", *files("dog.png"))).code == 0
    assert (len(x.posts), x.count("upload")) == (1, 2)


# --- a run that dies ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dog.png", "run.mp4"])
@pytest.mark.parametrize("is_due", [False, True])
@pytest.mark.parametrize("text", ["", "Look"])
def test_a_run_that_dies_at_any_step_is_followed_by_exactly_one_post_with_its_alt_text(
    bot: Bot, clock: Clock, lax: Sandbox, files: Files, name: str, text: str, *, is_due: bool
) -> None:
    bot.x, lax.clock = lax, clock.now
    media = files(name)
    number, code = 0, None
    while code is None:
        bot.log_in()
        if is_due:
            bot.make_due()
        before = len(lax.posts)
        sent = lax.count("post")
        source = showing(text and f"{text} {number}", *media)
        code = run(bot, clock, source, life=Life(number)).code
        if bot.document.get("pending") is None and code is None:
            assert lax.count("post") == sent or bot.document["posts"], "what left is written down"
        clock.time += 60
        following = run(bot, clock, source)
        if following.code == 4:  # it died between the refresh and the save of its answer
            bot.log_in()
            following = run(bot, clock, source)
        assert following.code == 0, (number, following.said)
        assert [shown(post) for post in lax.posts[before:]] == [whole(name)], number
        assert bot.document["pending"] is None
        number += 1
    assert number > 10


# --- threads, budget, files that change -----------------------------------------------------


def thread_of(*parts: Part) -> Given:
    return Given(Draft(parts))


def test_a_thread_uploads_all_before_its_first_post_and_each_post_shows_its_own(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    source = thread_of(
        Part.of("One", media=files("cat.jpg")), Part.of("Two"), Part.of("", media=files("turn.gif"))
    )
    ended = run(bot, clock, source)
    assert ended.code == 0, ended.said
    assert [shown(post) for post in x.posts] == [whole("cat.jpg"), [], whole("turn.gif")]
    steps = [request.step for request in x.requests]
    assert "post" not in steps[: steps.index("finalize")]
    assert bot.document["spend"]["usd"] == pytest.approx(3 * 0.015 + 2 * 0.005)


def test_a_thread_with_pictures_that_dies_at_any_step_is_completed(
    bot: Bot, clock: Clock, lax: Sandbox, files: Files
) -> None:
    bot.x, lax.clock = lax, clock.now
    number, code = 0, None
    while code is None:
        source = thread_of(
            Part.of(f"One {number}"),
            Part.of("", media=files("dog.png")),
            Part.of(f"Three {number}", media=files("cat.jpg")),
        )
        bot.log_in()
        before = len(lax.posts)
        code = run(bot, clock, source, life=Life(number)).code
        clock.time += 60
        following = run(bot, clock, source)
        assert following.code == 0, (number, following.said)
        posts = lax.posts[before:]
        assert [shown(post) for post in posts] == [[], whole("dog.png"), whole("cat.jpg")], number
        assert [post.parent for post in posts] == [None, *(post.id for post in posts[:-1])]
        number += 1
    assert number > 12


def test_alt_texts_are_paid_though_the_post_is_refused(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    x.fault("post", Fault("status", status=400))
    assert run(bot, clock, showing("Look", *files("cat.jpg", "dog.png"))).code == 3
    spend = bot.document["spend"]
    assert (spend["posts"], spend["usd"]) == (0, 0.01)


def test_a_budget_that_is_too_small_for_the_alt_texts_spends_nothing(
    bot: Bot, clock: Clock, x: Sandbox, files: Files
) -> None:
    bot.change(spend={"month": "", "posts": 0, "usd": 0.0, "budget_usd": 0.02})
    assert run(bot, clock, showing("Look", *files("cat.jpg", "dog.png"))).code == 5
    assert x.requests == ()


@pytest.mark.parametrize("change", [b"", b"short", b"long" * 2_000_000, None])
@pytest.mark.parametrize("name", ["dog.png", "run.mp4"])
def test_a_file_that_changes_after_it_was_looked_at_is_not_posted(
    bot: Bot,
    clock: Clock,
    x: Sandbox,
    files: Files,
    tmp_path: Path,
    name: str,
    change: bytes | None,
) -> None:
    source = showing("Look", *files(name))
    (tmp_path / name).unlink()
    if change is not None:
        (tmp_path / name).write_bytes(change)
    ended = run(bot, clock, source)
    assert (ended.code, x.posts, bot.document["pending"]) == (2, (), None), ended.said
    assert name in ended.said


def test_a_thread_whose_picture_is_gone_says_how_to_do_without_it(
    bot: Bot, clock: Clock, x: Sandbox, tmp_path: Path
) -> None:
    assert run(bot, clock, given("One")).code == 0
    gone = {"text": "Two", "media": [{"file": str(tmp_path / "gone.png"), "alt": "A dot"}]}
    pending = {"text": "Two", "digest": "0" * 64, "parts": [gone], "done": [x.posts[0].id]}
    bot.change(pending=pending, posts=[])
    ended = run(bot, clock, given("Other"))
    assert (ended.code, len(x.posts)) == (2, 1), ended.said
    assert "gone.png" in ended.said
    assert "`tweetbot delete last`" in ended.said
    assert bot.run("delete", "last").code == 0
    assert run(bot, clock, given("Other")).code == 0


def test_a_picture_answers_an_own_post(bot: Bot, clock: Clock, x: Sandbox, files: Files) -> None:
    assert run(bot, clock, given("Hi")).code == 0
    extras = Extras(reply_to=Target("last"), made_with_ai=True, media=files("dog.png"))
    assert run(bot, clock, given("", extras=extras)).code == 0
    assert (x.posts[1].parent, x.posts[1].made_with_ai) == (x.posts[0].id, True)
    assert shown(x.posts[1]) == whole("dog.png")
