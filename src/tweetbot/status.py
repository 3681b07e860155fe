"""What `status` reports: offline, without a lock, from the document alone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tweetbot.errors import LoginNeeded, TooOld, TweetbotError, naming
from tweetbot.foreign import one_line
from tweetbot.money import PRICE_POST, dollars
from tweetbot.profile import Posted, Profile, Spend
from tweetbot.store import Store
from tweetbot.values import dataclass

CLOCK_SLACK = 5 * 60  # seconds by which X's clock may be ahead of this machine's


@dataclass(frozen=True)
class Status:
    """One bot; `problem` is what the next `post` would end with, as far as is known here."""

    name: str
    path: str
    profile: Profile | None
    mode: int | None
    problem: TweetbotError | None
    now: float

    @property
    def code(self) -> int:
        """The exit code that a monitor sees."""
        return self.problem.code if self.problem else 0

    @property
    def last_post(self) -> Posted | None:
        return self.profile.posts[-1] if self.profile and self.profile.posts else None

    @property
    def spend(self) -> Spend:
        """What this month cost so far."""
        return self.profile.spent(int(self.now)) if self.profile else Spend()

    @property
    def url(self) -> str | None:
        """The last post's address."""
        account = self.profile.account if self.profile else None
        post_id = self.last_post.id if self.last_post else None
        return post_id and f"https://x.com/{account.username if account else 'i'}/status/{post_id}"


def look(
    stores: Iterable[tuple[str, Store]],
    *,
    other_profiles: Iterable[tuple[str, Profile]],
    api_url: str,
    max_age: float | None,
    now: float,
) -> list[Status]:
    """Look at profiles; what is wrong with one is reported, not raised.

    `other_profiles` are others, whose logins may have ended one of these.
    """
    looked = [
        _look(name, store, api_url=api_url, max_age=max_age, now=now) for name, store in stores
    ]
    known = [*other_profiles, *((one.name, one.profile) for one in looked if one.profile)]
    return [_compared(one, known) for one in looked]


def _compared(status: Status, known: list[tuple[str, Profile]]) -> Status:
    """Find a later login for the same app and account: X keeps one.

    Only the live one is renewed, so the live one is the newest.
    """
    profile = status.profile
    if status.problem or profile is None or profile.account is None:
        return status
    for name, other in known:
        if profile.is_same_grant(other) and _obtained_at(other) > _obtained_at(profile):
            problem = LoginNeeded(
                f"The login of the profile {name}, for the same app and account, has ended this"
                " one: X keeps one.",
                f"Go on with `tweetbot post -p {name}`. Both at once need an app each: log in here"
                " with another --client-id.",
            )
            return replace(status, problem=problem)
    return status


def _obtained_at(profile: Profile) -> int:
    return profile.token.obtained_at or 0


def _look(name: str, store: Store, *, api_url: str, max_age: float | None, now: float) -> Status:
    profile, problem = None, None
    try:
        profile = store.load()
        _check(profile, store, api_url=api_url, max_age=max_age, now=now)
    except TweetbotError as error:
        problem = error
    return Status(name, str(store), profile, store.mode, problem, now)


def _check(
    profile: Profile, store: Store, *, api_url: str, max_age: float | None, now: float
) -> None:
    profile.check_usable(api_url=api_url)
    last = profile.last_error
    # A refused login never comes back by itself; any other failure may have passed.
    if last and last.code == LoginNeeded.code and last.at >= (profile.token.obtained_at or 0):
        raise LoginNeeded(
            f"The last run found the login refused ({local(last.at)}).", "Run `tweetbot auth`."
        )
    if missing := profile.token.missing_scopes:
        raise LoginNeeded(f"The login lacks the permission {missing}.", "Run `tweetbot auth`.")
    profile.spent(int(now)).check(PRICE_POST)
    store.check_writable()
    if max_age is not None:
        _check_age(profile, max_age, now)


def _check_age(profile: Profile, max_age: float, now: float) -> None:
    """Go by the last run that did its job; where an older tweetbot ran since, by the last post."""
    confirmed = [posted.at for posted in profile.posts if posted.id]
    at, what = profile.ran_at, "run that did its job"
    if confirmed and (at is None or at < confirmed[-1] <= now + CLOCK_SLACK):
        at, what = confirmed[-1], "post"
    if at is None:
        raise TooOld("Nothing has been posted yet.", "See that the scheduler runs `tweetbot post`.")
    if at > now + CLOCK_SLACK:
        raise TooOld(
            f"The last {what} lies in the future ({local(at)}), so its age is not known.",
            "See whether this machine's clock is right.",
        )
    if now - at > max_age:
        raise TooOld(f"The last {what} is of {local(at)}.", "See whether the scheduler runs.")


def line(status: Status) -> str:
    """Tell one bot's state in one line."""
    account = status.profile.account if status.profile else None
    username = f"@{account.username}" if account else "-"
    last = f"last post {local(status.last_post.at)}" if status.last_post else "no post yet"
    return f"{status.name:<16} {username:<17} {last:<28} {one_line(_word(status))}"


def _word(status: Status) -> str:
    profile = status.profile
    if status.problem:
        return f"{status.problem.name}: {status.problem.happened}"
    if profile and profile.last_error:
        return f"last run failed, {_times(profile.last_error.count)}: {profile.last_error.error}"
    if profile and profile.pending:
        return "outcome of a post unknown; the next run settles it"
    return "ok"


def details(status: Status) -> Iterator[str]:
    """Tell one bot's state in full, a line each."""
    mode = "" if status.mode is None else f" (mode {status.mode:04o})"
    is_missing = status.profile is None and isinstance(status.problem, LoginNeeded)
    there = " (not there)" if is_missing else mode
    rows = {"profile": status.name, "kept in": f"{status.path}{there}"}
    if status.profile:
        rows |= _profile_rows(status, status.profile)
    rows["next post"] = _next_post(status)
    width = max(map(len, rows)) + 2
    for title, value in rows.items():
        yield f"{title + ':':<{width}}{one_line(value)}"


def _next_post(status: Status) -> str:
    """Say what the next run has before it, as far as is known here."""
    if status.problem:
        return naming(status.name, str(status.problem))
    if status.profile and status.profile.pending:
        return "finds out first whether the pending one is live"
    if status.profile and status.profile.last_error:
        return "will fail again, unless the last error has passed"
    return "nothing known to be wrong"


def _profile_rows(status: Status, profile: Profile) -> dict[str, str]:
    token, spend = profile.token, status.spend
    budget = f" of {dollars(spend.budget_usd)}" if spend.budget_usd is not None else ""
    rows = {
        "account": _account(profile),
        "scope": token.scope or "not known",
        "token": f"renewed {local(token.obtained_at)}, expires {local(token.expires_at)}",
        "last post": f"{local(status.last_post.at)} {status.url or '(id not known)'}"
        if status.last_post
        else "none",
        "this month": f"{spend.count}, about {dollars(spend.usd)}{budget}",
    }
    if profile.ran_at is not None:
        rows["last good run"] = local(profile.ran_at)
    if profile.pending:
        rows["pending"] = f"{local(profile.pending.at)} {profile.pending.text or '(no text)'}"
    if profile.last_error:
        error = profile.last_error
        rows["last error"] = (
            f"{local(error.at)}, {_times(error.count)} ({error.code}):"
            f" {naming(status.name, error.message)}"
        )
    return rows


def _account(profile: Profile) -> str:
    if profile.account:
        return f"@{profile.account.username} (id {profile.account.id})"
    expected = profile.expected.username if profile.expected else None
    return f"not known yet; it has to be @{expected}" if expected else "not known"


def as_json(status: Status) -> dict[str, object]:
    """Return what `--json` shows; nothing secret is part of it."""
    profile = status.profile
    fields: dict[str, object] = {
        "ok": status.problem is None,
        "code": status.code,
        "profile": status.name,
        "path": status.path,
        "mode": None if status.mode is None else f"{status.mode:04o}",
        "error": status.problem.name if status.problem else None,
        "message": naming(status.name, str(status.problem)) if status.problem else None,
    }
    if profile is None:
        return fields
    account, pending, error, last = (
        profile.account,
        profile.pending,
        profile.last_error,
        status.last_post,
    )
    return {
        **fields,
        "account": account and {"id": account.id, "username": account.username},
        "scope": profile.token.scope,
        "obtained_at": profile.token.obtained_at,
        "expires_at": profile.token.expires_at,
        "last_post": last and {"id": last.id, "at": last.at, "url": status.url},
        "ran_at": profile.ran_at,
        "pending": pending and {"text": pending.text, "at": pending.at},
        "last_error": error
        and {name: getattr(error, name) for name in ("at", "code", "error", "message", "count")},
        "spend": {
            name: getattr(status.spend, name) for name in ("month", "posts", "usd", "budget_usd")
        },
        "moved": profile.moved and {"at": profile.moved.at, "note": profile.moved.note},
    }


def local(at: int | None) -> str:
    """Write a time (UTC epoch seconds) as the person's clock shows it."""
    return "not known" if at is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
