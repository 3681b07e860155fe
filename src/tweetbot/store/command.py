"""A document that lives elsewhere: in a CI secret, a secret manager, an encrypted file.

It comes from `TWEETBOT_PROFILE_JSON` or from the output of `TWEETBOT_LOAD_COMMAND`, and goes to
the standard input of `TWEETBOT_SAVE_COMMAND`, as one line. There is no lock here: what keeps a
second writer out is the CI's concurrency group, or commands that end with 75 when somebody was
faster. A compare-and-swap at the save alone is not enough: another run may load between the
rehearsal and the save, and show X the spent token. So the rehearsal has to be visible to a load.

1. *rehearse*: save the document that is there, as large as the one that will follow. It proves
   token, network, permission and size while nothing is spent. It says what was loaded, to the
   letter: by that a command can tell a rehearsal, and keep other runs out until the save (so does
   the branch of tweetbot 0.1). Nobody knows the limit of what is behind a command (GitHub's secrets
   end at 48 KB), so a long intent does not go with the token.
2. *hold signals back*; the caller sends the request.
3. *save* the new document, in three tries; else in a file of this machine, and `TokenNotSaved`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tweetbot.errors import (
    ConfigurationError,
    LoginNeeded,
    Overtaken,
    TweetbotError,
)
from tweetbot.foreign import HIDDEN, one_line, without_tokens
from tweetbot.profile import LOGGED_OUT, Moved, Profile, Unreadable, dump, on_one_line, parse
from tweetbot.store.masks import Masks, secrets_of
from tweetbot.store.process import run
from tweetbot.store.rehearsal import rehearsal
from tweetbot.store.rescue import Rescue
from tweetbot.store.secret import empty_secret
from tweetbot.store.signals import signals_held_back

PROFILE_JSON = "TWEETBOT_PROFILE_JSON"
LOAD_COMMAND = "TWEETBOT_LOAD_COMMAND"
SAVE_COMMAND = "TWEETBOT_SAVE_COMMAND"

LARGEST_INTENT = 2_000  # bytes
SOMEBODY_WAS_FASTER = 75  # EX_TEMPFAIL of sysexits.h
DEADLINE = 60.0  # seconds for one run of a command
_WORDS_KEPT = 500
SAVE_AGAIN_AFTER = (2.0, 10.0)  # seconds before each further try to save a renewed token


class CommandStore:
    """A profile document behind two commands, which the shell runs.

    `mask` is told each secret before it is used, so that a CI's log can hide it; `deadline` is
    in seconds, for one run of a command.
    """

    has_lock = False

    def __init__(
        self,
        profile: str,
        *,
        environ: Mapping[str, str],
        state_dir: Callable[[], Path | None],
        warn: Callable[[str], None],
        mask: Callable[[str], None] = lambda _: None,
        deadline: float = DEADLINE,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.interrupted_at: int | None = None
        self.largest_intent: int | None = LARGEST_INTENT
        self._profile = profile
        self._environ = {**environ, "TWEETBOT_PROFILE": profile}
        self._warn = warn
        self._deadline = deadline
        self._now = now
        self._sleep = sleep
        self._current: Profile | None = None
        self._there: bytes | None = None  # the line that is outside, if `_current` came from there
        self._warned = False
        self._masks = Masks(mask)
        self._rescue = Rescue(profile, state_dir=state_dir)

    def __str__(self) -> str:
        names = (LOAD_COMMAND, PROFILE_JSON, SAVE_COMMAND)
        return next((name for name in names if self._environ.get(name)), PROFILE_JSON)

    def make_ready(self) -> None:
        """Say at once if a login could not be kept."""
        self._save_command()

    @contextmanager
    def lock(self, *, new: bool = False, lasting: float = 0) -> Iterator[None]:  # noqa: ARG002
        """Lock nothing; see the top of this module."""
        if not new:
            self.load()
        yield

    def load(self) -> Profile:
        """Return the document; what was saved in this run is newer than what is outside."""
        if self._current:
            return self._current
        document = self._document()
        if not document.strip():
            raise empty_secret(self._environ) or LoginNeeded(
                f"Not logged in: neither {PROFILE_JSON} nor {LOAD_COMMAND} gives a document.",
                "Log in on a laptop, and put there what `tweetbot export` prints.",
            )
        try:
            stored = parse(document)
        except Unreadable as error:
            raise ConfigurationError(
                f"What {self} gives cannot be read as a profile: {error}.",
                "It has to be what `tweetbot export` printed, or what the save command was given.",
            ) from None
        self._masks.hide(stored)
        self._current = self._rescue.newer_than(stored)
        self._there = on_one_line(document) if self._current is stored else None
        self._masks.hide(self._current)
        return self._current

    def save(self, profile: Profile) -> None:
        """Hand the document to the save command; without one it lives as long as this run."""
        if self._environ.get(SAVE_COMMAND):
            self._masks.hide(profile)
            self._hand_over(profile, _line(profile))
            self._rescue.forget(profile)
        elif not self._warned:
            self._warned = True
            self._warn(f"There is no {SAVE_COMMAND}: what this run does will not be remembered.")
        self._current = profile

    def check_unchanged(self) -> None:
        """Load once more and compare: without a lock, that alone tells of another run."""
        if not (self._environ.get(LOAD_COMMAND) and self._environ.get(SAVE_COMMAND)):
            return  # what is outside never changes by us
        before, self._current = self._current, None
        if before != self.load():
            raise Overtaken(f"Another run has changed what {self} gives.", "Run again later.")

    def keep_lock(self) -> None:
        """Do nothing: there is none, or it is the kernel's."""

    def rehearse(self, current: Profile | None, *, planned: Profile | None = None) -> None:
        """Prove that a document can be saved, by saving the one that is there."""
        self._save_command()
        if current:
            self._masks.hide(current)
            line = rehearsal(current, planned, write=_line, there=self._there)
            self._hand_over(current, line)
            self._rescue.forget(current)
            self._current = parse(line)

    @contextmanager
    def prepare(
        self, current: Profile, *, planned: Profile | None = None
    ) -> Iterator[CommandStore]:
        """Prove that a renewed token can be saved; signals are held back inside."""
        self.rehearse(current, planned=planned)
        with signals_held_back():
            yield self

    def commit(self, renewed: Profile) -> None:
        """Save the renewed token, in three tries; raises `TokenNotSaved`."""
        self._masks.hide(renewed)
        why = ""
        for pause in (*SAVE_AGAIN_AFTER, None):
            try:
                self._hand_over(renewed, _line(renewed))
            except TweetbotError as error:
                why = error.happened
                if pause is not None:
                    self._sleep(pause)
            else:
                self._current = renewed
                return
        raise self._rescue.keep(renewed, why, remedy="Mend the save command")

    def set_aside(self) -> None:
        """Leave an unreadable document to be replaced: there is no second place for it here."""
        self._current = None

    def remove(self) -> None:
        """Forget the bot: what stays outside is marked, for it cannot be removed from here."""
        if self._current and not self._current.moved:
            note = Moved(at=int(self._now()), note=LOGGED_OUT)
            self.save(replace(self._current, moved=note))

    def remove_leftovers(self) -> None:
        """Do nothing: there are none."""

    def check_writable(self) -> None:
        """Know nothing: only a save tells."""

    @property
    def mode(self) -> None:
        """There is no file."""

    # -- the commands ---------------------------------------------------------------------------

    def _document(self) -> bytes:
        command = self._environ.get(LOAD_COMMAND)
        if not command:
            return os.fsencode(self._environ.get(PROFILE_JSON, ""))
        return self._run(LOAD_COMMAND, command, b"")

    def _hand_over(self, profile: Profile, line: bytes) -> None:
        self._run(SAVE_COMMAND, self._save_command(), line, profile)
        self._there = line

    def _save_command(self) -> str:
        command = self._environ.get(SAVE_COMMAND)
        if not command:
            raise ConfigurationError(
                f"There is no {SAVE_COMMAND} to keep a login that changes.",
                "X's refresh tokens work once: renewed and not kept, the bot would be locked out."
                f" Set {SAVE_COMMAND}.",
            )
        return command

    def _run(self, name: str, command: str, document: bytes, *saved: Profile) -> bytes:
        """Run a command; raises `Overtaken` if somebody was faster, else `ConfigurationError`."""
        ended = run(command, document, self._environ, deadline=self._deadline)
        code, out, err = ended.code, ended.out, ended.err
        if ended.is_endless:
            raise ConfigurationError(f"{name} printed more than 10 MiB.", "Mend it.")
        if code == 0:
            return out
        # What a load command wrote to its standard output is the document, or the half of it.
        said = self._without_secrets(err or (out if saved else b""), *saved)
        words = f' and said "{said}"' if said else ""
        if code is None:
            raise ConfigurationError(
                f"{name} did not end within {self._deadline:g} s{words}.", "Mend it."
            )
        if code == SOMEBODY_WAS_FASTER:
            raise Overtaken(
                f"Another run was faster: {name} ended with {code}{words}.", "Run again later."
            )
        raise ConfigurationError(f"{name} ended with {code}{words}.", "Mend it.")

    def _without_secrets(self, output: bytes, *more: Profile) -> str:
        text = one_line(output.decode(errors="replace"))
        for profile in filter(None, (self._current, *more)):
            for secret in secrets_of(profile):
                text = text.replace(secret, HIDDEN)
        text = without_tokens(text)  # a secret that nobody knows yet
        return text if len(text) <= _WORDS_KEPT else "…" + text[-_WORDS_KEPT:].partition(" ")[2]


def _line(profile: Profile) -> bytes:
    return dump(profile, one_line=True)
