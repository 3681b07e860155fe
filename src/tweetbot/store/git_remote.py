"""The refs of a git repository elsewhere, as `TWEETBOT_STORE=git:…` names it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

from tweetbot.errors import ConfigurationError, Temporary
from tweetbot.store.git_program import DEADLINE, Git, GitFailed
from tweetbot.store.git_words import refusal
from tweetbot.store.pointed import STORE_VARIABLE
from tweetbot.values import dataclass

SCHEME = "git:"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_BRANCH = "?branch"
AGAIN_AFTER = 1.0  # seconds before a second try, the only one: servers fail for a moment
FOR_A_MOMENT = 10.0  # seconds after which it is no moment any more
_CHANGING = 5  # times in a row that a ref may change while it is fetched
# git-check-ref-format(1); a profile's name has no other character that a ref may not have.
_NO_REF = re.compile(r".*(\.\.|\.|\.lock)$|.*\.\..*")


@dataclass(frozen=True)
class Address:
    """A remote by name, or a repository by URL; its documents lie under `folder`."""

    remote: str
    on_branches: bool = False

    @classmethod
    def parse(cls, store: str, *, named: str = STORE_VARIABLE) -> Address:
        """Read `git:REMOTE`, which `named` gave; raises `ConfigurationError` that hides it."""
        text = store.removeprefix(SCHEME)
        remote, on_branches = text.removesuffix(_BRANCH), text.endswith(_BRANCH)
        if not remote:
            return cls("origin", on_branches)
        if remote.startswith("-") or "?" in remote or not remote.isprintable() or " " in remote:
            raise ConfigurationError(
                f"{named} names no git repository.",
                "It has the form git:NAME (of a remote) or git:URL; ?branch behind it keeps the"
                " document on a branch.",
            )
        if not _NAME.fullmatch(remote) and ":" not in remote:
            remote = os.path.abspath(os.path.expanduser(remote))
        return cls(remote, on_branches)

    @property
    def is_name(self) -> bool:
        """Whether it is the name of a remote, which a repository knows."""
        return _NAME.fullmatch(self.remote) is not None

    def without_secret(self) -> Address:
        """Return the address without a token; whom ssh logs in as stays."""
        scheme, separator, rest = self.remote.rpartition("://")
        host, slash, path = rest.partition("/")
        user, at, host = host.rpartition("@")
        if not (separator and at):
            return self
        kept = "" if scheme.startswith("http") else f"{user.partition(':')[0]}@"
        return Address(f"{scheme}://{kept}{host}{slash}{path}", self.on_branches)

    @property
    def store(self) -> str:
        """What names it in `TWEETBOT_STORE`; it may hold a token."""
        return f"{SCHEME}{self.remote}{_BRANCH if self.on_branches else ''}"

    @property
    def folder(self) -> str:
        """Where its refs begin; outside of `refs/heads` a ref is in no clone and in no list."""
        return "refs/heads/tweetbot/" if self.on_branches else "refs/tweetbot/"

    def ref(self, profile: str) -> str:
        """Return the ref of a profile; raises `ConfigurationError` if git takes no such name."""
        if _NO_REF.fullmatch(profile):
            raise ConfigurationError(
                f"git takes no name such as {profile}.",
                "Choose one without two dots in a row, and without a dot or .lock at its end.",
            )
        return self.folder + profile

    def __str__(self) -> str:
        scheme, separator, rest = self.remote.rpartition("://")
        host, slash, path = rest.partition("/")
        return f"{SCHEME}{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


class Remote:
    """A repository elsewhere; each method raises `Temporary` or `ConfigurationError`.

    `deadline` is in seconds, for one call of git.
    """

    def __init__(
        self,
        address: Address,
        environ: Mapping[str, str],
        *,
        deadline: float = DEADLINE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address
        self._environ = environ
        self._deadline = deadline
        self._sleep = sleep

    def __str__(self) -> str:
        return str(self.address)

    def by_url(self) -> Address:
        """Return the address that is good anywhere on this machine."""
        return Address(self._url, self.address.on_branches)

    @cached_property
    def _url(self) -> str:
        """The repository's URL: by a name, git would move the refs that follow the remote's."""
        if not self.address.is_name:
            return self.address.remote
        with self._errors():
            told = self._git("remote", "get-url", "--push", self.address.remote)
            url = told.decode().rstrip("\n")
            if ":" not in url and not os.path.isabs(url):
                top = self._git("rev-parse", "--show-toplevel").decode().rstrip("\n")
                url = os.path.abspath(os.path.join(top, url))
        return url

    def refs(self) -> dict[str, str]:
        """Return the commits of all profiles, by their names."""
        folder = self.address.folder
        lines = self._ask("ls-remote", "--refs", self._url, f"{folder}*").decode()
        pairs = (line.split("\t") for line in lines.splitlines())
        return {
            ref.removeprefix(folder): commit
            for commit, ref in pairs
            if ref.startswith(folder) and "/" not in ref.removeprefix(folder)
        }

    def commit_of(self, profile: str) -> str:
        """Return the commit of a profile; empty if there is none."""
        return self.refs().get(profile, "")

    def fetch(self, profiles: Iterable[str]) -> None:
        """Bring the commits of profiles here; nothing else in this repository changes."""
        quiet = ("--no-tags", "--no-write-fetch-head", "--refmap=", "--no-prune", "--no-progress")
        refs = [self.address.ref(profile) for profile in profiles]
        self._ask("fetch", *quiet, "--no-recurse-submodules", self._url, *refs)

    def read(self, profile: str) -> tuple[str, dict[str, bytes]]:
        """Return a profile's commit and its files; empty both if there is none."""
        for _ in range(_CHANGING):
            commit = self.commit_of(profile)
            if not commit:
                return "", {}
            files = self.files(commit)
            if files is None:
                self._fetch_if_there(profile)
                files = self.files(commit)
            if files is not None:
                return commit, files
        raise Temporary(f"{self} changes all the time.", "Run again later.")

    def _fetch_if_there(self, profile: str) -> None:
        try:
            self.fetch([profile])
        except Temporary:
            if self.commit_of(profile):  # else it was deleted a moment ago
                raise

    def files(self, commit: str) -> dict[str, bytes] | None:
        """Return the files of a commit that is here; `None` if it is not."""
        try:
            listed = self._git("ls-tree", "--full-tree", "-z", commit).decode()
            rows = (row.split("\t") for row in listed.split("\0") if row)
            blobs = {name: described.split()[2] for described, name in rows}
            return {name: self._git("cat-file", "blob", blob) for name, blob in blobs.items()}
        except GitFailed:
            return None

    def make_commit(self, files: Mapping[str, bytes]) -> str:
        """Make a commit without a parent that holds `files`; return its id."""
        with self._errors():
            rows = []
            for name, content in files.items():
                blob = self._git("hash-object", "-w", "--stdin", given=content).decode().strip()
                rows.append(f"100644 blob {blob}\t{name}\n")
            tree = self._git("mktree", given="".join(rows).encode()).decode().strip()
            return self._git("commit-tree", tree, "-m", "tweetbot").decode().strip()

    def push(self, ref: str, commit: str, *, read: str | None) -> None:
        """Put `commit` in the place of the one that was read; an empty commit removes the ref.

        `read` is empty where there was none, and `None` if it does not matter. The same again is
        no error: so a push whose answer was lost can be repeated.
        """
        lease = "--force" if read is None else f"--force-with-lease={ref}:{read}"
        options = ("--porcelain", "--no-verify", "--no-signed", "--no-progress", lease)
        with self._errors():
            self._git("push", *options, self._url, f"{commit}:{ref}")

    def _ask(self, *args: str) -> bytes:
        """Ask the server for something; once more if it fails for a moment."""
        began = time.monotonic()
        try:
            with self._errors():
                return self._git(*args)
        except Temporary:
            if time.monotonic() - began > FOR_A_MOMENT:
                raise
        self._sleep(AGAIN_AFTER)
        with self._errors():
            return self._git(*args)

    @cached_property
    def _git(self) -> Git:
        """The program, in its repository."""
        with self._errors():
            if not self.address.is_name:
                return Git(self._environ, None, deadline=self._deadline)
            git = Git(self._environ, self.address.remote, deadline=self._deadline)
            git("remote", "get-url", self.address.remote)  # raises where there is none
            return git

    @contextmanager
    def _errors(self) -> Iterator[None]:
        branch = "" if self.address.on_branches else f"git:NAME{_BRANCH}"
        if self.address.is_name and branch:
            branch = f"{self.address.store}{_BRANCH}"
        try:
            yield
        except GitFailed as failed:
            in_actions = self._environ.get("GITHUB_ACTIONS") == "true"
            raise refusal(failed, str(self), branch=branch, in_actions=in_actions) from None
