"""What X's refusals mean: an answer goes in, the error to raise comes out.

The table `_REFUSALS` is the one place that says it. X documents few of its refusals; most bodies
were seen in public issue threads, and X rewords them. So a row is recognised by as little as
possible, the first that fits wins, and X's own words are always passed on.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tweetbot.errors import (
    AccessTokenRefused,
    AnswerLost,
    ConfigurationError,
    Duplicate,
    GrantRefused,
    NotAllowed,
    NotPermitted,
    RateLimited,
    Temporary,
    TextRefused,
    TweetbotError,
    Unpostable,
)
from tweetbot.values import dataclass
from tweetbot.x.answer import Answer
from tweetbot.x.limits import reset_of, when
from tweetbot.x.words import items, mapping, read_error, read_words

CONSOLE = "https://console.x.com"
_DATE = r"[0-9]{4}-[0-9:.TZ+ -]{5,30}"


def refusal(answer: Answer, *, now: float, of: str = "post") -> TweetbotError:
    """Say what a refusal means: the first row of the table that fits.

    `of` is "token" for the token endpoint, whose errors are those of RFC 6749 §5.2, "read" for a
    question, of which nothing is posted, and "media" for an upload.
    """
    facts = _Facts(answer, of)
    row = next(row for row in _REFUSALS if row.fits(facts))
    retry_at = reset_of(answer.headers, now) if row.error is RateLimited else None
    resets = when(retry_at, now)
    facts.extra["after"] = "after that" if resets else "in a quarter of an hour"
    happened = row.happened.format(status=answer.status, when=resets, **facts.extra)
    return row.error(happened, row.remedy.format(**facts.extra), x=facts.words, retry_at=retry_at)


def token_refusal(now: Callable[[], float]) -> Callable[[Answer], TweetbotError]:
    """Return what reads the refusals of the token endpoint (RFC 6749 §5.2)."""
    return lambda answer: refusal(answer, now=now(), of="token")


class _Facts:
    """What the rows of the table look at."""

    def __init__(self, answer: Answer, of: str) -> None:
        body = mapping(answer.json())
        first = mapping(next(iter(items(body.get("errors"))), None))
        self.status = answer.status
        self.of = of
        words = read_words(answer)
        self.words = read_error(answer) if of == "token" else words
        self.is_json = isinstance(answer.json(), dict | list)
        self.title = str(body.get("title") or first.get("title") or "").lower()
        # The host of a problem type has changed; its last segment has not.
        self.kind = str(body.get("type") or first.get("type") or "").rstrip("/").split("/")[-1]
        self.code = first.get("code") or body.get("code")
        self.error = body.get("error") if isinstance(body.get("error"), str) else None
        self.reason = str(body.get("reason") or "")
        self.said = f"{self.title} {words.detail or ''}".lower()
        reset = re.fullmatch(_DATE, str(body.get("reset_date")))
        self.extra = {"until": f" until {reset[0]}" if reset else ""}

    def says(self, *phrases: str) -> bool:
        return any(phrase in self.said for phrase in phrases)


@dataclass(frozen=True)
class _Row:
    error: type[TweetbotError]
    happened: str
    remedy: str
    fits: Callable[[_Facts], bool]


# Of the token endpoint: no word of RFC 6749, or nothing about what a server behind it has done.
_UNCLEAR = (400, 401, 408, 409, 425)
_NOTHING = "Nothing was posted."
_AUTH_AGAIN = "Run `tweetbot auth`."
# Sources: "docs" is docs.x.com (repository xdevplatform/docs, August 2026); the rest was seen in
# public threads, the number behind a name is the issue.
_REFUSALS: tuple[_Row, ...] = (
    # -- the token endpoint (RFC 6749 §5.2; X's descriptions are its own) --
    _Row(  # node-twitter-api-v2 319: also with a wrong secret, the same words
        ConfigurationError,
        "X does not accept the app's client id or client secret.",
        "Check both in X's console, and that the app's type fits (a secret means Automated App "
        "or Bot); then run `tweetbot auth --client-secret-file FILE` with the secret in that file."
        " The stored login is kept.",
        lambda it: it.of == "token" and it.error in ("unauthorized_client", "invalid_client"),
    ),
    _Row(  # node-twitter-api-v2 496: invalid_request where the RFC has invalid_grant
        GrantRefused,
        "X refused the login ({status}).",
        _AUTH_AGAIN,
        lambda it: it.of == "token" and it.status in (400, 401) and it.error is not None,
    ),
    _Row(
        AnswerLost,
        "X's token endpoint gave no readable answer ({status}).",
        "Run again later.",
        lambda it: it.of == "token" and (it.status in _UNCLEAR or it.status // 100 in (2, 5)),
    ),
    # -- money: console.x.com; ethernal 1324, gptme-contrib 1435 --
    _Row(
        NotAllowed,
        "The app's spend cap or usage cap at X is reached{until} ({status}).",
        f"Raise it at {CONSOLE}. {_NOTHING}",
        lambda it: (
            it.status in (402, 403, 429)
            and (
                it.title in ("spendcapreached", "usagecapexceeded")
                or it.kind == "usage-capped"
                or it.says("spend cap", "usage cap")
            )
        ),
    ),
    _Row(
        NotAllowed,
        "X has no credits left for this app ({status}).",
        f"Add credits at {CONSOLE}. {_NOTHING}",
        lambda it: (
            it.status == 402
            or it.kind in ("credits", "credits-depleted")
            or it.title == "creditsdepleted"
        ),
    ),
    # -- pace: docs, x-api/fundamentals/rate-limits --
    _Row(
        RateLimited,
        "X's rate limit is reached (429){when}.",
        f"{_NOTHING} Run again {{after}}.",
        lambda it: it.status == 429,
    ),
    # -- 401: docs, x-api/fundamentals/response-codes-and-errors --
    _Row(
        AccessTokenRefused,
        "X does not accept the access token (401).",
        f"{_NOTHING} {_AUTH_AGAIN}",
        lambda it: it.status == 401,
    ),
    # -- taking a post back --
    _Row(
        NotAllowed,
        "X does not let this bot delete that post (403).",
        "Only own posts can be deleted: see whose it is.",
        lambda it: it.status == 403 and it.of == "delete",
    ),
    # -- media: docs, x-api/media; a body of a gateway is no word of X's --
    _Row(  # legacy codes 324 and 325: expired, or not looked at to the end
        Temporary,
        "X does not know the uploaded media any more (400).",
        f"{_NOTHING} Run again later: they are uploaded anew.",
        lambda it: (
            it.status == 400
            and it.of == "post"
            and (it.code in (324, 325) or it.says("media ids", "media_ids"))
        ),
    ),
    _Row(
        ConfigurationError,
        "X refused the file ({status}).",
        f"{_NOTHING} Try another file, or a smaller one.",
        lambda it: it.of == "media" and it.status in (400, 413, 422),
    ),
    _Row(  # docs, incidents: an outage
        Temporary,
        "X's upload is out of order (404).",
        f"{_NOTHING} Run again later.",
        lambda it: it.of == "media" and it.status == 404,
    ),
    # -- the text --
    _Row(
        TextRefused,
        "X refused the post as invalid (400).",
        "Change the text.",
        lambda it: it.status == 400 and it.of == "post",
    ),
    _Row(
        ConfigurationError,
        "X refused the question as invalid (400).",
        "X's interface may have changed: upgrade tweetbot.",
        lambda it: it.status == 400 and it.of == "read",
    ),
    _Row(  # no JSON: not X's API speaks but something before it
        Temporary,
        "A gateway before X refused the request ({status}).",
        f"{_NOTHING} Run again later.",
        lambda it: it.status == 403 and not it.is_json,
    ),
    _Row(  # iembot 163, x-ruby 24; legacy code 187
        Duplicate,
        "X has this text from this account already (403).",
        "Change the text.",
        lambda it: it.status == 403 and (it.code == 187 or it.says("duplicate")),
    ),
    _Row(  # docs, x-api/posts/manage-tweets/integrate
        Unpostable,
        "X allows one cashtag in a post (403).",
        "Take the others out.",
        lambda it: it.status == 403 and it.says("cashtag"),
    ),
    _Row(  # docs, changelog of 23 February and 16 April 2026; legacy codes 433 and 385
        TextRefused,
        "X does not let this app reply to or quote that post (403).",
        "Post it without the reply or quote.",
        lambda it: (
            it.status == 403
            and (
                it.code in (433, 385)
                or it.says("reply to this conversation is not allowed", "reply to or quote")
            )
        ),
    ),
    _Row(  # legacy code 186
        Unpostable,
        "X finds the text too long (403).",
        "Shorten it.",
        lambda it: it.status == 403 and (it.code == 186 or it.says("a bit shorter", "too long")),
    ),
    # -- the app: docs, x-api/getting-started --
    _Row(
        NotAllowed,
        "X says that this app is not enrolled for the API (403).",
        f"Put it into the Pay-per-use package and the Production environment at {CONSOLE}.",
        lambda it: (
            it.status == 403
            and (it.kind == "client-forbidden" or it.reason.endswith(("not-enrolled", "forbidden")))
        ),
    ),
    _Row(
        NotAllowed,
        "The app may only read (403).",
        f"Set its permission to Read and write at {CONSOLE}, then run `tweetbot auth`.",
        lambda it: it.status == 403 and (it.kind == "oauth1-permissions" or it.code == 261),
    ),
    _Row(  # docs; autoshare-for-twitter 387: also seen for valid tokens, for a while
        NotPermitted,
        "X does not take this kind of login here (403).",
        f"It has to be one of OAuth 2.0 with user context: see that the app's type and"
        f" permissions fit at {CONSOLE}, then run `tweetbot auth`. {_NOTHING}",
        lambda it: (
            it.status == 403
            and (
                it.kind == "unsupported-authentication" or it.title == "unsupported authentication"
            )
        ),
    ),
    # -- the account: legacy codes 64, 326, 226, 185 --
    _Row(
        NotAllowed,
        "X has locked, suspended or limited the bot's account (403).",
        "Log in to it on x.com and see what X asks for.",
        lambda it: (
            it.status == 403
            and (it.code in (64, 326, 226, 185) or it.says("suspended", "account is locked"))
        ),
    ),
    _Row(
        NotPermitted,
        "X does not permit this post (403).",
        f"Check the app's permissions and limits at {CONSOLE}, and the account on x.com.",
        lambda it: it.status == 403 and it.says("not permitted to perform this action"),
    ),
    _Row(
        NotPermitted,
        "X forbids this app or account to post (403).",
        f"Check the app's permissions at {CONSOLE}, and the account on x.com.",
        lambda it: it.status == 403,
    ),
    # -- not X's API, or not as we know it --
    _Row(
        Temporary,
        "X could not answer ({status}).",
        "Run again later.",
        lambda it: it.status >= 500 or it.status < 300 or it.status in (408, 409, 425),
    ),
    _Row(
        ConfigurationError,
        "The server does not answer like X's API ({status}).",
        "Check TWEETBOT_API_URL, proxies and certificates; or upgrade tweetbot.",
        lambda _: True,
    ),
)
