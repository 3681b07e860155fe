"""The local X under hands that did not write it: X's own SDK for Python (PyPI `xdk`).

The SDK is told where the local X is by its own parameters; nothing in it is changed. Three of its
ways are not tweetbot's: it sends media in JSON, ends an upload without a body (`bare_finalize`),
and asks for `post.fields` alone.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.sandbox.pictures import gif, png
from tweetbot.sandbox import Sandbox

CALLBACK = "http://127.0.0.1:8910/callback"
SCOPES = ["tweet.read", "tweet.write", "users.read", "media.write", "offline.access"]


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the libraries below the SDK go to a loopback address: by http, and by no proxy."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@contextmanager
def logged_in(**rules: Any) -> Iterator[tuple[Sandbox, Any]]:
    """Start a local X and log the SDK in there by PKCE."""
    import xdk  # takes as long as half of all the tests' modules

    with Sandbox(approve=True, **rules) as x:
        client = xdk.Client(
            base_url=x.url,
            authorization_base_url=f"{x.url}/i",
            client_id=x.client_id,
            client_secret=x.client_secret,
            redirect_uri=CALLBACK,
            scope=SCOPES,
        )
        with client.session:
            page = httpx.get(client.get_authorization_url(state="a state"), trust_env=False)
            assert urlsplit(page.headers["location"]).path == "/callback"
            client.fetch_token(page.headers["location"])
            yield x, client


def test_the_sdk_logs_in_posts_reads_renews_and_deletes() -> None:
    with logged_in() as (x, client):
        me = client.users.get_me().data
        first = client.posts.create({"text": "One"}).data
        reply = {"text": "Two", "reply": {"in_reply_to_tweet_id": first.id}}
        second = client.posts.create(reply).data
        poll = {"options": ["Yes", "No"], "duration_minutes": 60}
        client.posts.create({"text": "Three?", "poll": poll, "made_with_ai": True})

        pages = client.users.get_posts(
            me.id,
            max_results=5,
            post_fields=["created_at", "conversation_id", "attachments"],
            expansions=["referenced_posts", "author_id"],
        )
        (page,) = pages
        asked, answer, start = page.data

        assert (me.id, me.username) == (x.account.id, "dogfacts")
        assert [post.text for post in page.data] == ["Three?", "Two", "One"]
        assert asked.attachments.poll_ids
        (reference,) = answer.referenced_posts
        assert (reference.type, reference.id) == ("replied_to", first.id)
        assert (answer.conversation_id, answer.author_id) == (first.id, me.id)
        assert start.referenced_posts is None
        assert start.edit_history_post_ids == [first.id]

        before = dict(client.token)
        after = client.refresh_token()
        assert before["access_token"] != after["access_token"]
        assert before["refresh_token"] != after["refresh_token"]
        assert client.posts.delete(second.id).data.deleted is True
        assert [post.sent_text for post in x.posts] == ["One", "Three?"]


def test_the_sdk_reads_a_timeline_page_by_page() -> None:
    with logged_in() as (x, client):
        for number in range(12):
            client.posts.create({"text": f"Number {number}"})

        pages = list(client.users.get_posts(x.account.id, max_results=5))

    assert [len(page.data) for page in pages] == [5, 5, 2]


def test_the_sdk_uploads_at_once_and_in_chunks_and_describes() -> None:
    files = [png(8, 6, (9, 9, 9)), png(80, 60)]
    with logged_in(bare_finalize=True) as (x, client):
        once = client.media.upload({"media": encoded(files[0]), "media_category": "tweet_image"})
        chunked = in_chunks(client, files[1], "image/png", "tweet_image")
        for media_id, text in ((once.data.id, "A small dog"), (chunked.id, "A large dog")):
            metadata = {"alt_text": {"text": text}}
            client.media.create_metadata({"id": media_id, "metadata": metadata})
        ids = [once.data.id, chunked.id]
        post = client.posts.create({"text": "Look", "media": {"media_ids": ids}}).data
        (page,) = client.users.get_posts(x.account.id, post_fields=["attachments", "entities"])

    assert [media.data for media in x.posts[0].media] == files
    assert [media.alt_text for media in x.posts[0].media] == ["A small dog", "A large dog"]
    assert page.data[0].id == post.id
    assert page.data[0].attachments.media_keys == [once.data.media_key, chunked.media_key]
    assert page.data[0].entities.urls[0].url == page.data[0].text.split()[1]


def test_the_sdk_waits_for_a_gif() -> None:
    with logged_in(bare_finalize=True, processing_seconds=0.2) as (x, client):
        loop = in_chunks(client, gif(), "image/gif", "tweet_gif")
        state = loop.processing_info.state
        while state != "succeeded":
            state = client.media.get_upload_status(loop.id).data.processing_info.state
        client.posts.create({"media": {"media_ids": [loop.id]}})

    assert x.posts[0].media[0].data == gif()


def in_chunks(client: Any, data: bytes, media_type: str, category: str) -> Any:
    """Upload in three chunks; returns what the SDK makes of the last answer."""
    upload = client.media.initialize_upload(
        {"media_type": media_type, "media_category": category, "total_bytes": len(data)}
    ).data
    size = len(data) // 3 + 1
    for index in range(3):
        chunk = data[index * size : (index + 1) * size]
        client.media.append_upload(upload.id, {"media": encoded(chunk), "segment_index": index})
    return client.media.finalize_upload(upload.id).data


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
