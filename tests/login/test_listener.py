from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tweetbot.errors import ConfigurationError
from tweetbot.login.connections import Limits
from tweetbot.login.listener import RedirectListener
from tweetbot.login.redirect import AuthorizationResponse

STATE = "kR3-the_right.state~0123456789"
CODE = "VGhlLWNvZGU6MTox"
GOOD = f"state={STATE}&code={CODE}"
REDIRECT_URI = "http://127.0.0.1:8910/callback"
CLOSING_WORDS = "You can close this window and return to the terminal."


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Peer:
    """Whoever can reach the port of a listener; hangs up at the end of the test."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._open = contextlib.ExitStack()

    def connect(self, host: str = "127.0.0.1") -> socket.socket:
        connection = socket.create_connection((host, self.port), timeout=10)
        return self._open.enter_context(contextlib.closing(connection))

    def send(self, request: bytes, *, host: str = "127.0.0.1") -> bytes:
        """Send `request`, read until the listener hangs up."""
        with contextlib.closing(self.connect(host)) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(request)
            return read_all(connection)

    def get(self, target: str, *, name: str | None = None, host: str = "127.0.0.1") -> bytes:
        name = name or f"{host}:{self.port}"
        return self.send(f"GET {target} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode(), host=host)

    def hang_up(self) -> None:
        self._open.close()


def read_all(connection: socket.socket) -> bytes:
    answer = b""
    with contextlib.suppress(ConnectionError):
        while received := connection.recv(65536):
            answer += received
    return answer


def status(answer: bytes) -> int | None:
    """The status code of `answer`; None if the listener hung up without a word."""
    return int(answer.split(b" ", 2)[1]) if answer else None


def header(answer: bytes, name: str) -> str | None:
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    return fields.get(name)


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer(free_port())
    yield peer
    peer.hang_up()
    gc.collect()  # a socket that was left open is reported in the test that left it


@pytest.fixture
def listener(peer: Peer) -> Iterator[RedirectListener]:
    with RedirectListener(f"http://127.0.0.1:{peer.port}/callback", state=STATE) as listener:
        yield listener


@pytest.fixture(autouse=True)
def _silence(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing is ever printed, whatever arrives: a request line may hold the code."""
    yield
    assert capfd.readouterr() == ("", "")


Attack = Callable[[Peer], bytes | None]


def sending(request: str | bytes) -> Attack:
    """An attack of one request; PORT stands for the port of the listener."""
    raw = request.encode("latin-1") if isinstance(request, str) else request
    return lambda peer: peer.send(raw.replace(b"PORT", str(peer.port).encode()))


def idle_connections(count: int) -> Attack:
    def attack(peer: Peer) -> None:
        for _ in range(count):
            peer.connect()

    return attack


def dripping_request(peer: Peer) -> None:
    connection = peer.connect()

    def drip() -> None:
        with contextlib.suppress(OSError):
            for byte in f"GET /callback?{STOLEN} HTTP/1.1\r\n".encode() * 10:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)

    threading.Thread(target=drip, daemon=True).start()


def dripping_crowd(peer: Peer) -> None:
    for _ in range(25):
        dripping_request(peer)


def resets(peer: Peer) -> None:
    for _ in range(20):
        connection = peer.connect()
        linger_zero = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
        connection.send(b"GET")
        connection.close()


STOLEN = f"state={STATE}&code=stolen"
HOST = "Host: 127.0.0.1:PORT\r\n"
TLS_CLIENT_HELLO = b"\x16\x03\x01\x00\x0a\x01\x00\x00\x06\x03\x03\x00\x00\x00\x00"


def tls_client_hello(peer: Peer) -> None:
    peer.connect().sendall(TLS_CLIENT_HELLO)


@pytest.mark.parametrize(
    ("attack", "refused_with"),
    [
        pytest.param(idle_connections(1), None, id="idle pre-connection"),
        pytest.param(idle_connections(15), None, id="15 idle connections"),
        pytest.param(idle_connections(60), None, id="flood of 60 connections"),
        pytest.param(dripping_request, None, id="slow client"),
        pytest.param(dripping_crowd, None, id="25 slow clients"),
        pytest.param(resets, None, id="reset connections"),
        pytest.param(tls_client_hello, None, id="TLS"),
        pytest.param(sending(f"GET /favicon.ico HTTP/1.1\r\n{HOST}\r\n"), 404, id="favicon"),
        pytest.param(
            sending(f"GET /callback?state=wrong&code=stolen HTTP/1.1\r\n{HOST}\r\n"),
            400,
            id="wrong state",
        ),
        pytest.param(
            sending(f"GET /callback?code=stolen HTTP/1.1\r\n{HOST}\r\n"), 400, id="no state"
        ),
        pytest.param(sending(f"GET /callback HTTP/1.1\r\n{HOST}\r\n"), 400, id="no query"),
        pytest.param(
            sending(f"GET /callback?error=access_denied&state=wrong HTTP/1.1\r\n{HOST}\r\n"),
            400,
            id="denial with a wrong state",
        ),
        pytest.param(
            sending(f"GET /callback?error=access_denied HTTP/1.1\r\n{HOST}\r\n"),
            400,
            id="denial without a state",
        ),
        pytest.param(
            sending(f"GET /callback?{STOLEN}&code=again HTTP/1.1\r\n{HOST}\r\n"),
            400,
            id="code twice",
        ),
        pytest.param(
            sending(f"GET /callback?{STOLEN}&iss=https://evil.example HTTP/1.1\r\n{HOST}\r\n"),
            400,
            id="another issuer",
        ),
        pytest.param(
            sending(f"GET /callback?{STOLEN} HTTP/1.1\r\nHost: evil.example:PORT\r\n\r\n"),
            421,
            id="DNS rebinding",
        ),
        pytest.param(
            sending(f"GET /callback?{STOLEN} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
            421,
            id="Host without the port",
        ),
        pytest.param(
            sending(f"GET /callback?{STOLEN} HTTP/1.1\r\n{HOST}{HOST}\r\n"), 421, id="two Hosts"
        ),
        pytest.param(sending(f"GET /callback?{STOLEN} HTTP/1.1\r\n\r\n"), 421, id="no Host"),
        pytest.param(
            sending(f"GET http://127.0.0.1:PORT/callback?{STOLEN} HTTP/1.1\r\n{HOST}\r\n"),
            400,
            id="absolute-form",
        ),
        pytest.param(sending(f"GET /callback?{STOLEN}\r\n"), 400, id="HTTP/0.9"),
        pytest.param(
            sending(f"GET /callback?{STOLEN}\r\n{HOST}\r\n"), 400, id="HTTP/0.9 with a Host"
        ),
        pytest.param(sending(f"GET /callback?{STOLEN} HTTP/2.0\r\n{HOST}\r\n"), 400, id="HTTP/2.0"),
        pytest.param(sending(f"HEAD /callback?{STOLEN} HTTP/1.1\r\n{HOST}\r\n"), 405, id="HEAD"),
        pytest.param(
            sending(f"POST /callback?{STOLEN} HTTP/1.1\r\n{HOST}Content-Length: 0\r\n\r\n"),
            405,
            id="POST",
        ),
        pytest.param(
            sending(
                f"POST /callback HTTP/1.1\r\n{HOST}Content-Length: {len(STOLEN)}\r\n\r\n{STOLEN}"
            ),
            405,
            id="POST with the code as a form",
        ),
        pytest.param(
            sending(f"OPTIONS /callback?{STOLEN} HTTP/1.1\r\n{HOST}\r\n"), 405, id="OPTIONS"
        ),
        pytest.param(sending(f"CONNECT 127.0.0.1:PORT HTTP/1.1\r\n{HOST}\r\n"), 400, id="CONNECT"),
        pytest.param(sending(f"GET /other?{STOLEN} HTTP/1.1\r\n{HOST}\r\n"), 404, id="path"),
        pytest.param(
            sending(f"GET /callback/?{STOLEN} HTTP/1.1\r\n{HOST}\r\n"), 404, id="longer path"
        ),
        pytest.param(
            sending(f"GET //callback?{STOLEN} HTTP/1.1\r\n{HOST}\r\n"), 404, id="double slash"
        ),
        pytest.param(
            sending(f"GET /%63allback?{STOLEN} HTTP/1.1\r\n{HOST}\r\n"), 404, id="encoded path"
        ),
        pytest.param(
            sending(f"GET /done HTTP/1.1\r\n{HOST}\r\n"), 404, id="closing page before its time"
        ),
        pytest.param(
            sending(f"GET /callback?{STOLEN}&x={'x' * 200_000} HTTP/1.1\r\n{HOST}\r\n"),
            None,  # whoever is refused while still sending may see a reset instead
            id="line of 200 KB",
        ),
        pytest.param(
            sending(
                f"GET /callback?{STOLEN} HTTP/1.1\r\n{HOST}"
                + "".join(f"X-{n}: y\r\n" for n in range(500))
                + "\r\n"
            ),
            431,
            id="500 headers",
        ),
        pytest.param(sending(bytes(range(256)) * 4), 400, id="garbage"),
        pytest.param(sending(b"\r\n\r\n"), 400, id="empty line"),
    ],
)
def test_an_attack_neither_counts_nor_delays_the_answer(
    listener: RedirectListener, peer: Peer, attack: Attack, refused_with: int | None
) -> None:
    refusal = attack(peer)
    if refusal is not None:
        assert refused_with in {status(refusal), None}
        assert b"stolen" not in refusal
    assert listener.wait(0) is None

    started = time.monotonic()
    answer = peer.get(f"/callback?{GOOD}")
    closing_page = peer.get("/done")
    took = time.monotonic() - started

    assert status(answer) == 303
    assert status(closing_page) == 200
    assert listener.wait(1) == AuthorizationResponse(code=CODE)
    assert took < 2


def test_the_browser_is_led_to_a_closing_page(listener: RedirectListener, peer: Peer) -> None:
    answer = peer.get(f"/callback?{GOOD}")
    assert status(answer) == 303
    assert header(answer, "Location") == f"http://127.0.0.1:{peer.port}/done"
    page = peer.get("/done")
    assert status(page) == 200
    assert header(page, "Content-Type") == "text/html; charset=utf-8"
    assert CLOSING_WORDS in page.decode()
    assert "success" not in page.decode().lower()
    assert status(peer.get("/done")) == 200
    assert listener.wait(1) == AuthorizationResponse(code=CODE)


def test_a_callback_called_done_has_its_closing_page_elsewhere(peer: Peer) -> None:
    with RedirectListener(f"http://127.0.0.1:{peer.port}/done", state=STATE):
        assert status(peer.get(f"/done?{GOOD}")) == 303
        assert status(peer.get("/closed")) == 200


def test_a_double_slash_in_the_path_leads_to_no_other_host(peer: Peer) -> None:
    with RedirectListener(f"http://127.0.0.1:{peer.port}//evil/callback", state=STATE):
        answer = peer.get(f"//evil/callback?{GOOD}")
        assert header(answer, "Location") == f"http://127.0.0.1:{peer.port}//evil/done"
        assert status(peer.get("//evil/done")) == 200


@pytest.mark.parametrize(
    "target",
    [f"/callback?{GOOD}", "/done", f"/callback?state=wrong&code={CODE}", "/other", "/callback?%"],
)
@pytest.mark.usefixtures("listener")
def test_every_answer_has_security_headers_and_no_secret(peer: Peer, target: str) -> None:
    if target == "/done":
        peer.get(f"/callback?{GOOD}")
    answer = peer.get(target)
    assert header(answer, "Content-Security-Policy") == (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    assert header(answer, "Cache-Control") == "no-store"
    assert header(answer, "Referrer-Policy") == "no-referrer"
    assert header(answer, "X-Content-Type-Options") == "nosniff"
    assert header(answer, "X-Frame-Options") == "DENY"
    assert header(answer, "Connection") == "close"
    assert header(answer, "Server") is None
    assert b"Python" not in answer
    assert CODE.encode() not in answer
    assert STATE.encode() not in answer


@pytest.mark.usefixtures("listener")
def test_a_refusal_by_the_standard_library_has_the_same_headers(peer: Peer) -> None:
    answer = peer.send(f"PUT /callback?{GOOD} HTTP/1.1\r\n\r\n".encode())
    assert status(answer) == 405
    assert header(answer, "Allow") == "GET"
    assert header(answer, "Content-Type") == "text/plain; charset=utf-8"
    assert header(answer, "X-Frame-Options") == "DENY"
    assert answer.partition(b"\r\n\r\n")[2] == b"Method Not Allowed\n"


@pytest.mark.usefixtures("listener")
def test_head_is_refused_without_a_body(peer: Peer) -> None:
    answer = peer.send(f"HEAD /callback?{GOOD} HTTP/1.1\r\n\r\n".encode())
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
@pytest.mark.usefixtures("listener")
def test_every_name_of_the_loopback_interface_is_a_host(peer: Peer, name: str) -> None:
    assert status(peer.get(f"/callback?{GOOD}", name=f"{name}:{peer.port}")) == 303


def test_the_same_answer_twice_gets_the_same_closing_page(
    listener: RedirectListener, peer: Peer
) -> None:
    """A browser fetches the address ahead, and then the person arrives."""
    first, second = (peer.get(f"/callback?{GOOD}") for _ in range(2))
    assert (status(first), status(second)) == (303, 303)
    assert header(first, "Location") == header(second, "Location")
    assert status(peer.get("/done")) == 200
    assert listener.wait(1) == AuthorizationResponse(code=CODE)


def test_a_tls_hello_is_told_at_once(peer: Peer) -> None:
    told = threading.Event()
    uri = f"http://127.0.0.1:{peer.port}/callback"
    with RedirectListener(uri, state=STATE, on_tls=told.set) as listener:
        with contextlib.suppress(OSError), peer.connect() as connection:
            ssl.create_default_context().wrap_socket(connection, server_hostname="127.0.0.1")
        assert told.wait(2)
        assert status(peer.get(f"/callback?{GOOD}")) == 303
        assert listener.wait(1)


def test_the_first_answer_wins(listener: RedirectListener, peer: Peer) -> None:
    assert status(peer.get(f"/callback?{GOOD}")) == 303
    assert status(peer.get(f"/callback?state={STATE}&code=second")) == 409
    assert status(peer.get(f"/callback?state={STATE}&error=access_denied")) == 409
    assert status(peer.get("/callback?state=wrong&code=second")) == 400
    assert listener.wait(1) == AuthorizationResponse(code=CODE)
    assert listener.wait(0.1) == AuthorizationResponse(code=CODE)


@pytest.mark.usefixtures("listener")
def test_one_of_many_answers_at_once_wins(peer: Peer) -> None:
    answers: list[int | None] = []

    def answer(number: int) -> None:
        answers.append(status(peer.get(f"/callback?state={STATE}&code={number}")))

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers, key=str) == [303] + [409] * 9


def test_a_denial_is_reported_at_once(listener: RedirectListener, peer: Peer) -> None:
    started = time.monotonic()
    answer = peer.get(f"/callback?error=access_denied&error_description=No.&state={STATE}")
    response = listener.wait(5)
    assert response == AuthorizationResponse(error="access_denied", error_description="No.")
    assert time.monotonic() - started < 1
    assert status(answer) == 303
    assert CLOSING_WORDS in peer.get("/done").decode()


def test_a_wrong_state_keeps_waiting(listener: RedirectListener, peer: Peer) -> None:
    assert status(peer.get(f"/callback?state=wrong&code={CODE}")) == 400
    assert listener.wait(0.1) is None
    assert status(peer.get(f"/callback?{GOOD}")) == 303
    assert listener.wait(1) == AuthorizationResponse(code=CODE)


def test_an_answer_ends_a_wait_that_is_under_way(listener: RedirectListener, peer: Peer) -> None:
    timer = threading.Timer(0.2, peer.get, [f"/callback?{GOOD}"])
    timer.start()
    started = time.monotonic()
    assert listener.wait(10) == AuthorizationResponse(code=CODE)
    assert time.monotonic() - started < 2
    timer.join()


@pytest.mark.parametrize("timeout", [0, 0.1, 0.6])
def test_the_deadline_is_kept(listener: RedirectListener, timeout: float) -> None:
    started = time.monotonic()
    assert listener.wait(timeout) is None
    assert timeout <= time.monotonic() - started < timeout + 0.2


def test_a_pasted_answer_wins_over_a_later_redirect(listener: RedirectListener, peer: Peer) -> None:
    assert listener.offer(AuthorizationResponse(code="pasted"))
    assert status(peer.get(f"/callback?{GOOD}")) == 409
    assert status(peer.get("/done")) == 404
    assert listener.wait(0.1) == AuthorizationResponse(code="pasted")


def test_a_redirect_wins_over_a_later_paste(listener: RedirectListener, peer: Peer) -> None:
    peer.get(f"/callback?{GOOD}")
    assert not listener.offer(AuthorizationResponse(code="pasted"))
    assert listener.wait(0.1) == AuthorizationResponse(code=CODE)


def test_a_paste_ends_a_wait_that_is_under_way(listener: RedirectListener) -> None:
    timer = threading.Timer(0.2, listener.offer, [AuthorizationResponse(code="pasted")])
    timer.start()
    started = time.monotonic()
    assert listener.wait(10) == AuthorizationResponse(code="pasted")
    assert time.monotonic() - started < 2
    timer.join()


def test_the_answer_is_announced_after_the_browser_was_answered(peer: Peer) -> None:
    """Whoever waits may close the listener at once, and the browser still gets its page."""
    uri = f"http://127.0.0.1:{peer.port}/callback"
    answers: list[bytes] = []

    def browse() -> None:
        answers.append(peer.get(f"/callback?{GOOD}"))

    for _ in range(20):
        browser = threading.Thread(target=browse)
        with RedirectListener(uri, state=STATE) as listener:
            browser.start()
            assert listener.wait(5) is not None
        browser.join()
    assert {status(answer) for answer in answers} == {303}


# --- linger --------------------------------------------------------------------------------


def test_linger_returns_at_once_if_no_redirect_came(listener: RedirectListener) -> None:
    listener.offer(AuthorizationResponse(code="pasted"))
    started = time.monotonic()
    listener.linger(5)
    assert time.monotonic() - started < 0.2


def test_linger_waits_for_the_closing_page(listener: RedirectListener, peer: Peer) -> None:
    peer.get(f"/callback?{GOOD}")
    timer = threading.Timer(0.3, peer.get, ["/done"])
    timer.start()
    started = time.monotonic()
    listener.linger(5)
    assert 0.2 < time.monotonic() - started < 1.5
    timer.join()


def test_linger_waits_no_longer_than_its_limit(listener: RedirectListener, peer: Peer) -> None:
    peer.get(f"/callback?{GOOD}")
    started = time.monotonic()
    listener.linger(0.5)
    assert 0.4 < time.monotonic() - started < 0.8
    started = time.monotonic()
    listener.linger(0.5)
    assert time.monotonic() - started < 0.1


def test_linger_counts_from_the_redirect(listener: RedirectListener, peer: Peer) -> None:
    peer.get(f"/callback?{GOOD}")
    time.sleep(0.3)
    started = time.monotonic()
    listener.linger(0.3)
    assert time.monotonic() - started < 0.1


def test_linger_returns_at_once_if_the_page_was_fetched(
    listener: RedirectListener, peer: Peer
) -> None:
    peer.get(f"/callback?{GOOD}")
    peer.get("/done")
    started = time.monotonic()
    listener.linger(5)
    assert time.monotonic() - started < 0.3


# --- connections ---------------------------------------------------------------------------


@contextlib.contextmanager
def limited(peer: Peer, limits: Limits) -> Iterator[RedirectListener]:
    uri = f"http://127.0.0.1:{peer.port}/callback"
    with RedirectListener(uri, state=STATE, limits=limits) as listener:
        yield listener


def seconds_until_closed(connection: socket.socket) -> float:
    started = time.monotonic()
    read_all(connection)
    return time.monotonic() - started


def test_an_idle_connection_is_closed(peer: Peer) -> None:
    with limited(peer, Limits(idle=0.3)):
        assert 0.2 < seconds_until_closed(peer.connect()) < 2


def test_a_dripping_connection_is_closed(peer: Peer) -> None:
    with limited(peer, Limits(connection=0.5)):
        connection = peer.connect()
        connection.settimeout(0.1)
        started = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - started < 4:
                connection.send(b"G")
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(1):
                        break
        assert 0.4 < time.monotonic() - started < 2


def test_the_limits_are_those_of_the_documentation() -> None:
    assert Limits() == Limits(connections=20, idle=5.0, connection=30.0)


@pytest.mark.usefixtures("listener")
def test_a_flood_makes_no_more_than_twenty_threads(peer: Peer) -> None:
    before = threading.active_count()
    most = 0
    for _ in range(60):
        peer.connect()
        most = max(most, threading.active_count() - before)
    time.sleep(0.2)
    assert 15 <= max(most, threading.active_count() - before) <= 21  # one may be just leaving


def test_a_newcomer_replaces_the_oldest(peer: Peer) -> None:
    with limited(peer, Limits(connections=2)):
        oldest, newer = peer.connect(), peer.connect()
        time.sleep(0.1)
        newest = peer.connect()
        assert seconds_until_closed(oldest) < 2
        for connection in (newer, newest):
            connection.setblocking(False)
            with pytest.raises(BlockingIOError):
                connection.recv(1)


# --- opening and closing -------------------------------------------------------------------


@needs_ipv6
@pytest.mark.parametrize(
    ("name", "reachable"),
    [
        ("localhost", ["127.0.0.1", "::1"]),
        ("127.0.0.1", ["127.0.0.1"]),
        ("[::1]", ["::1"]),
    ],
)
def test_it_listens_on_the_addresses_of_its_host(
    peer: Peer, name: str, reachable: list[str]
) -> None:
    with RedirectListener(f"http://{name}:{peer.port}/callback", state=STATE) as listener:
        for address in ("127.0.0.1", "::1"):
            if address in reachable:
                target = f"/callback?{GOOD}"
                answer = peer.get(target, host=address, name=f"{name}:{peer.port}")
                assert status(answer) in {303, 409}
            else:
                with pytest.raises(ConnectionRefusedError):
                    peer.connect(address)
        assert listener.wait(1) == AuthorizationResponse(code=CODE)


def other_address() -> str:
    """An address of this machine that is not a loopback one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing
        address: str = probe.getsockname()[0]
        return address


@pytest.mark.usefixtures("listener")
def test_no_other_interface_reaches_it(peer: Peer) -> None:
    try:
        address = other_address()
    except OSError:
        pytest.skip("this machine has no other interface")
    with pytest.raises(ConnectionRefusedError):
        peer.connect(address)


@pytest.mark.parametrize("name", ["127.0.0.1", pytest.param("localhost", marks=needs_ipv6)])
def test_a_busy_port_is_named_with_the_way_out(peer: Peer, name: str) -> None:
    family, address = (socket.AF_INET6, "::1") if name == "localhost" else (socket.AF_INET, name)
    with socket.socket(family) as other:
        other.bind((address, peer.port))
        other.listen()
        with pytest.raises(ConfigurationError, match=f"port {peer.port}") as refusal:
            RedirectListener(f"http://{name}:{peer.port}/callback", state=STATE)
    assert "--redirect-uri" in refusal.value.remedy
    assert "console.x.com" in refusal.value.remedy
    assert f":{peer.port}/" not in refusal.value.remedy
    gc.collect()


@pytest.mark.usefixtures("listener")
def test_a_listener_keeps_its_port_to_itself(peer: Peer) -> None:
    with pytest.raises(ConfigurationError, match="Another program"):
        RedirectListener(f"http://127.0.0.1:{peer.port}/callback", state=STATE)


def test_an_address_that_is_not_there_is_a_configuration_error(peer: Peer) -> None:
    outcome = run_with_failing_bind(
        address="127.0.0.1", number="EADDRNOTAVAIL", uri=f"http://127.0.0.1:{peer.port}/"
    )
    assert "Cannot listen on 127.0.0.1" in outcome
    assert "--redirect-uri http://127.0.0.1:" in outcome


def run_with_failing_bind(*, address: str, number: str, uri: str) -> str:
    """Open a listener where the system refuses to bind `address`; return what came of it."""
    program = f"""
import errno, os, sys
from tweetbot.errors import ConfigurationError
from tweetbot.login.listener import RedirectListener

def refuse(event, arguments):
    if event == "socket.gethostbyaddr":
        print("asks for names", end=" ")
    if event == "socket.bind" and arguments[1][0] == {address!r}:
        raise OSError(errno.{number}, os.strerror(errno.{number}))

sys.addaudithook(refuse)
try:
    with RedirectListener({uri!r}, state="state") as listener:
        print("listens", end="")
except ConfigurationError as error:
    print(error, end="")
"""
    return run(program).stdout


def run(program: str) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", program],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert finished.stderr == ""
    return finished


def environment() -> dict[str, str]:
    source = Path(__file__).parents[2] / "src"
    return {**os.environ, "PYTHONPATH": str(source)}


def test_localhost_without_ipv6_listens_on_ipv4_alone(peer: Peer) -> None:
    uri = f"http://localhost:{peer.port}/callback"
    for number in ("EADDRNOTAVAIL", "EAFNOSUPPORT"):
        assert run_with_failing_bind(address="::1", number=number, uri=uri) == "listens"


def test_a_missing_address_is_passed_over_for_localhost_alone(peer: Peer) -> None:
    uri = f"http://[::1]:{peer.port}/callback"
    outcome = run_with_failing_bind(address="::1", number="EADDRNOTAVAIL", uri=uri)
    assert "Cannot listen on [::1]" in outcome


def test_a_privileged_port_is_a_configuration_error() -> None:
    outcome = run_with_failing_bind(
        address="127.0.0.1", number="EACCES", uri="http://127.0.0.1:80/callback"
    )
    assert "127.0.0.1:80" in outcome
    assert "--redirect-uri http://127.0.0.1:8910/callback" in outcome


def test_no_name_is_looked_up(peer: Peer) -> None:
    uri = f"http://127.0.0.1:{peer.port}/callback"
    assert run_with_failing_bind(address="none", number="EACCES", uri=uri) == "listens"


def test_a_port_can_be_used_again_at_once(peer: Peer) -> None:
    for _ in range(3):
        with RedirectListener(f"http://127.0.0.1:{peer.port}/callback", state=STATE) as listener:
            assert status(peer.get(f"/callback?{GOOD}")) == 303
            assert listener.wait(1) is not None


def test_who_comes_before_it_serves_is_served_later(peer: Peer) -> None:
    """The port is taken from the beginning: nobody else can take it, and nobody is turned away."""
    listener = RedirectListener(f"http://127.0.0.1:{peer.port}/callback", state=STATE)
    started = time.monotonic()
    for _ in range(60):
        peer.connect()
    assert time.monotonic() - started < 0.9
    with listener:
        assert status(peer.get(f"/callback?{GOOD}")) == 303


def test_a_listener_that_never_served_can_be_closed(peer: Peer) -> None:
    listener = RedirectListener(f"http://127.0.0.1:{peer.port}/callback", state=STATE)
    listener.close()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        peer.connect()


@pytest.mark.parametrize("connections", [0, 1, 60])
def test_an_open_connection_does_not_delay_the_end(peer: Peer, connections: int) -> None:
    with RedirectListener(f"http://localhost:{peer.port}/callback", state=STATE):
        for _ in range(connections):
            peer.connect()
        time.sleep(0.2)
        started = time.monotonic()
    assert time.monotonic() - started < 1


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs a list of open files")
def test_nothing_is_left_open(peer: Peer) -> None:
    before, threads = len(os.listdir("/dev/fd")), threading.active_count()
    with RedirectListener(f"http://localhost:{peer.port}/callback", state=STATE) as listener:
        for _ in range(30):
            peer.connect()
        peer.get(f"/callback?{GOOD}")
        assert listener.wait(1) is not None
    peer.hang_up()
    time.sleep(0.1)
    assert len(os.listdir("/dev/fd")) == before
    assert threading.active_count() == threads


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_control_c_interrupts_a_wait(peer: Peer) -> None:
    program = f"""
from tweetbot.login.listener import RedirectListener
try:
    with RedirectListener("http://127.0.0.1:{peer.port}/callback", state="state") as listener:
        print("ready", flush=True)
        listener.wait(30)
except KeyboardInterrupt:
    print("interrupted")
"""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-X", "dev", "-c", program],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=15)
    assert said == "interrupted\n"
    assert time.monotonic() - started < 3
