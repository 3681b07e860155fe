"""An OpenSSH server of the test's own, on a free port, and a person's settings for its clients."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import free_port

ALIAS = "bothost"


class SshServer:
    """A running sshd that knows one key; what a test changes in the files of `folder` counts.

    They are `host` and `key` (each with a `.pub`), `known_hosts`, `authorized_keys` and `config`.
    """

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.user = getpass.getuser()
        folder.mkdir()
        for name in ("host", "key"):
            self.make_key(name)
        shutil.copy(folder / "key.pub", folder / "authorized_keys")
        self.know("host")
        (folder / "config").write_text(
            f"Host {ALIAS}\nHostName 127.0.0.1\nPort {self.port}\nUser {self.user}\n"
            f"Host *\nIdentityFile {folder}/key\nIdentitiesOnly yes\n"
            f"UserKnownHostsFile {folder}/known_hosts\nGlobalKnownHostsFile none\n"
        )
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host\n"
            f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nPidFile none\n"
        )
        self._command = [program, "-D", "-e", "-f", str(folder / "sshd_config")]

    def make_key(self, name: str, *, passphrase: str = "") -> None:
        path = self.folder / name
        path.unlink(missing_ok=True)
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)]
        subprocess.run(command, check=True)

    def know(self, name: str) -> None:
        """Let the client know this key as the server's."""
        key = (self.folder / f"{name}.pub").read_text()
        (self.folder / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {key}")

    @property
    def ssh(self) -> str:
        """How git starts ssh, as in `GIT_SSH_COMMAND`."""
        return f"ssh -F '{self.folder}/config'"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Serve until the end, or until a test ends the process."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd wants it, empty
        with (
            (self.folder / "log").open("wb") as log,
            subprocess.Popen(self._command, stderr=log) as process,
        ):
            try:
                self._wait()
                yield process
            finally:
                process.terminate()

    def _wait(self) -> None:
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        pytest.fail(f"sshd does not listen: {(self.folder / 'log').read_text()}")


@pytest.fixture
def ssh_server(tmp_path: Path) -> SshServer:
    """A server to be started; without OpenSSH installed the test is skipped, but not in CI."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if not (program and shutil.which("ssh")) and not os.environ.get("CI"):
        pytest.skip("an OpenSSH server and client are not installed")
    return SshServer(tmp_path / "ssh", program or "sshd")
