"""Calling `git`: it does the work and the authentication, and it never asks a person.

It runs in the repository that a remote's name belongs to, or in one of our own. New objects go to
a folder of our own, which is thrown away: nothing in the person's repository changes, not its
work tree, its refs, its `FETCH_HEAD` or its objects.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path

from tweetbot.errors import ConfigurationError
from tweetbot.store.process import run

OLDEST = (2, 30)  # `git fetch --no-write-fetch-head`, and fetches that leave no refs behind
DEADLINE = 30.0  # seconds for one call

# What would move git elsewhere (a hook that runs tweetbot sets them), and what makes it talk.
_DROPPED = re.compile(
    "GIT_(INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|QUARANTINE_PATH|NAMESPACE"
    "|PREFIX|SHALLOW_FILE|GRAFT_FILE|REPLACE_REF_BASE|(AUTHOR|COMMITTER)_DATE"
    "|TRACE.*|CURL_VERBOSE|REFLOG_ACTION|PUSH_OPTION.*)|SSH_ASKPASS|TWEETBOT_.*"
)
_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR")
_QUIET = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",  # empty: no program asks, neither this variable's nor core.askPass
    "SSH_ASKPASS_REQUIRE": "never",
    "GCM_INTERACTIVE": "never",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    **{
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "tweetbot"), ("EMAIL", "tweetbot@localhost"))
    },
}
_SETTINGS = (
    f"core.hooksPath={os.devnull}",
    "gc.auto=0",
    "maintenance.auto=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "push.negotiate=false",
    "push.pushOption=",
    "fetch.recurseSubmodules=no",
    "fetch.writeCommitGraph=false",
    "credential.interactive=never",
    "color.ui=never",
)


class GitFailed(Exception):
    """git did not end with 0; `code` is `None` if it did not end in time."""

    def __init__(self, code: int | None, said: str) -> None:
        super().__init__(code)
        self.code = code
        self.said = said


class Git:
    """The program, in one repository: that of the remote `name`, or a new one of our own."""

    def __init__(
        self, environ: Mapping[str, str], name: str | None, *, deadline: float = DEADLINE
    ) -> None:
        kept = {name: text for name, text in environ.items() if not _DROPPED.fullmatch(name)}
        self._environ = {**kept, **_QUIET}
        # A mirror takes no single refs.
        self._settings = (*_SETTINGS, f"remote.{name}.mirror=false") if name else _SETTINGS
        self._deadline = deadline
        _check_version(self("--version").decode(errors="replace"))
        self._scratch = _scratch_folder(self)
        if name:
            self._set_objects_apart()
        else:
            self._make_repository()

    def __call__(self, *args: str, given: bytes = b"") -> bytes:
        """Run `git` and return its output; raises `GitFailed`."""
        settings = [word for setting in self._settings for word in ("-c", setting)]
        try:
            ended = run(["git", *settings, *args], given, self._environ, deadline=self._deadline)
        except OSError as error:
            why = "it is not installed" if isinstance(error, FileNotFoundError) else error.strerror
            raise ConfigurationError(
                f"The program git cannot be started: {why}.",
                f"Install git {_dotted(OLDEST)} or newer.",
            ) from None
        if ended.is_endless:
            raise ConfigurationError("git printed more than 10 MiB.", "Look at its settings.")
        if ended.code == 0:
            return ended.out
        said = ended.err + (ended.out if args[0] == "push" else b"")
        raise GitFailed(ended.code, said.decode(errors="replace"))

    def _make_repository(self) -> None:
        for name in _REPOSITORY:
            self._environ.pop(name, None)
        repository = self._scratch / "repository"
        self("init", "-q", "--bare", "--template=", str(repository))
        self._environ["GIT_DIR"] = str(repository)

    def _set_objects_apart(self) -> None:
        objects = self("rev-parse", "--git-path", "objects").decode().rstrip("\n")
        apart = self._scratch / "objects"
        apart.mkdir()
        self._environ["GIT_OBJECT_DIRECTORY"] = str(apart)
        # In quotes, as in C, a path may have a colon (git's environment variables, "Git Objects").
        there = os.path.abspath(objects).replace("\\", "\\\\").replace('"', '\\"')
        self._environ["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = f'"{there}"'


def _scratch_folder(owner: object) -> Path:
    """Make a folder that lives as long as `owner`, or as the process."""
    try:
        folder = tempfile.mkdtemp(prefix="tweetbot-git-")
    except OSError as error:
        raise ConfigurationError(
            f"There is no folder for temporary files: {error.strerror}.", "Set TMPDIR."
        ) from None
    weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _check_version(said: str) -> None:
    found = re.search(r"(\d+)\.(\d+)", said)
    if found and (int(found[1]), int(found[2])) < OLDEST:
        raise ConfigurationError(
            f"git is too old ({found[0]}).", f"Install git {_dotted(OLDEST)} or newer."
        )


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
