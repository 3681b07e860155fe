"""What goes wrong with a Redis server: told as it is, and no renewed token is thrown away."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import RedisServer, free_port
from tweetbot.errors import ConfigurationError, Overtaken, Temporary, TokenNotSaved, TweetbotError
from tweetbot.profile import Client, Posted, Profile, Token, dump, parse
from tweetbot.store.redis import RedisStore
from tweetbot.store.redis_client import Server

KEY = "tweetbot:default"
BEFORE = Profile(
    client=Client(client_id="app", redirect_uri="http://127.0.0.1:1/", api_url="https://x.example"),
    token=Token(access_token="at-0", refresh_token="rt-0", obtained_at=100, expires_at=7300),
)


def renewed(profile: Profile, number: int, *, at: int) -> Profile:
    token = Token(
        access_token=f"at-{number}",
        refresh_token=f"rt-{number}",
        parent=profile.token.digest,
        obtained_at=at,
        expires_at=at + 7200,
    )
    return replace(profile, token=token)


SPENT = renewed(BEFORE, 1, at=200)
RENEWED = renewed(SPENT, 2, at=300)


def a_store(server: RedisServer, **options: Any) -> RedisStore:
    return RedisStore(
        "default",
        server=Server(server.url, deadline=options.pop("deadline", 1.0)),
        **{
            "state_dir": lambda: server.folder / "state",
            "sleep": lambda _: None,
            "wait": 0.1,
            **options,
        },
    )


def put(server: RedisServer, profile: Profile) -> None:
    """Put a document there, past everything that keeps another one safe."""
    document = dump(profile).decode()
    fields = ("document", document, "version", "another", "token", profile.token.digest)
    server.ask("HSET", KEY, *fields)


# -- a renewed token finds something else in its place --------------------------------------------


def gone(server: RedisServer) -> None:
    server.ask("FLUSHALL")


def an_older_copy(server: RedisServer) -> None:
    put(server, BEFORE)


def a_copy_of_the_same_second(server: RedisServer) -> None:
    put(server, renewed(BEFORE, 9, at=300))


@pytest.mark.parametrize("happen", [gone, an_older_copy, a_copy_of_the_same_second])
def test_a_renewed_token_is_written_over_what_is_not_newer(
    happen: Callable[[RedisServer], None], redis_server: RedisServer
) -> None:
    store = a_store(redis_server)
    with store.lock(new=True):
        store.save(SPENT)
        with store.prepare(SPENT) as slot:
            happen(redis_server)
            slot.commit(RENEWED)
        store.save(RENEWED.with_budget(5))
    assert a_store(redis_server).load() == RENEWED.with_budget(5)
    assert not (redis_server.folder / "state").exists()


def test_a_renewed_token_that_finds_a_later_login_is_kept_in_a_file(
    redis_server: RedisServer,
) -> None:
    store, later = a_store(redis_server), renewed(BEFORE, 9, at=301)
    with store.lock(new=True):
        store.save(SPENT)
        with store.prepare(SPENT) as slot:
            put(redis_server, later)
            with pytest.raises(TokenNotSaved) as caught:
                slot.commit(RENEWED)
    (place,) = (redis_server.folder / "state").iterdir()
    assert "a later login stands in" in str(caught.value)
    assert f"`tweetbot import --force {place}`" in str(caught.value)
    assert parse(place.read_bytes()) == RENEWED
    assert a_store(redis_server).load() == later


def test_a_renewed_token_that_finds_something_unreadable_is_kept_in_a_file(
    redis_server: RedisServer,
) -> None:
    store = a_store(redis_server)
    with store.lock(new=True):
        store.save(SPENT)
        with store.prepare(SPENT) as slot:
            redis_server.ask("HSET", KEY, "document", "[]", "version", "x", "token", "")
            with pytest.raises(TokenNotSaved, match=r"cannot be read.*it is in .*\.rescue"):
                slot.commit(RENEWED)
    assert redis_server.ask("HGET", KEY, "document") == "[]"


def test_a_later_login_that_can_be_kept_nowhere_is_told_as_it_is(
    redis_server: RedisServer,
) -> None:
    store = a_store(redis_server, state_dir=lambda: Path("/dev/null/state"))
    with store.lock(new=True):
        store.save(SPENT)
        with store.prepare(SPENT) as slot:
            put(redis_server, renewed(BEFORE, 9, at=301))
            with pytest.raises(TokenNotSaved, match="a later login stands in") as caught:
                slot.commit(RENEWED)
    assert "it is in" not in str(caught.value)


@pytest.mark.parametrize("happen", [gone, lambda server: put(server, SPENT)])
def test_an_outcome_is_written_though_the_server_has_lost_the_renewed_token(
    happen: Callable[[RedisServer], None], redis_server: RedisServer
) -> None:
    store = a_store(redis_server)
    with store.lock(new=True):
        store.save(SPENT)
        with store.prepare(SPENT) as slot:
            slot.commit(RENEWED)
        happen(redis_server)
        outcome = RENEWED.with_post(Posted(id="1", at=400, digest="d"))
        store.save(outcome)
    assert a_store(redis_server).load() == outcome


def test_an_outcome_is_not_written_where_another_run_begins_anew(
    redis_server: RedisServer,
) -> None:
    store = a_store(redis_server)
    with store.lock(new=True):
        store.save(SPENT)
        redis_server.ask("FLUSHALL")
        redis_server.ask("SET", f"{KEY}:lock", "another")
        with pytest.raises(Overtaken):
            store.save(SPENT)


# -- certificates ---------------------------------------------------------------------------------

USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test's own, and what it vouches for."""

    folder: Path

    def __post_init__(self) -> None:
        self.folder.mkdir()
        object.__setattr__(self, "_ca", self._make("ca", signer=None))

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def certificate(self, name: str, *, days: int = 30) -> None:
        """Make `name`.pem and `name`.key, for 127.0.0.1, until `days` from now."""
        self._make(name, signer=getattr(self, "_ca"), days=days)  # noqa: B009

    def _make(self, name: str, *, signer: Any, days: int = 30) -> Any:
        """Make a certificate as RFC 5280 wants it, which Python does since 3.13."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer, signing_key = signer or (subject, key)
        now = datetime.datetime.now(datetime.UTC)
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key())
        usage = dict.fromkeys(USAGES, False) | {
            "digital_signature": True,
            "key_cert_sign": not signer,
        }
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=60))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=not signer, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(own, critical=False)
            .add_extension(by, critical=False)
            .add_extension(x509.KeyUsage(**usage), critical=True)
            .sign(signing_key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(pem))
        (self.folder / f"{name}.key").write_bytes(key.private_bytes(pem, form, plain))
        return subject, key


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca")


@contextmanager
def tls_server(
    authority: Authority, folder: Path, *, days: int = 30, clients: str = "no"
) -> Iterator[tuple[RedisServer, str]]:
    """A server with a plain port and one for TLS; yields it and the URL of the latter."""
    authority.certificate("server", days=days)
    port = free_port()
    options = {
        "--appendonly": "yes",
        "--tls-port": str(port),
        "--tls-cert-file": authority.path("server.pem"),
        "--tls-key-file": authority.path("server.key"),
        "--tls-ca-cert-file": authority.path("ca.pem"),
        "--tls-auth-clients": clients,
    }
    server = RedisServer(folder, options=[word for pair in options.items() for word in pair])
    server.start()
    try:
        yield server, f"rediss://127.0.0.1:{port}/0"
    finally:
        server.kill()


def failure(url: str, folder: Path) -> TweetbotError:
    """Try to load a document from there."""
    store = RedisStore("default", server=Server(url, deadline=0.5), state_dir=lambda: folder)
    with pytest.raises(TweetbotError) as caught:
        store.load()
    return caught.value


def test_a_server_with_a_certificate_is_used(authority: Authority, tmp_path: Path) -> None:
    with tls_server(authority, tmp_path / "redis") as (_, url):
        trusting = f"{url}?ssl_ca_certs={authority.path('ca.pem')}"
        store = RedisStore("default", server=Server(trusting), state_dir=lambda: tmp_path)
        with store.lock(new=True):
            store.save(SPENT)
        assert store.load() == SPENT


def test_what_is_wrong_with_a_certificate_is_said(authority: Authority, tmp_path: Path) -> None:
    trusting = f"?ssl_ca_certs={authority.path('ca.pem')}"
    with tls_server(authority, tmp_path / "redis") as (_, url):
        unknown = failure(url, tmp_path)
        another = failure(url.replace("127.0.0.1", "localhost") + trusting, tmp_path)
    with tls_server(authority, tmp_path / "old", days=-1) as (_, url):
        expired = failure(url + trusting, tmp_path)
    with tls_server(authority, tmp_path / "strict", clients="yes") as (_, url):
        nameless = failure(url + trusting, tmp_path)
    codes = [error.code for error in (unknown, another, expired, nameless)]
    assert codes == [2] * 4, nameless
    assert "self-signed certificate" in unknown.happened
    assert "ssl_ca_certs=FILE" in unknown.remedy
    assert "not valid for 'localhost'" in another.happened
    assert "expired" in expired.happened
    assert "clock" in expired.remedy
    assert "ssl_certfile=FILE" in nameless.remedy
    assert all("rediss://" in error.happened for error in (unknown, another, expired, nameless))


@pytest.mark.parametrize("option", ["ssl_ca_certs", "ssl_certfile", "ssl_keyfile"])
@pytest.mark.parametrize("content", [None, b"what is this"])
def test_a_file_of_certificates_that_cannot_be_used_is_named(
    option: str, content: bytes | None, tmp_path: Path
) -> None:
    place = tmp_path / "some.pem"
    if content is not None:
        place.write_bytes(content)
    error = failure(f"rediss://127.0.0.1:1/0?{option}={place}", tmp_path)
    assert (error.code, str(place) in error.happened, option in error.happened) == (2, True, True)


def test_a_key_that_asks_for_a_password_is_refused_and_nobody_is_asked(
    authority: Authority, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"a password"),
    )
    (tmp_path / "closed.key").write_bytes(key)
    files = f"ssl_certfile={authority.path('ca.pem')}&ssl_keyfile={tmp_path}/closed.key"
    error = failure(f"rediss://127.0.0.1:1/0?{files}", tmp_path)
    assert (error.code, "closed.key" in error.happened) == (2, True)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ("redis://127.0.0.1:1/0?ssl_cert_reqs=none", "rediss://"),
        ("rediss://127.0.0.1:1/0?ssl_cert_reqs=perhaps", "ssl_cert_reqs"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: str, fault: str, tmp_path: Path) -> None:
    error = failure(options, tmp_path)
    assert (error.code, fault in error.happened) == (2, True), error


def test_tls_on_a_port_without_and_the_other_way_round(
    authority: Authority, tmp_path: Path
) -> None:
    with tls_server(authority, tmp_path / "redis") as (server, url):
        too_much = failure(server.url.replace("redis:", "rediss:"), tmp_path)
        too_little = failure(url.replace("rediss:", "redis:"), tmp_path)
    assert (too_much.code, too_little.code) == (2, 2)
    assert "speaks no TLS" in too_much.happened
    assert "redis://" in too_much.remedy
    assert "speaks TLS" in too_little.happened
    assert "rediss://" in too_little.remedy


# -- away, or not able to --------------------------------------------------------------------------


@pytest.mark.slow
def test_a_server_that_cannot_be_reached_says_why(tmp_path: Path) -> None:
    unknown = failure("redis://nowhere.invalid:6379/0", tmp_path)
    closed = failure(f"redis://127.0.0.1:{free_port()}/0", tmp_path)
    assert (unknown.code, closed.code) == (6, 6)
    assert "Name or service not known" in unknown.happened
    assert "TWEETBOT_STORE" in unknown.remedy
    assert "Connection refused" in closed.happened


def test_a_server_that_does_not_answer_says_so(redis_server: RedisServer, tmp_path: Path) -> None:
    redis_server.ask("CLIENT", "PAUSE", "20000", "ALL")
    error = failure(redis_server.url, tmp_path)
    assert (error.code, "did not answer" in error.happened) == (6, True)


def test_a_server_of_another_kind_is_no_redis(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer).start()
        error = failure(f"redis://127.0.0.1:{listener.getsockname()[1]}/0", tmp_path)
    assert (error.code, "is no Redis server" in error.happened) == (2, True), error


def configure(*settings: str) -> Callable[[RedisServer], None]:
    return lambda server: void(server.ask("CONFIG", "SET", *settings))


def replicate(server: RedisServer) -> None:
    server.ask("REPLICAOF", "127.0.0.1", "1")


def replicate_alone(server: RedisServer) -> None:
    server.ask("CONFIG", "SET", "replica-serve-stale-data", "no")
    replicate(server)


def fail_to_snapshot(server: RedisServer) -> None:
    server.kill()
    server.options = (*server.options, "--enable-protected-configs", "yes")
    server.start()
    (server.folder / "gone").mkdir()
    server.ask("CONFIG", "SET", "save", "3600 1")
    server.ask("CONFIG", "SET", "dir", str(server.folder / "gone"))
    (server.folder / "gone").rmdir()
    server.ask("BGSAVE")
    for _ in range(100):
        if "rdb_last_bgsave_status:err" in server.ask("INFO", "persistence"):
            return
        time.sleep(0.05)
    pytest.fail("the snapshot did not fail")


def forbid(server: RedisServer) -> None:
    server.ask("ACL", "SETUSER", "default", "-eval")


def cluster(server: RedisServer) -> None:
    server.kill()
    bus = ("--cluster-port", str(free_port()))  # else 10,000 above, where others may be
    server.options = ("--appendonly", "yes", "--cluster-enabled", "yes", *bus)
    server.start()


def void(_: object) -> None:
    """Drop a value."""


@pytest.mark.parametrize(
    ("trouble", "code", "said"),
    [
        (replicate, 6, "read-only replica"),
        (replicate_alone, 6, "replica"),
        (configure("min-replicas-to-write", "1"), 6, "replicas"),
        (configure("maxmemory", "1"), 2, "maxmemory"),
        (fail_to_snapshot, 2, "disk"),
        (forbid, 2, "eval"),
        (configure("requirepass", "secret"), 2, "password"),
        (cluster, 6, "cluster"),
    ],
    ids=["replica", "alone", "few", "full", "disk", "user", "password", "cluster"],
)
def test_what_passes_by_itself_is_6_and_what_a_person_must_mend_is_2(
    trouble: Callable[[RedisServer], None], code: int, said: str, redis_server: RedisServer
) -> None:
    store = a_store(redis_server)
    with store.lock(new=True):
        store.save(SPENT)
    trouble(redis_server)
    late = a_store(redis_server)
    with pytest.raises((ConfigurationError, Temporary)) as caught, late.lock():
        late.save(SPENT)
    error = caught.value
    assert (error.code, said in error.happened) == (code, True), error
    assert "redis://127.0.0.1" in error.happened
    assert "ConnectionError" not in str(error)
    assert "Check TWEETBOT_STORE and the server" not in str(error)
