"""A feed is fetched by its address: redirects, validators, deadlines, and no private neighbours."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

import pytest

from tests.feed_server import FeedServer, Page
from tweetbot.errors import ConfigurationError, NotSent, Temporary
from tweetbot.x import Fetched, Transport, fetch
from tweetbot.x.private import is_public, names_private
from tweetbot.x.transport import Party

FEED = b"<rss version='2.0'><channel><title>News</title></channel></rss>"


@pytest.fixture
def web() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def get(
    url: str, *, environ: dict[str, str] | None = None, deadline: float = 5, **validators: str
) -> Fetched:
    with Transport(user_agent="tweetbot/1 (+https://e.com)", environ=environ or {}) as http:
        return fetch(http, url, deadline=deadline, **validators)


def to(place: str, status: int = 302) -> Page:
    return Page(status=status, headers={"Location": place})


def test_a_feed_is_fetched_without_any_credentials(web: FeedServer) -> None:
    headers = {"Content-Type": "text/xml; charset=ISO-8859-1", "Set-Cookie": "a=b"}
    web.pages["/feed"] = Page(FEED, headers=headers, etag='"1"')
    found = get(f"{web.url}/feed")
    assert (found.content, found.charset, found.etag, found.moved_to) == (
        FEED,
        "iso-8859-1",
        '"1"',
        "",
    )
    [(_, asked)] = web.asked
    assert asked["user-agent"] == "tweetbot/1 (+https://e.com)"
    assert not asked.keys() & {"authorization", "cookie", "if-none-match", "referer"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_a_permanent_one_is_told(status: int, web: FeedServer) -> None:
    web.pages |= {"/old": to("/new", status), "/new": Page(FEED)}
    found = get(f"{web.url}/old")
    assert (found.content, found.url) == (FEED, f"{web.url}/new")
    assert found.moved_to == (f"{web.url}/new" if status in (301, 308) else "")


def test_a_feed_has_moved_as_far_as_all_redirects_are_permanent(web: FeedServer) -> None:
    web.pages |= {"/a": to("/b", 301), "/b": to("/c", 308), "/c": to("/d"), "/d": Page(FEED)}
    found = get(f"{web.url}/a")
    assert (found.url, found.moved_to) == (f"{web.url}/d", f"{web.url}/c")


def test_a_feed_that_is_elsewhere_for_now_has_not_moved(web: FeedServer) -> None:
    web.pages |= {"/a": to("/b"), "/b": to("/c", 301), "/c": Page(FEED)}
    assert get(f"{web.url}/a").moved_to == ""


NO_TARGETS = ["", "http://", "file:///etc/passwd", "ftp://e.com/", "http://[::1", "//:80", "/round"]


@pytest.mark.parametrize("target", NO_TARGETS)
def test_a_redirect_to_nowhere_is_a_failure(target: str, web: FeedServer) -> None:
    web.pages["/round"] = to(target)
    with pytest.raises(Temporary, match=r"redirects|no complete HTTP answer"):
        get(f"{web.url}/round")
    assert len(web.asked) <= 11


def test_what_has_not_changed_is_not_sent_again(web: FeedServer) -> None:
    web.pages |= {"/old": to("/feed", 301), "/feed": Page(FEED, etag='"1"')}
    found = get(f"{web.url}/old", etag='"1"', modified="Sat, 28 Nov 2026 10:00:00 GMT")
    assert (found.is_unchanged, found.content, found.moved_to) == (True, b"", f"{web.url}/feed")
    assert web.asked[-1][1]["if-modified-since"] == "Sat, 28 Nov 2026 10:00:00 GMT"


def test_a_date_that_is_just_now_proves_nothing(web: FeedServer) -> None:
    """Within its second the feed may change once more."""
    for age, is_kept in ((0, False), (1, False), (60, True)):
        changed = formatdate(time.time() - age, usegmt=True)
        web.pages["/feed"] = Page(FEED, headers={"Last-Modified": changed})
        assert get(f"{web.url}/feed").modified == (changed if is_kept else "")
    web.pages["/feed"] = Page(FEED, headers={"Last-Modified": "yesterday"})
    assert get(f"{web.url}/feed").modified == ""


def test_unchanged_is_no_answer_to_who_has_seen_nothing(web: FeedServer) -> None:
    web.pages["/feed"] = Page(status=304)
    with pytest.raises(Temporary, match="304"):
        get(f"{web.url}/feed")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 500, 503])
def test_a_refusal_is_told(status: int, web: FeedServer) -> None:
    web.pages["/feed"] = Page(FEED, status=status)
    with pytest.raises(Temporary, match=f"feed {web.url}/feed cannot be read: .*{status}"):
        get(f"{web.url}/feed?key=secret")


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ("120", 120),
        (lambda: formatdate(time.time() + 600, usegmt=True), 600),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("9" * 18, None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_when_a_server_wants_to_be_asked_again_is_told(
    status: int, said: str | Callable[[], str], pause: int | None, web: FeedServer
) -> None:
    later = said if isinstance(said, str) else said()
    web.pages["/feed"] = Page(status=status, headers={"Retry-After": later})
    with pytest.raises(Temporary) as failed:
        get(f"{web.url}/feed")
    at = failed.value.retry_at
    assert (at is None) == (pause is None)
    assert at is None or abs(at - time.time() - (pause or 0)) < 5


def test_a_packed_feed_is_unpacked_and_a_bomb_is_not(web: FeedServer) -> None:
    web.pages["/feed"] = Page(FEED, is_packed=True)
    assert get(f"{web.url}/feed").content == FEED
    bomb = gzip.compress(b"\0" * 200_000_000, compresslevel=9)
    web.pages["/bomb"] = Page(
        headers={"Content-Encoding": "gzip"}, write=lambda out: out.write(bomb)
    )
    began = time.process_time()
    with pytest.raises(Temporary, match="larger than 10240 KiB"):
        get(f"{web.url}/bomb")
    assert time.process_time() - began < 2


def test_a_feed_that_drips_ends_at_the_deadline(web: FeedServer) -> None:
    def drip(out: Any) -> None:
        for byte in FEED:
            out.write(bytes([byte]))
            out.flush()
            time.sleep(0.1)

    web.pages |= {"/a": to("/feed"), "/feed": Page(write=drip)}
    began = time.monotonic()
    with pytest.raises(Temporary, match=r"no answer within 0\.\d+ s"):
        get(f"{web.url}/a", deadline=0.5)
    assert time.monotonic() - began < 2


def test_all_redirects_together_have_one_deadline(web: FeedServer) -> None:
    web.pages["/round"] = Page(
        status=302, headers={"Location": "/round"}, write=lambda _: time.sleep(0.2)
    )
    began = time.monotonic()
    with pytest.raises(Temporary, match="no answer within"):
        get(f"{web.url}/round", deadline=0.5)
    assert time.monotonic() - began < 1.5


def test_half_a_feed_is_none(web: FeedServer) -> None:
    headers = {"Content-Length": "1000"}
    web.pages["/feed"] = Page(headers=headers, write=lambda out: out.write(FEED))
    with pytest.raises(Temporary, match="no complete HTTP answer"):
        get(f"{web.url}/feed")


NO_ADDRESSES = ["ftp://e.com/", "http://", "https:///feed", "http://e.com:99999/", "http://[e"]


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="no address of a feed"):
        get(url)


def test_an_address_with_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigurationError, match="user or a password") as raised:
        get("https://me:hunter2@e.com/feed")
    assert "hunter2" not in str(raised.value)


# -- private addresses ----------------------------------------------------------------------------

PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.1",
    "10.0.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "[::1]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00::1]",
    "localhost",
    "LOCALHOST.",
    "router.lan",
    "printer.home.arpa",
    "rsshub",
]
PUBLIC = ["example.com", "8.8.8.8", "[2606:4700::1111]", "[64:ff9b::808:808]", "lan.example.com"]


@pytest.mark.parametrize("host", [*PRIVATE, *PUBLIC])
def test_an_address_is_private_or_public(host: str) -> None:
    assert names_private(f"http://{host}/feed") == (host in PRIVATE)


def test_the_address_that_a_name_leads_to_is_private_or_public() -> None:
    assert [is_public(ip) for ip in ("8.8.8.8", "10.0.0.1", "::1", "fe80::1%eth0")] == [
        True,
        False,
        False,
        False,
    ]


class Proxy:
    """A proxy by which `http://public.example.com` is this machine's server."""

    def __init__(self, web: FeedServer) -> None:
        self._web = web
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[bytes] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                request = client.recv(65536)
                self.asked.append(request.split(b"\r\n")[0])
                path = request.split(b" ")[1].partition(b".com")[2]
                page = self._web.pages[path.decode()]
                head = "".join(f"{name}: {value}\r\n" for name, value in page.headers.items())
                client.sendall(
                    f"HTTP/1.1 {page.status} X\r\n{head}Content-Length: {len(page.body)}\r\n"
                    "Connection: close\r\n\r\n".encode()
                    + page.body
                )

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def proxy(web: FeedServer) -> Iterator[Proxy]:
    made = Proxy(web)
    yield made
    made.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "127.1"])
def test_a_public_feed_may_not_redirect_to_a_private_address(
    host: str, web: FeedServer, proxy: Proxy
) -> None:
    port = web.url.rpartition(":")[2]
    web.pages |= {"/feed": to(f"http://{host}:{port}/secret"), "/secret": Page(FEED)}
    with pytest.raises(Temporary, match="redirects to a private address"):
        get("http://public.example.com/feed", environ={"http_proxy": proxy.url})
    assert (len(proxy.asked), web.asked) == (1, [])


def test_a_feed_may_redirect_to_another_public_address(web: FeedServer, proxy: Proxy) -> None:
    web.pages |= {"/feed": to("http://other.example.com/new", 301), "/new": Page(FEED)}
    found = get("http://public.example.com/feed", environ={"http_proxy": proxy.url})
    assert (found.content, found.moved_to) == (FEED, "http://other.example.com/new")


def test_a_private_feed_may_redirect_to_a_private_address(web: FeedServer) -> None:
    port = web.url.rpartition(":")[2]
    web.pages |= {"/feed": to(f"http://localhost:{port}/new"), "/new": Page(FEED)}
    assert get(f"{web.url}/feed").content == FEED


def test_a_name_that_leads_to_a_private_address_is_asked_nothing(web: FeedServer) -> None:
    """The address is that of the connection: a name may lead elsewhere a moment later."""
    public = Party(may_be=is_public)
    with (
        Transport(user_agent="tweetbot", environ={}) as http,
        pytest.raises(NotSent, match="leads to a private address"),
    ):
        http.request("GET", web.url, deadline=5, party=public)
    assert web.asked == []
