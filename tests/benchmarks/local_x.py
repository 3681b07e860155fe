"""The local X for the benchmarks, in a process of its own: plain, with TLS, and far away."""

from __future__ import annotations

import ipaddress
import multiprocessing
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tweetbot.sandbox import Sandbox

ROUND_TRIP = 0.020  # seconds


@dataclass(frozen=True)
class Place:
    """An address of a local X, with a client and a grant of it."""

    url: str
    environ: dict[str, str]
    grant: dict[str, object]


class Relay:
    """Passes connections on to a port, from TLS if it has a certificate, `delay` seconds later."""

    def __init__(self, port: int, *, pem: Path | None = None, delay: float = 0) -> None:
        self._port = port
        self._delay = delay
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if pem else None
        if self._tls and pem:
            self._tls.load_cert_chain(pem)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        time.sleep(2 * self._delay)  # a connection takes a round trip
        with suppress(OSError):
            if self._tls:
                near = self._tls.wrap_socket(near, server_side=True)
            far = socket.create_connection(("127.0.0.1", self._port))
            for one in (near, far):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pass_on, args=(far, near), daemon=True).start()
            self._pass_on(near, far)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self._delay)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


def certificate(folder: Path) -> Path:
    """Make a certificate for 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begins = datetime.now(UTC) - timedelta(hours=1)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = folder / "server.pem"
    pem.write_bytes(key.private_bytes(encoding, *plain) + made.public_bytes(encoding))
    return pem


@dataclass(frozen=True)
class Trust:
    """Variables by which a program trusts the run's certificate beside what it trusts anyway."""

    by_folder: dict[str, str]
    by_file: dict[str, str]


def authorities(folder: Path, pem: Path) -> Trust:
    """Make a folder like the system's and a file like certifi's, with one certificate more.

    Left alone, tweetbot looks into the system's folder, and httpx and requests read certifi's file:
    with these each spends as much time on certificates as it would without variables.
    """
    import certifi

    hashed = folder / "certs"
    hashed.mkdir()
    for link in Path(ssl.get_default_verify_paths().openssl_capath).glob("*.0"):
        (hashed / link.name).symlink_to(link.resolve())
    certificate = pem.read_text().partition("-----END PRIVATE KEY-----\n")[2]
    command = ["openssl", "x509", "-hash", "-noout"]
    digest = subprocess.run(
        command, input=certificate, capture_output=True, text=True, check=True
    ).stdout.strip()
    (hashed / f"{digest}.0").write_text(certificate)
    file = folder / "bundle.pem"
    file.write_text(Path(certifi.where()).read_text() + certificate)
    return Trust(
        {"SSL_CERT_DIR": str(hashed)},
        {"SSL_CERT_FILE": str(file), "REQUESTS_CA_BUNDLE": str(file)},
    )


def _serve(pipe: Connection, pem: Path) -> None:
    with ExitStack() as stack:
        near, tls, far = (stack.enter_context(Sandbox()) for _ in range(3))
        port = Relay(_port(tls), pem=pem).port
        far_port = Relay(Relay(_port(far), pem=pem).port, delay=ROUND_TRIP / 2).port
        urls = near.url, f"https://127.0.0.1:{port}", f"https://127.0.0.1:{far_port}"
        pipe.send(
            [
                Place(url, x.environ("") | {"TWEETBOT_API_URL": url}, x.grant())
                for url, x in zip(urls, (near, tls, far), strict=True)
            ]
        )
        pipe.recv()


def _port(x: Sandbox) -> int:
    return int(x.url.rpartition(":")[2])


@contextmanager
def local_x(pem: Path) -> Iterator[list[Place]]:
    """Run three of them: by http, by https, and by https with a round trip of 20 ms."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(theirs, pem), daemon=True)
    server.start()
    try:
        yield ours.recv()
    finally:
        with suppress(OSError):
            ours.send(None)
        server.join()
