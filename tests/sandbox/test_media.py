"""Uploads at once and in chunks, processing, alt texts, and media in posts."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.sandbox.pictures import gif, jpeg, mp4, png, webp
from tests.sandbox.sandbox_app import App
from tweetbot.sandbox import Failure, Fault, Media, Sandbox

INVALID_IDS = "Your media IDs are invalid."


@contextmanager
def app_of(**rules: Any) -> Iterator[App]:
    """Start a local X with other rules than the usual ones."""
    with Sandbox(**rules) as x:
        app = App(x)
        yield app
        app.close()


def message(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.json()["errors"][0]["message"])


# One request.


def test_a_picture_arrives_byte_for_byte(x: Sandbox, app: App) -> None:
    data = app.upload(png(8, 6)).json()["data"]

    (media,) = x.media
    assert (media.id, media.key, media.data) == (data["id"], data["media_key"], png(8, 6))
    assert re.fullmatch(r"3_\d{1,19}", data["media_key"])
    assert data["size"] == len(png(8, 6))
    assert data["expires_after_secs"] == 86_400
    assert data["image"] == {"w": 8, "h": 6, "image_type": "image/png"}
    assert "processing_info" not in data


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (png(40, 30), "image/png"),
        (jpeg(40, 30), "image/jpeg"),
        (gif(40, 30), "image/gif"),
        (webp(b"VP8 ", 40, 30), "image/webp"),
        (webp(b"VP8L", 40, 30), "image/webp"),
        (webp(b"VP8X", 40, 30), "image/webp"),
        (jpeg()[:10], "image/jpeg"),
    ],
)
def test_the_bytes_tell_kind_and_size_of_a_picture(app: App, data: bytes, media_type: str) -> None:
    image = app.upload(data).json()["data"]["image"]

    size = (0, 0) if len(data) == 10 else (40, 30)
    assert image == {"w": size[0], "h": size[1], "image_type": media_type}


def test_json_is_as_good_as_a_form(x: Sandbox, app: App) -> None:
    body = {"media": base64.b64encode(png()).decode(), "media_category": "tweet_image"}

    assert app.ask("POST", "/2/media/upload", json=body).status_code == 200
    assert x.media[0].data == png()
    assert x.requests[-1].json != body  # no log holds films


def test_a_server_may_want_json_alone() -> None:
    with app_of(multipart=False) as app:
        assert message(app.upload(png())) == (
            "Requests with bodies must have content-type of application/json."
        )
        media_id = app.begin("image/png", "tweet_image", len(png()))
        assert "application/json" in message(app.append(media_id, 0, png()))
        body = {"media": base64.b64encode(png()).decode(), "segment_index": 0}
        path = f"/2/media/upload/{media_id}/append"
        assert app.ask("POST", path, json=body).status_code == 200
        assert app.finalize(media_id).status_code == 200
        assert app.x.media[0].data == png()


def test_bytes_that_look_like_a_form_stay_as_they_are(x: Sandbox, app: App) -> None:
    data = png() + b"\r\n--\r\n\r\n--boundary\r\nContent-Disposition: form-data; name=x\r\n\r\n\r\n"

    app.picture(data)

    assert x.media[0].data == data


@pytest.mark.parametrize(
    ("fields", "files", "told"),
    [
        ({}, {"media": png()}, "$.media_category: is required."),
        ({"media_category": "tweet_image"}, {"medium": png()}, "$.medium: is not allowed here."),
        (
            {"media_category": "tweet_image", "media_type": "image/png"},
            {"media": png()},
            "$.media_type",
        ),
        ({"media_category": "tweet_gif"}, {"media": gif()}, "$.media_category"),
        ({"media_category": "tweet_image"}, {"media": b""}, "$.media: is empty."),
        ({"media_category": "tweet_image"}, {"media": b"BM" + b"\0" * 30}, "$.media: is no JPEG"),
        ({"media_category": "tweet_image"}, {"media": mp4()}, "$.media: is no JPEG"),
    ],
)
def test_an_upload_that_is_none_is_an_invalid_request(
    x: Sandbox, app: App, fields: dict[str, str], files: dict[str, bytes], told: str
) -> None:
    answer = app.ask("POST", "/2/media/upload", data=fields, files=files)

    assert message(answer).startswith(told)
    assert x.media == ()


def test_a_body_that_is_neither_form_nor_json_is_an_invalid_request(app: App) -> None:
    not_base64 = {"media": "%%%", "media_category": "tweet_image"}
    no_boundary = {"content-type": "multipart/form-data"}

    answer = app.ask("POST", "/2/media/upload", json=not_base64)
    assert message(answer) == "$.media: is not base64."
    answer = app.ask("POST", "/2/media/upload", content=png(), headers=no_boundary)
    assert message(answer) == "$.media: is required."


def test_a_picture_has_five_million_bytes_at_most(app: App) -> None:
    fitting = png() + b"\0" * (5_000_000 - len(png()))

    assert app.upload(fitting).status_code == 200
    assert app.upload(fitting + b"\0").status_code == 413


def test_media_need_a_scope_of_their_own(x: Sandbox) -> None:
    app = App(x, scope="tweet.read tweet.write users.read offline.access")
    answers = [app.upload(png()), app.initialize("image/png", "tweet_image", 9)]
    answers += [app.describe("1", "A dog"), app.status("1"), app.finalize("1")]
    app.close()

    assert {(a.status_code, a.json()["detail"]) for a in answers} == {(403, "Forbidden")}


# Chunks.


def test_a_video_in_chunks_arrives_byte_for_byte(x: Sandbox, app: App) -> None:
    film = mp4(3000)

    media_id = app.film(film, "video/mp4", "tweet_video")

    (media,) = x.media
    assert (media.id, media.data, media.media_type) == (media_id, film, "video/mp4")
    assert re.fullmatch(r"7_\d{1,19}", media.key)


def test_a_chunk_may_come_again_and_out_of_order(x: Sandbox, app: App) -> None:
    film = mp4(3000)
    media_id = app.begin("video/mp4", "tweet_video", 3000)
    for index in (2, 0, 1, 1, 2):
        app.append(media_id, index, film[1000 * index : 1000 * (index + 1)])
    app.append(media_id, 2, film[2000:2500])

    assert "Segments do not add up" in message(app.finalize(media_id))
    app.append(media_id, 2, film[2000:])
    assert app.finalize(media_id).status_code == 200
    assert x.media[0].data == film


def test_a_missing_chunk_is_noticed_at_the_end(app: App) -> None:
    film = mp4(2000)
    media_id = app.begin("video/mp4", "tweet_video", 2000)
    app.append(media_id, 0, film[:1000])
    app.append(media_id, 2, film[1000:])

    assert "Segments do not add up" in message(app.finalize(media_id))


def test_chunks_stay_within_what_was_announced(app: App) -> None:
    media_id = app.begin("video/mp4", "tweet_video", 1500)
    app.append(media_id, 0, mp4(1000))

    assert message(app.append(media_id, 1, mp4(501))) == "$.media: is more than was announced."
    assert message(app.append(media_id, 1000, b"a")).startswith("$.segment_index")
    assert message(app.append("12", 0, b"a")) == "BadRequest: Not found"
    assert app.append(media_id, 1, mp4(500)).json()["data"]["expires_at"] > 0


def test_a_chunk_has_five_mebibytes_at_most(app: App) -> None:
    media_id = app.begin("video/mp4", "tweet_video", 20_000_000)

    assert app.append(media_id, 0, b"\0" * 5_242_880).status_code == 200
    assert app.append(media_id, 1, b"\0" * 5_242_881).status_code == 413


@pytest.mark.parametrize(
    ("media_type", "category", "size", "path"),
    [
        ("image/gif", "tweet_video", 9, "$.media_type"),
        ("image/bmp", "tweet_image", 9, "$.media_type"),
        ("video/mp4", "amplify_video", 9, "$.media_category"),
        ("image/png", "tweet_image", 5_000_001, "$.total_bytes"),
        ("image/gif", "tweet_gif", 15_000_001, "$.total_bytes"),
        ("video/mp4", "tweet_video", 512_000_001, "$.total_bytes"),
        ("video/mp4", "tweet_video", 0, "$.total_bytes"),
        ("video/mp4", "tweet_video", "9", "$.total_bytes"),
    ],
)
def test_an_upload_begins_within_the_limits(
    app: App, media_type: str, category: str, size: object, path: str
) -> None:
    assert message(app.initialize(media_type, category, size)).startswith(path)


def test_an_upload_ends_with_a_json_object() -> None:
    told = "Request body must be a JSON object."
    with app_of() as app:
        media_id = app.film(png(), "image/png", "tweet_image")
        assert message(app.finalize(media_id, content=b"")) == told
        assert app.finalize(media_id).status_code == 200  # once more does no harm
    with app_of(bare_finalize=True) as app:
        media_id = app.film(png(), "image/png", "tweet_image")
        assert app.finalize(media_id, content=b"").status_code == 200


def test_sixty_megabytes_are_not_held_in_memory(x: Sandbox, app: App) -> None:
    chunk = os.urandom(2 * 1024 * 1024)
    media_id = app.begin("video/mp4", "tweet_video", 30 * len(chunk))
    app.append(media_id, 0, chunk)
    before = resident()
    peak = 0
    for index in range(1, 30):
        app.append(media_id, index, chunk)
        peak = max(peak, resident())

    assert app.finalize(media_id).status_code == 200
    assert peak - before < 30_000_000
    assert x.media[0].blob.size == 30 * len(chunk)


def resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# Processing.


@pytest.fixture
def clock(x: Sandbox) -> list[float]:
    """The time at `x`, which a test moves on."""
    time = [1_800_000_000.0]
    x.clock = lambda: time[0]
    return time


def processing(answer: httpx.Response) -> Any:
    return answer.json()["data"]["processing_info"]


@pytest.mark.parametrize(
    ("data", "media_type", "category"),
    [
        (gif(), "image/gif", "tweet_gif"),
        (mp4(), "video/mp4", "tweet_video"),
        (mp4(brand=b"qt  "), "video/quicktime", "tweet_video"),
    ],
)
def test_a_gif_or_video_is_looked_at_for_a_while(
    app: App, clock: list[float], data: bytes, media_type: str, category: str
) -> None:
    media_id = app.film(data, media_type, category)
    seen = [processing(app.status(media_id))]
    while "check_after_secs" in seen[-1]:
        clock[0] += seen[-1]["check_after_secs"]
        seen.append(processing(app.status(media_id)))

    assert [info["state"] for info in seen] == ["pending", "in_progress", "succeeded"]
    assert [info.get("check_after_secs") for info in seen] == [1, 1, None]
    assert seen[-1]["progress_percent"] == 100


def test_a_post_waits_until_its_media_are_ready(app: App, clock: list[float]) -> None:
    media_id = app.film(gif(), "image/gif", "tweet_gif")

    assert message(app.create("Woof", media={"media_ids": [media_id]})) == INVALID_IDS
    clock[0] += 2
    assert app.post("Woof", media={"media_ids": [media_id]})


def test_a_picture_in_chunks_is_ready_at_once(app: App) -> None:
    media_id = app.film(png(), "image/png", "tweet_image", chunk=10)

    assert "processing_info" not in app.status(media_id).json()["data"]
    assert app.post("Woof", media={"media_ids": [media_id]})


@pytest.mark.parametrize("state", ["failed", "in_progress"])
def test_processing_can_fail_with_an_error_whatever_the_state(
    x: Sandbox, app: App, clock: list[float], state: str
) -> None:
    x.fail_processing(Failure("UnsupportedMedia", "Duration too long", code=3, state=state))
    media_id = app.film(mp4(), "video/mp4", "tweet_video")
    clock[0] += 2
    info = processing(app.status(media_id))

    assert (info["state"], info["progress_percent"]) == (state, 99)
    assert info["error"] == {"code": 3, "name": "UnsupportedMedia", "message": "Duration too long"}
    assert message(app.create("Woof", media={"media_ids": [media_id]})) == INVALID_IDS
    clock[0] -= 2
    fine = app.film(mp4(), "video/mp4", "tweet_video")
    clock[0] += 2
    assert processing(app.status(fine))["state"] == "succeeded"


@pytest.mark.parametrize(
    ("data", "media_type", "category", "name"),
    [
        (b"no video at all", "video/mp4", "tweet_video", "InvalidMedia"),
        (mp4(), "video/quicktime", "tweet_video", "InvalidMedia"),
        (png(), "image/gif", "tweet_gif", "InvalidMedia"),
        (gif(1281, 10), "image/gif", "tweet_gif", "UnsupportedMedia"),
        (gif(10, 1081), "image/gif", "tweet_gif", "UnsupportedMedia"),
    ],
)
def test_processing_looks_at_the_file(
    app: App, clock: list[float], data: bytes, media_type: str, category: str, name: str
) -> None:
    media_id = app.film(data, media_type, category)
    clock[0] += 2

    assert processing(app.status(media_id))["error"]["name"] == name


def test_a_status_is_asked_for_by_its_name(app: App) -> None:
    media_id = app.film(gif(), "image/gif", "tweet_gif")

    assert app.status(media_id, command="INIT").status_code == 400
    assert app.status(media_id, more="1").status_code == 400
    assert message(app.status("12")) == "BadRequest: Not found"


# Alt text.


def test_an_alt_text_is_kept_beside_the_picture(x: Sandbox, app: App) -> None:
    media_id = app.picture(png())
    longest = "ä" * 1000
    answer = app.describe(media_id, longest)

    assert answer.json()["data"] == {
        "id": media_id,
        "associated_metadata": {"alt_text": {"text": longest}},
    }
    assert x.media[0].alt_text == longest


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"alt_text": {"text": "A dog"}}},
        {"id": "12", "metadata": {"alt_text": {"text": "A dog"}}},
        {"id": 12, "metadata": {"alt_text": {"text": "A dog"}}},
        {"id": "OWN", "metadata": {"alt_text": {"text": "a" * 1001}}},
        {"id": "OWN", "metadata": {"alt_text": "A dog"}},
        {"id": "OWN", "metadata": {"alt_text": {"text": None}}},
        {"id": "OWN", "alt_text": {"text": "A dog"}},
        {"id": "OWN", "metadata": {"alt_text": {"text": "A dog"}, "title": "Dog"}},
    ],
    ids=lambda body: str(body)[:60],
)
def test_an_alt_text_that_is_none_is_an_invalid_request(
    x: Sandbox, app: App, body: dict[str, Any]
) -> None:
    media_id = app.picture(png())
    body = {**body, "id": media_id} if body.get("id") == "OWN" else body

    assert message(app.ask("POST", "/2/media/metadata", json=body))
    assert x.media[0].alt_text is None


# In posts.


def test_a_post_has_its_pictures_in_order_with_their_alt_texts(x: Sandbox, app: App) -> None:
    files = [png(8, 6, (n, n, n)) for n in range(4)]
    ids = [app.picture(data, f"Picture {n}") for n, data in enumerate(files)]
    ids.reverse()

    app.post("Look", media={"media_ids": ids})

    (post,) = x.posts
    assert [media.id for media in post.media] == ids
    assert [media.alt_text for media in post.media] == [f"Picture {n}" for n in (3, 2, 1, 0)]
    assert [media.data for media in post.media] == files[::-1]


def test_a_text_may_be_left_out_beside_media(x: Sandbox, app: App) -> None:
    for _ in range(2):  # no duplicate: each has a link of its own
        app.post(media={"media_ids": [app.picture(png())]})
    (newer, older) = app.shown(post_fields="attachments,entities")

    assert re.fullmatch(r"https://t\.co/\w{10}", newer["text"])
    assert newer["text"] != older["text"]
    assert newer["attachments"] == {"media_keys": [x.media[1].key]}
    (url,) = newer["entities"]["urls"]
    assert url["url"] == newer["text"]
    assert url["expanded_url"] == f"https://x.com/dogfacts/status/{newer['id']}/photo/1"


def test_media_stand_as_a_link_at_the_end_of_the_text(app: App, clock: list[float]) -> None:
    media_id = app.film(mp4(), "video/mp4", "tweet_video")
    clock[0] += 2
    answer = app.create("see https://example.org/", media={"media_ids": [media_id]})
    (shown,) = app.shown(tweet_fields="entities,attachments")

    assert shown["text"] == answer.json()["data"]["text"]
    assert re.fullmatch(r"see https://t\.co/\w{10} https://t\.co/\w{10}", shown["text"])
    link, video = shown["entities"]["urls"]
    assert link["expanded_url"] == "https://example.org/"
    assert video["expanded_url"].endswith("/video/1")
    assert [video["media_key"]] == shown["attachments"]["media_keys"]


def test_a_long_text_with_a_picture_is_whole_in_its_note() -> None:
    with app_of(max_length=1000) as app:
        app.post("a" * 400, media={"media_ids": [app.picture(png())]})
        (shown,) = app.shown(post_fields="note_post,attachments")

    assert shown["note_post"] == {"text": "a" * 400}
    assert len(shown["attachments"]["media_keys"]) == 1


def test_kinds_are_never_mixed(app: App, clock: list[float]) -> None:
    picture, other = app.picture(png()), app.picture(png())
    loop = app.film(gif(), "image/gif", "tweet_gif")
    film, next_film = (app.film(mp4(), "video/mp4", "tweet_video") for _ in range(2))
    clock[0] += 2

    for ids in ([picture, loop], [film, picture], [film, next_film], [loop, film]):
        assert "one GIF, or one video" in message(app.create("Hi", media={"media_ids": ids}))
    for number, ids in enumerate(([picture, other], [loop], [film])):
        assert app.post(f"Number {number}", media={"media_ids": ids})


@pytest.mark.parametrize("count", [0, 5])
def test_a_post_has_one_to_four_pictures(app: App, count: int) -> None:
    ids = [app.picture(png()) for _ in range(count)]

    assert message(app.create("Hi", media={"media_ids": ids})).startswith("$.media.media_ids")


def test_unknown_expired_unfinished_and_foreign_media_are_invalid() -> None:
    with app_of(token_life=200_000) as app:
        x, time = app.x, 1_800_000_000.0
        x.clock = lambda: time
        expired = app.picture(png())
        time += 86_400
        unfinished = app.begin("image/png", "tweet_image", 9)
        dogs, x.account = x.account, x.add_account("jane")
        foreign = app.picture(png())
        x.account = dogs
        good = app.picture(png())

        for media_id in ("12", expired, unfinished, foreign):
            answer = app.create("Hi", media={"media_ids": [good, media_id]})
            assert message(answer) == INVALID_IDS
            assert answer.json()["errors"][0]["parameters"] == {"media.media_ids": [good, media_id]}
        assert x.posts == ()
        assert app.describe(foreign, "Jane's").status_code == 400


# Faults.


def test_upload_as_a_step_means_chunks_too(x: Sandbox, app: App) -> None:
    x.fault("upload", Fault("status", status=503, number=3))
    x.fault("append", Fault("status", status=502, number=3))
    x.fault("metadata", Fault("status", status=500))
    picture = app.upload(png()).json()["data"]["id"]
    media_id = app.begin("video/mp4", "tweet_video", 3000)
    statuses = [app.append(media_id, 0, mp4(1000)).status_code for _ in range(4)]

    assert statuses == [503, 200, 502, 200]
    assert [app.describe(picture, "A dog").status_code for _ in range(2)] == [500, 200]
    assert (x.count("upload"), x.count("append"), x.count("metadata")) == (6, 4, 2)


def test_a_lost_answer_to_a_chunk_keeps_the_chunk(x: Sandbox, app: App) -> None:
    x.fault("append", Fault("reset", after=True))
    media_id = app.begin("image/png", "tweet_image", len(png()))
    with pytest.raises(httpx.ReadError):
        app.append(media_id, 0, png())

    assert app.finalize(media_id).status_code == 200
    assert isinstance(x.media[0], Media)
    assert x.media[0].data == png()
