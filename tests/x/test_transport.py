"""The HTTP client on real sockets: deadlines, whether a request left, and what it never does."""

from __future__ import annotations

import contextlib
import gzip
import ipaddress
import re
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tweetbot.errors import AnswerLost, ConfigurationError, NotSent
from tweetbot.sandbox import Fault, Sandbox
from tweetbot.x.answer import Answer
from tweetbot.x.transport import MAX_BODY, Transport
from tweetbot.x.transport.exchange import Connection, Exchange, GivenUp
from tweetbot.x.transport.trust import authorities

Behaviour = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Peer:
    """A server that does to each connection what a test says, and remembers what it received."""

    def __init__(self, behave: Behaviour) -> None:
        self.received: list[bytes] = []
        self.connections = 0
        peer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                peer.connections += 1
                with contextlib.suppress(OSError):
                    behave(self.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.address = "{}:{}".format(*self._server.server_address[:2])
        self.url = f"http://{self.address}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def peer(behave: Behaviour) -> Iterator[Peer]:
    server = Peer(behave)
    try:
        yield server
    finally:
        server.close()


def read_request(connection: socket.socket) -> bytes:
    """Read one request to the end of its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            raise ConnectionError
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(*answers: bytes) -> Behaviour:
    """Answer one request after the other on each connection, then hang up."""

    def behave(connection: socket.socket) -> None:
        for answer in answers:
            read_request(connection)
            connection.sendall(answer)

    return behave


def dripping(head: bytes, *, pause: float = 0.05) -> Behaviour:
    """Send `head`, then one byte every now and then, for longer than anybody waits."""

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(head)
        for _ in range(200):
            time.sleep(pause)
            connection.sendall(b"x")

    return behave


def hanging(connection: socket.socket) -> None:
    """Read what comes and say nothing."""
    connection.settimeout(10)
    while connection.recv(65536):
        pass


def get(transport: Transport, url: str, *, deadline: float = 5) -> Answer:
    return transport.request("GET", url, deadline=deadline)


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport(user_agent="tweetbot/test", environ={}) as transport:
        yield transport


# --- one connection, one request ------------------------------------------------------------


def test_all_requests_go_over_one_connection(transport: Transport, x: Sandbox) -> None:
    for _ in range(3):
        assert get(transport, x.url + "/2/users/me").status == 401
    assert len({request.connection for request in x.requests}) == 1
    assert len(x.requests) == 3


def test_a_request_names_its_sender(transport: Transport, x: Sandbox) -> None:
    get(transport, x.url + "/2/users/me")
    assert x.requests[0].headers["user-agent"] == "tweetbot/test"


def test_a_request_carries_what_it_was_given(transport: Transport, x: Sandbox) -> None:
    transport.request(
        "POST",
        x.url + "/2/tweets",
        deadline=5,
        headers={"Content-Type": "application/json", "Authorization": "Bearer abc"},
        content=b'{"text": "Hi"}',
        params={"a": "b c&d"},
    )
    [request] = x.requests
    assert (request.method, request.json, request.query) == ("POST", {"text": "Hi"}, {"a": "b c&d"})
    assert request.headers["authorization"] == "Bearer abc"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(
    transport: Transport, x: Sandbox, status: int
) -> None:
    x.fault("me", Fault("status", status=status, headers={"Location": "/2/tweets"}))
    assert get(transport, x.url + "/2/users/me").status == status
    assert len(x.requests) == 1


def test_a_cookie_is_not_a_reason_to_fail(transport: Transport, x: Sandbox) -> None:
    x.fault("me", Fault("status", status=401, headers={"Set-Cookie": "guest_id=1; Secure; Path=/"}))
    assert get(transport, x.url + "/2/users/me").status == 401


def test_a_closed_idle_connection_is_replaced(transport: Transport) -> None:
    with peer(answering(OK)) as server:
        assert get(transport, server.url).status == 200
        time.sleep(0.05)  # the server has hung up
        assert get(transport, server.url).status == 200
        assert server.connections == 2


# --- the answer -----------------------------------------------------------------------------


def with_body(body: bytes, *headers: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_header_names_are_in_lower_case(transport: Transport) -> None:
    with peer(answering(with_body(b"{}", "X-Rate-Limit-Reset: 5"))) as server:
        assert get(transport, server.url).headers["x-rate-limit-reset"] == "5"


def test_a_compressed_answer_is_unpacked(transport: Transport) -> None:
    body = gzip.compress(b'{"data": "' + b"x" * 1000 + b'"}')
    with peer(answering(with_body(body, "Content-Encoding: gzip"))) as server:
        assert get(transport, server.url).json() == {"data": "x" * 1000}


def test_a_broken_compression_is_a_lost_answer(transport: Transport) -> None:
    with (
        peer(answering(with_body(b"no gzip at all", "Content-Encoding: gzip"))) as server,
        pytest.raises(AnswerLost, match="no complete HTTP answer"),
    ):
        get(transport, server.url)


def packed(body: bytes, encoding: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    ("times", "encoding"), [(2, "gzip, gzip"), (2, "gzip,gzip,gzip"), (1, "gzip"), (1, "br")]
)
def test_a_bomb_takes_no_memory(transport: Transport, times: int, encoding: str) -> None:
    body = b"0" * 50_000_000
    for _ in range(times):
        body = gzip.compress(body)
    with peer(answering(packed(body, encoding))) as server:
        tracemalloc.start()
        with pytest.raises(AnswerLost):
            get(transport, server.url)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 * MAX_BODY


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP, identity", "deflate"])
def test_an_answer_may_be_compressed_once(transport: Transport, encoding: str) -> None:
    body = zlib.compress(b"{}" * 9000) if encoding == "deflate" else gzip.compress(b"{}" * 9000)
    with peer(answering(packed(body, encoding))) as server:
        assert get(transport, server.url).body == b"{}" * 9000


@pytest.mark.parametrize("size", [MAX_BODY, MAX_BODY + 1])
@pytest.mark.parametrize("packed", [False, True])
def test_a_body_has_a_largest_size(transport: Transport, size: int, packed: bool) -> None:
    body = b"x" * size
    answer = with_body(gzip.compress(body), "Content-Encoding: gzip") if packed else with_body(body)
    with peer(answering(answer)) as server:
        if size == MAX_BODY:
            assert len(get(transport, server.url).body) == MAX_BODY
        else:
            with pytest.raises(AnswerLost, match="larger than 1024 KiB"):
                get(transport, server.url)


def test_a_body_without_end_is_cut_off(transport: Transport) -> None:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            connection.sendall(bytes(65536))

    with peer(behave) as server, pytest.raises(AnswerLost, match="larger than"):
        get(transport, server.url)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, null]}', {"a": [1, None]}),
        (b"null", None),
        (b"", None),
        (b"<html>", None),
        (b'{"a": ', None),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_body_that_is_no_json_is_none(body: bytes, value: object) -> None:
    assert Answer(200, {}, body).json() == value


def test_a_body_is_not_part_of_the_repr() -> None:
    assert "the-token" not in repr(Answer(200, {}, b"the-token"))


def test_an_echoed_secret_is_hidden() -> None:
    answer = Answer(400, {}, b"You sent token=abc123&secret=s3 and abc123.")
    assert answer.without("abc123", None, "", "s3").body == (
        b"You sent token=[hidden]&secret=[hidden] and [hidden]."
    )


# --- deadlines ------------------------------------------------------------------------------

DRIPS = {
    "the status line": b"HTTP/1.1 ",
    "a header": b"HTTP/1.1 200 OK\r\nX-Long: ",
    "the body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    "a body without length": b"HTTP/1.1 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("part", DRIPS)
def test_no_dripping_server_outlives_the_deadline(transport: Transport, part: str) -> None:
    with peer(dripping(DRIPS[part])) as server:
        began = time.monotonic()
        with pytest.raises(AnswerLost, match=r"no answer within 0\.4 s"):
            get(transport, server.url, deadline=0.4)
        assert 0.35 < time.monotonic() - began < 5


def test_an_exchange_that_was_given_up_leaves_no_thread(transport: Transport) -> None:
    def exchanges() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name.endswith("(work)")]

    earlier = exchanges()
    with peer(dripping(DRIPS["the body"])) as server:
        with pytest.raises(AnswerLost):
            get(transport, server.url, deadline=0.2)
        for thread in set(exchanges()) - set(earlier):
            thread.join(2)
    assert not set(exchanges()) - set(earlier)


def test_the_next_request_after_a_deadline_is_answered(transport: Transport, x: Sandbox) -> None:
    x.fault("me", Fault("silent"))
    with pytest.raises(AnswerLost):
        get(transport, x.url + "/2/users/me", deadline=0.2)
    assert get(transport, x.url + "/2/users/me").status == 401
    assert x.count("me") == 2


@pytest.mark.skipif(sys.platform != "linux", reason="other systems reset what does not fit")
def test_a_deadline_counts_the_connection_too(transport: Transport) -> None:
    """A listener whose queue is full answers no further SYN."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        began = time.monotonic()
        with pytest.raises(NotSent, match="could not be reached: no answer within"):
            get(transport, f"http://127.0.0.1:{listener.getsockname()[1]}", deadline=0.4)
        assert time.monotonic() - began < 5


# --- whether a request left -----------------------------------------------------------------


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def reset(connection: socket.socket) -> None:
    """Take one request and reset the connection."""
    read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def test_a_refused_connection_sent_nothing(transport: Transport) -> None:
    with pytest.raises(NotSent, match="Connection refused"):
        get(transport, f"http://127.0.0.1:{free_port()}")


def test_a_name_that_is_unknown_sent_nothing(transport: Transport) -> None:
    with pytest.raises(NotSent, match="X could not be reached"):
        get(transport, "http://no-such-host.invalid")


def test_a_failed_handshake_sent_nothing(transport: Transport) -> None:
    with (
        peer(lambda connection: connection.sendall(OK)) as server,
        pytest.raises(NotSent, match="X could not be reached"),
    ):
        get(transport, f"https://{server.address}")


def test_a_handshake_that_hangs_sent_nothing(transport: Transport) -> None:
    with peer(hanging) as server, pytest.raises(NotSent, match="no answer within"):
        get(transport, f"https://{server.address}", deadline=0.4)


def test_a_url_that_is_none_sent_nothing(transport: Transport) -> None:
    with pytest.raises(NotSent):
        get(transport, "ftp://127.0.0.1/")


LOST: dict[str, Behaviour] = {
    "a hang-up": answering(b""),
    "a reset": reset,
    "garbage": answering(b"\x16\x03\x01 no HTTP\r\n\r\n"),
    "half of the headers": answering(b"HTTP/1.1 201 Created\r\nContent-"),
    "half of the body": answering(b"HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{"),
    "silence": hanging,
}


@pytest.mark.parametrize("name", LOST)
def test_a_request_that_may_have_left_is_a_lost_answer(transport: Transport, name: str) -> None:
    with peer(LOST[name]) as server, pytest.raises(AnswerLost, match="answer was lost"):
        transport.request("POST", server.url, deadline=0.5, content=b"{}")


def test_a_deadline_before_the_request_left_keeps_it_from_leaving() -> None:
    """The handshake ends too late: what was given up must not be sent after all."""
    seen: list[bytes] = []

    def behave(connection: socket.socket) -> None:
        seen.append(connection.recv(65536))
        time.sleep(0.5)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        connection.settimeout(1)
        while chunk := connection.recv(65536):
            seen.append(chunk)

    with peer(behave) as server, proxied(f"http://{server.address}") as slow:
        with pytest.raises(NotSent):
            get(slow, "https://api.example.com/secret-path", deadline=0.2)
        time.sleep(0.6)
    assert not any(b"secret-path" in chunk for chunk in seen)


def test_a_request_that_was_given_up_before_it_had_a_connection_never_leaves() -> None:
    """As after a slow look-up of a name, which no test can order on the loopback interface."""
    exchange = Exchange(Connection(), None)
    exchange._give_up()
    with pytest.raises(GivenUp):
        exchange.trace("http11.send_request_headers.started", {})


# --- proxies --------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextmanager
def environment(**variables: str) -> Iterator[Mapping[str, str]]:
    """Set variables of this process, from which httpx reads them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


@contextmanager
def proxied(url: str) -> Iterator[Transport]:
    with (
        environment(ALL_PROXY=url) as environ,
        Transport(user_agent="tweetbot/test", environ=environ) as transport,
    ):
        yield transport


def test_a_proxy_of_the_environment_is_used() -> None:
    with peer(answering(b"")) as proxy, proxied(proxy.url) as transport, pytest.raises(NotSent):
        get(transport, "https://api.example.com/2/users/me")
    assert proxy.connections


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "socks5://127.0.0.1:1", "foo://no"])
def test_a_loopback_api_never_goes_through_a_proxy(x: Sandbox, url: str) -> None:
    variables = {"ALL_PROXY": url, "http_proxy": url, "HTTP_PROXY": url, "TWEETBOT_API_URL": x.url}
    with (
        environment(**variables) as environ,
        Transport(user_agent="tweetbot/test", environ=environ) as transport,
    ):
        assert get(transport, x.url + "/2/users/me").status == 401


@pytest.mark.parametrize(
    "no_proxy", ["fd07::/64", "[::1]", "127.0.0.0/8", "::1]", "10.0.0.0/8,[::1],fd00::/8,a b"]
)
def test_what_containers_inject_stops_nothing(no_proxy: str) -> None:
    with environment(NO_PROXY=no_proxy, HTTPS_PROXY="http://127.0.0.1:1") as environ:
        assert Transport(user_agent="tweetbot/test", environ=environ)


PROXIES: dict[str, Behaviour] = {
    "hangs in CONNECT": hanging,
    "refuses": answering(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
    "asks for a password": answering(
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    ),
    "hangs up": answering(b""),
    "resets": reset,
    "talks nonsense": answering(b"\x16\x03\x01 no HTTP\r\n\r\n"),
    "drips": dripping(b"HTTP/1.1 200 Connection est"),
}


@pytest.mark.parametrize("name", PROXIES)
def test_what_a_proxy_does_before_its_tunnel_stands_sent_nothing(name: str) -> None:
    with peer(PROXIES[name]) as proxy, proxied(proxy.url) as transport:
        began = time.monotonic()
        kind = ConfigurationError if "password" in name else NotSent
        with pytest.raises(kind, match=f"proxy {proxy.address}"):
            transport.request("POST", "https://api.example.com", deadline=0.5, content=b"{}")
        assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "foo://proxy"),
        ("HTTPS_PROXY", "http://user:pass-word@proxy:port"),
        ("https_proxy", "http://user:pass-word@proxy:port"),
        ("ALL_PROXY", "socks4://user:pass-word@proxy:1080"),
        ("SSL_CERT_FILE", "/nonexistent/ca.pem"),
        ("SSL_CERT_FILE", __file__),
    ],
)
def test_a_wrong_variable_is_named_before_anything_is_sent(name: str, value: str) -> None:
    with environment(**{name: value}) as environ, pytest.raises(ConfigurationError) as caught:
        Transport(user_agent="tweetbot/test", environ=environ)
    assert caught.value.code == 2
    assert f"environment variable {name}" in str(caught.value)
    assert "pass-word" not in str(caught.value)
    assert "Errno" not in str(caught.value)


def test_a_folder_in_place_of_a_certificate_is_named(tmp_path: Path) -> None:
    with (
        environment(SSL_CERT_FILE=str(tmp_path)) as environ,
        pytest.raises(ConfigurationError, match="SSL_CERT_FILE"),
    ):
        Transport(user_agent="tweetbot/test", environ=environ)


# --- certificates ---------------------------------------------------------------------------


@contextmanager
def https_server(folder: Path, *, days: int) -> Iterator[str]:
    """A server with a certificate of its own, which ended or ends in `days`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    ends = datetime.now(UTC) + timedelta(days=days)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=30))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "ca.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(key.private_bytes(pem, *plain))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")

    def behave(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            answering(OK)(tls)

    with peer(behave) as server:
        yield server.url.replace("http:", "https:")


def refused(environ: Mapping[str, str], url: str) -> str:
    """Ask a server whose certificate is not accepted; return what is said."""
    with (
        environment(**environ) as variables,
        Transport(user_agent="tweetbot/test", environ=variables) as transport,
        pytest.raises(ConfigurationError) as caught,
    ):
        get(transport, url)
    return str(caught.value)


def test_a_company_s_certificate_says_where_to_name_it(tmp_path: Path) -> None:
    with https_server(tmp_path, days=10) as url:
        ca = str(tmp_path / "ca.pem")
        said = refused({"REQUESTS_CA_BUNDLE": ca}, url)
        assert said.startswith("The certificate of X is not accepted: self-signed certificate. ")
        assert re.search(r"SSL_CERT_FILE.*REQUESTS_CA_BUNDLE and.*not read", said)
        with (
            environment(SSL_CERT_FILE=ca) as environ,
            Transport(user_agent="tweetbot/test", environ=environ) as transport,
        ):
            assert get(transport, url).status == 200


@pytest.mark.parametrize("days", [-1, 60])
def test_a_certificate_out_of_its_time_says_to_look_at_the_clock(tmp_path: Path, days: int) -> None:
    with https_server(tmp_path, days=days) as url:
        said = refused({"SSL_CERT_FILE": str(tmp_path / "ca.pem")}, url)
    assert re.search(r"(expired|not yet valid).*clock says 2.*wrong clock", said)


def test_a_certificate_of_another_name_says_that_somebody_else_answers(tmp_path: Path) -> None:
    with https_server(tmp_path, days=10) as url:
        said = refused(
            {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}, url.replace("127.0.0.1", "localhost")
        )
    assert re.search(r"certificate of X .*mismatch.*'localhost'.*TWEETBOT_API_URL", said)


def tunnel(address: str) -> Behaviour:
    """Be a proxy that connects to `address`, whatever it is asked for."""

    def behave(connection: socket.socket) -> None:
        connection.recv(65536)
        host, _, port = address.rpartition(":")
        with socket.create_connection((host, int(port))) as far:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(far, connection), daemon=True)
            back.start()
            pump(connection, far)

    return behave


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_it_is_said_whose_certificate_is_not_accepted(tmp_path: Path, scheme: str) -> None:
    with (
        https_server(tmp_path, days=10) as url,
        peer(tunnel(url.removeprefix("https://"))) as plain_proxy,
    ):
        proxy = plain_proxy.url if scheme == "http" else url
        said = refused({"HTTPS_PROXY": proxy}, "https://api.example.com")
    whose = "X" if scheme == "http" else f"the proxy {url.removeprefix('https://')}"
    assert said.startswith(f"The certificate of {whose} is not accepted: self-signed")


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """A folder like the system's: authorities in files that are named by a hash."""
    folder = tmp_path / "certs"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number:08x}.0").touch()
    return folder


def add_authority(folder: Path, pem: Path) -> None:
    hashed = ["openssl", "x509", "-hash", "-noout", "-in", str(pem)]
    name = subprocess.run(hashed, capture_output=True, text=True, check=True).stdout.strip()
    (folder / f"{name}.0").write_bytes(pem.read_bytes())


def is_trusted(url: str, environ: Mapping[str, str], *, system: Path) -> bool:
    host, port = url.removeprefix("https://").split(":")
    context = authorities(environ, system=str(system))
    try:
        with socket.create_connection((host, int(port))) as connection:
            context.wrap_socket(connection, server_hostname=host).close()
    except ssl.SSLCertVerificationError:
        return False
    return True


def test_the_system_s_authorities_are_trusted_unless_a_variable_names_others(
    system: Path, tmp_path: Path
) -> None:
    with https_server(tmp_path, days=10) as url:
        assert not is_trusted(url, {}, system=system)
        add_authority(system, tmp_path / "ca.pem")
        assert is_trusted(url, {}, system=system)
        own = tmp_path / "own"
        own.mkdir()
        assert not is_trusted(url, {"SSL_CERT_DIR": str(own)}, system=system)
        add_authority(own, tmp_path / "ca.pem")
        assert is_trusted(url, {"SSL_CERT_DIR": str(own)}, system=tmp_path / "missing")
        for number in range(30):
            (own / f"authority-{number}.pem").touch()
        assert not is_trusted(url, {}, system=own)  # one is somebody's own, and no system's
        assert not is_trusted(url, {"SSL_CERT_FILE": certifi.where()}, system=system)
    file = {"SSL_CERT_FILE": str(tmp_path / "ca.pem")}
    assert authorities(file, system=str(system)).cert_store_stats()["x509"] == 1
    else_certifi_s = authorities({}, system=str(tmp_path / "missing")).get_ca_certs()
    assert else_certifi_s == ssl.create_default_context(cafile=certifi.where()).get_ca_certs()


def test_certificates_are_loaded_for_https_alone(tmp_path: Path) -> None:
    """They cost 20 ms; what no request needs is not looked at."""
    environ = {
        "SSL_CERT_FILE": str(tmp_path / "missing.pem"),
        "TWEETBOT_API_URL": "http://127.0.0.1:1",
    }
    with (
        Transport(user_agent="tweetbot/test", environ=environ) as transport,
        pytest.raises(ConfigurationError, match="SSL_CERT_FILE"),
    ):
        get(transport, "https://127.0.0.1:1")


# --- -v -------------------------------------------------------------------------------------


def test_each_request_is_one_line_without_query_headers_or_body(x: Sandbox) -> None:
    lines: list[str] = []
    x.fault("me", Fault("reset", skip=1))
    with Transport(user_agent="tweetbot/test", environ={}, log=lines.append) as transport:
        transport.request(
            "GET",
            x.url + "/2/users/me",
            deadline=5,
            headers={"Authorization": "Bearer the-token"},
            params={"q": "the-query"},
        )
        with pytest.raises(AnswerLost):
            get(transport, x.url + "/2/users/me")
    first, second = lines
    method, url, spent, unit, status, transaction = first.split()
    assert (method, url, unit, status) == ("GET", x.url + "/2/users/me", "ms:", "401")
    assert float(spent) < 5000
    assert len(transaction) == 16
    assert "X's answer was lost" in second
    assert not any(word in first + second for word in ("the-token", "the-query"))
