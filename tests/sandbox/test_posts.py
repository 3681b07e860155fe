"""Replies, polls, labels and deletions, as strict as X."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.sandbox.sandbox_app import App
from tweetbot.sandbox import Poll, Sandbox


def detail(answer: Any) -> tuple[int, str]:
    """Return an answer's status and the sentence in it."""
    body = answer.json()
    errors = body.get("errors", [{}])
    return answer.status_code, errors[0].get("message") or body.get("detail", "")


# Replies.


def test_a_reply_joins_the_thread_of_the_post_it_answers(x: Sandbox, app: App) -> None:
    first = app.post("One")
    second = app.reply(first, "Two")
    third = app.reply(second, "Three")

    assert [post.parent for post in x.posts] == [None, first, second]
    assert {post.conversation_id for post in x.posts} == {first}
    assert third == x.posts[2].id


def test_ones_own_posts_alone_can_be_answered(x: Sandbox, app: App) -> None:
    dogs = app.post("One")
    x.account = x.add_account("jane")

    answer = app.create("Two", reply={"in_reply_to_tweet_id": dogs})

    assert answer.status_code == 403
    assert answer.json()["title"] == "Authorization Error"
    assert answer.json()["type"].endswith("/not-authorized-for-resource")
    assert "mentioned or are the author" in answer.json()["detail"]
    assert len(x.posts) == 1


def test_a_post_that_is_gone_cannot_be_answered(app: App) -> None:
    gone = app.post("One")
    app.delete(gone)

    answer = app.create("Two", reply={"in_reply_to_tweet_id": gone})

    assert detail(answer) == (
        403,
        "You attempted to reply to a Tweet that is deleted or not visible to you.",
    )


def test_a_new_post_may_be_invisible_for_a_moment() -> None:
    with Sandbox(reply_lag=2) as x:
        start = time.time()
        x.clock = lambda: start
        app = App(x)
        first = app.post("One")
        early = app.create("Two", reply={"in_reply_to_tweet_id": first})
        x.clock = lambda: start + 2

        assert detail(early)[0] == 403
        assert app.reply(first, "Two")
        app.close()


def test_the_same_text_under_another_post_is_no_duplicate(app: App) -> None:
    one, two = app.post("One"), app.post("Two")
    app.reply(one, "Source: example.org")

    assert app.reply(two, "Source: example.org")
    again = app.create("Source: example.org", reply={"in_reply_to_tweet_id": one})
    assert "duplicate" in detail(again)[1]


@pytest.mark.parametrize(
    "reply",
    [
        "12",
        {},
        {"in_reply_to_tweet_id": 12},
        {"in_reply_to_tweet_id": "x"},
        {"in_reply_to_tweet_id": "1" * 20},
        {"in_reply_to_tweet_id": "12", "to": "13"},
    ],
    ids=str,
)
def test_a_reply_that_is_none_is_an_invalid_request(app: App, reply: object) -> None:
    status, message = detail(app.create("Two", reply=reply))

    assert status == 400
    assert message.startswith("$.reply")


# Polls and labels.

POLL = {"options": ["Yes", "No"], "duration_minutes": 1440}


def test_a_poll_stands_beside_its_text(x: Sandbox, app: App) -> None:
    longest = ["a" * 25, "b", "c", "d"]
    app.post("Really?", poll={"options": longest, "duration_minutes": 5})
    app.post("And now?", poll={**POLL, "duration_minutes": 10_080, "reply_settings": "verified"})

    assert x.posts[0].poll == Poll(tuple(longest), 5)
    assert x.posts[1].poll == Poll(("Yes", "No"), 10_080)
    assert x.posts[1].reply_settings is None  # that of the poll is dropped


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"options": ["Yes"]}, "$.poll.options"),
        ({"options": list("abcde")}, "$.poll.options"),
        ({"options": "ab"}, "$.poll.options"),
        ({"options": ["Yes", ""]}, "$.poll.options[1]"),
        ({"options": ["a" * 26, "No"]}, "$.poll.options[0]"),
        ({"options": ["Yes", 2]}, "$.poll.options[1]"),
        ({"duration_minutes": 4}, "$.poll.duration_minutes"),
        ({"duration_minutes": 10_081}, "$.poll.duration_minutes"),
        ({"duration_minutes": "60"}, "$.poll.duration_minutes"),
        ({"duration_minutes": True}, "$.poll.duration_minutes"),
        ({"reply_settings": "nobody"}, "$.poll.reply_settings"),
        ({"title": "Really?"}, "$.poll.title"),
    ],
    ids=str,
)
def test_a_poll_beyond_a_limit_is_an_invalid_request(
    x: Sandbox, app: App, change: dict[str, object], path: str
) -> None:
    status, message = detail(app.create("Really?", poll={**POLL, **change}))

    assert (status, message.partition(": ")[0]) == (400, path)
    assert x.posts == ()


def test_a_poll_needs_a_text(app: App) -> None:
    assert detail(app.create(poll=POLL)) == (400, "$.text: is required.")


def test_a_poll_and_media_exclude_each_other(app: App) -> None:
    status, message = detail(app.create("Both", poll=POLL, media={"media_ids": ["1"]}))

    assert status == 400
    assert message.startswith("You can only provide one of poll or quote_tweet_id or")


def test_labels_are_kept(x: Sandbox, app: App) -> None:
    app.post("Plain", reply_settings="following")
    app.post("Labelled", made_with_ai=True, paid_partnership=True)

    assert [post.made_with_ai for post in x.posts] == [False, True]
    assert [post.paid_partnership for post in x.posts] == [False, True]
    assert [post.reply_settings for post in x.posts] == ["following", None]


def test_a_post_has_one_cashtag_at_most(app: App) -> None:
    status, told = detail(app.create("$AAPL up, $BRK.B, down"))

    assert status == 403
    assert "limited to a maximum of one cashtag" in told
    assert app.post("$AAPL costs $12, or US$AAPL, or $toolongone")


# Deletions.


def test_a_deleted_post_is_gone_and_its_answers_stay(x: Sandbox, app: App) -> None:
    first = app.post("One")
    second = app.reply(first, "Two")

    assert app.delete(first).json() == {"data": {"deleted": True}}
    assert [(post.id, post.conversation_id) for post in x.posts] == [(second, first)]
    assert app.post("One")  # no duplicate any more


def test_a_post_that_is_gone_is_not_found_once_more(app: App) -> None:
    first = app.post("One")
    app.delete(first)

    answer = app.delete(first)

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["title"] == "Not Found Error"
    assert answer.json()["errors"][0]["resource_id"] == first


def test_a_server_may_call_a_post_that_is_gone_deleted() -> None:
    with Sandbox(forgiving_delete=True) as x:
        app = App(x)
        assert app.delete("12").json() == {"data": {"deleted": True}}
        app.close()


def test_another_accounts_post_is_not_deleted(x: Sandbox, app: App) -> None:
    dogs = app.post("One")
    x.account = x.add_account("jane")

    assert detail(app.delete(dogs)) == (403, "You are not authorized to delete this Tweet.")
    assert len(x.posts) == 1


# The timeline.


def test_a_timeline_shows_what_a_post_answers_in_either_vocabulary(app: App) -> None:
    first = app.post("One")
    app.reply(first, "Two")
    reference = [{"type": "replied_to", "id": first}]

    (new, root) = app.shown(expansions="referenced_posts", post_fields="conversation_id")
    (old, _) = app.shown(tweet_fields="referenced_tweets,in_reply_to_user_id")

    assert (new["referenced_posts"], new["conversation_id"]) == (reference, first)
    assert "referenced_posts" not in root
    assert (old["referenced_tweets"], old["in_reply_to_user_id"]) == (reference, app.x.account.id)
    assert old.keys().isdisjoint(new.keys() - {"id", "text"})


def test_replies_can_be_left_out(app: App) -> None:
    first = app.post("One")
    app.reply(first, "Two")

    assert [post["text"] for post in app.shown(exclude="replies,retweets")] == ["One"]


def test_a_field_of_the_other_vocabulary_is_refused(app: App) -> None:
    for query in (
        {"post_fields": "note_tweet"},
        {"post_fields": "referenced_posts"},  # an expansion, says X's OpenAPI
        {"tweet_fields": "note_post"},
        {"expansions": "everything"},
        {"exclude": "quotes"},
    ):
        status, message = detail(app.timeline(**query))
        assert (status, "is not one of" in message) == (400, True), query


@pytest.mark.parametrize("noun", ["post", "tweet"])
def test_a_long_text_is_cut_and_stands_in_the_note(noun: str) -> None:
    text = f"see https://example.org/ and {'a' * 300} and https://example.com/"
    with Sandbox(max_length=1000) as x:
        app = App(x)
        app.post(text)
        (plain,) = app.shown()
        (full,) = app.shown(**{f"{noun}_fields": f"entities,note_{noun}"})
        app.close()

    note = full[f"note_{noun}"]
    assert note["text"] == x.posts[0].text
    assert [url["expanded_url"] for url in note["entities"]["urls"]] == [
        "https://example.org/",
        "https://example.com/",
    ]
    assert plain["text"] == full["text"]
    assert len(full["text"]) <= 280
    cut, whole = full["entities"]["urls"]
    assert (cut["expanded_url"], whole["url"]) == (
        "https://example.org/",
        full["text"].rpartition(" ")[2],
    )
    assert full["text"][cut["start"] : cut["end"]] == cut["url"]


def test_a_timeline_has_pages(app: App) -> None:
    for number in range(12):
        app.post(f"Number {number}")

    first = app.timeline(max_results="5").json()
    second = app.timeline(max_results="5", pagination_token=first["meta"]["next_token"]).json()
    third = app.timeline(max_results="5", pagination_token=second["meta"]["next_token"]).json()

    texts = [post["text"] for page in (first, second, third) for post in page["data"]]
    assert texts == [f"Number {n}" for n in range(11, -1, -1)]
    assert "next_token" not in third["meta"]
    assert app.timeline(pagination_token="x").status_code == 400


def test_a_timeline_can_end_earlier(x: Sandbox, app: App) -> None:
    x.clock = lambda: 1_800_000_000.0
    app.post("Earlier")
    x.clock = lambda: 1_800_000_060.0
    later = app.post("Later")

    assert [p["text"] for p in app.shown(end_time="2027-01-15T08:01:00Z")] == ["Earlier"]
    assert [p["text"] for p in app.shown(until_id=later)] == ["Earlier"]


@pytest.mark.parametrize(("kept", "other"), [("post", "tweet"), ("tweet", "post")])
def test_a_server_may_refuse_or_ignore_one_of_the_vocabularies(kept: str, other: str) -> None:
    with (
        Sandbox(**{f"{other}_fields": "refused"}) as strict,  # type: ignore[arg-type] # one of two
        Sandbox(**{f"{other}_fields": "ignored"}) as deaf,  # type: ignore[arg-type] # one of two
    ):
        for x in (strict, deaf):
            app = App(x)
            app.post("see https://example.org/")
            assert "entities" in app.shown(**{f"{kept}_fields": "entities"})[0]
            answer = app.timeline(**{f"{other}_fields": "entities"})
            app.close()
            if x is strict:
                assert answer.status_code == 400
                assert f"[{other}.fields]" in answer.json()["errors"][0]["message"]
                assert f"{other}.fields" in answer.json()["errors"][0]["parameters"]
            else:
                (shown,) = answer.json()["data"]
                assert shown.keys() == {"id", "text", f"edit_history_{kept}_ids"}
