"""The git store that the environment names: `TWEETBOT_STORE=git:…` with `TWEETBOT_KEY`.

What mends a fault differs by the place: in a job of GitHub Actions nobody can log in, and the key
is a secret of the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tweetbot.settings import is_profile_name
from tweetbot.store.git import GitStore
from tweetbot.store.git_ref import Ref
from tweetbot.store.git_remote import Address, Remote
from tweetbot.store.key import VARIABLE, Keys
from tweetbot.store.target import Target


def open_git_store(
    profile: str,
    *,
    environ: Mapping[str, str],
    state_dir: Callable[[], Path | None],
    wait: float,
    warn: Callable[[str], None],
    mask: Callable[[str], None],
    pointer: Path | None = None,
    target: Target | None = None,
) -> GitStore:
    """Return the store of a profile; nothing is asked yet."""
    ref = Ref(remote(environ), profile)
    return GitStore(
        profile,
        ref=ref,
        keys=target.keys(ref) if target else keys(profile, environ, pointer),
        state_dir=state_dir,
        wait=wait,
        warn=warn,
        mask=mask,
        nothing_there=_nothing_there(profile, environ, pointer),
    )


def open_all(
    environ: Mapping[str, str], *, state_dir: Callable[[], Path | None], warn: Callable[[str], None]
) -> Iterator[tuple[str, GitStore]]:
    """Yield the stores of all profiles: one look and one fetch for all of them."""
    repository = remote(environ)
    commits = {name: commit for name, commit in repository.refs().items() if is_profile_name(name)}
    if commits:
        repository.fetch(commits)
    for name, commit in sorted(commits.items()):
        ref = Ref(repository, name)
        store = GitStore(name, ref=ref, keys=keys(name, environ), state_dir=state_dir, warn=warn)
        store.know(commit)
        yield name, store


def remote(environ: Mapping[str, str]) -> Remote:
    """Return the repository that `TWEETBOT_STORE` names."""
    return Remote(Address.parse(environ["TWEETBOT_STORE"]), environ)


def keys(profile: str, environ: Mapping[str, str], pointer: Path | None = None) -> Keys:
    """Return the keys of `TWEETBOT_KEY`; raises `ConfigurationError` that says how to mend it.

    `pointer` is the document that they were taken from instead.
    """
    if pointer:
        remedy = (
            f"Where it lives, it has another key by now: {VARIABLE}=THAT_KEY tweetbot export -p"
            f" {profile} --to {_told(environ)} puts that one into {pointer}."
        )
        named = f"The key in {pointer} (not {VARIABLE})"
        return Keys.read(environ.get(VARIABLE, ""), remedy=remedy, named=named)
    if _in_actions(environ):
        remedy = (
            f"Hand the secret {VARIABLE} of this repository to this step (env: {VARIABLE}:"
            f" ${{{{ secrets.{VARIABLE} }}}}). On the laptop from which {profile} was moved, in a"
            f" clone, this sets it anew: {_hand_over(profile, environ)}"
        )
    else:
        remedy = (
            f"It has to be the key with which {profile} was brought there; for a bot that is new"
            " there, `openssl rand -base64 32` makes one."
        )
    return Keys.read(environ.get(VARIABLE, ""), remedy=remedy)


def _nothing_there(profile: str, environ: Mapping[str, str], pointer: Path | None) -> str:
    if _in_actions(environ):
        return (
            "Move it there, in a clone of this repository on the laptop where it is logged in:"
            f" {_hand_over(profile, environ)}"
        )
    if pointer:
        return (
            f"{pointer} says that it lives there. `tweetbot auth` logs it in there again;"
            " `tweetbot logout --force` drops what is here."
        )
    return "Run `tweetbot auth`, or `tweetbot import`."


def _hand_over(profile: str, environ: Mapping[str, str]) -> str:
    """Return the line that makes the key a secret; a failed export leaves that as it is."""
    export = f"tweetbot export -p {profile} --to {_told(environ)}"
    return f'key=$({export}) && printf %s "$key" | gh secret set {VARIABLE}'


def _told(environ: Mapping[str, str]) -> str:
    """Return the store as a person types it, without a token that its URL may hold."""
    return Address.parse(environ.get("TWEETBOT_STORE", "")).without_secret().store


def _in_actions(environ: Mapping[str, str]) -> bool:
    return environ.get("GITHUB_ACTIONS") == "true"
