"""X's refusals, word for word, as a client meets them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tweetbot.sandbox.messages import Answer, html_answer, json_answer, trace_headers

_TYPES = "https://api.x.com/2/problems"
_NO_STORE: Final = {"cache-control": "no-store", "pragma": "no-cache"}


def problem(status: int, title: str, detail: str, *, kind: str = "about:blank") -> Answer:
    """Return a problem object: the shape of the API's own errors (RFC 7807)."""
    body = {"title": title, "detail": detail, "type": kind, "status": status}
    return json_answer(status, body, note=detail)


def invalid_request(
    message: str, parameters: Mapping[str, str | Sequence[str]] | None = None
) -> Answer:
    """Return the 400 that says what is wrong and echoes the parameters at fault."""
    echo = {
        name: [value] if isinstance(value, str) else list(value)
        for name, value in (parameters or {}).items()
    }
    body = {
        "errors": [{"parameters": echo, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": f"{_TYPES}/invalid-request",
    }
    return json_answer(400, body, note=message)


def invalid_media(media_ids: Sequence[str]) -> Answer:
    """Return the 400 about media that are unknown, expired, unfinished or another account's."""
    return invalid_request("Your media IDs are invalid.", {"media.media_ids": media_ids})


def no_such_post(post_id: str) -> Answer:
    """Return the 404 about a post that is not there, or not any more."""
    error = {
        "value": post_id,
        "detail": f"Could not find tweet with id: [{post_id}].",
        "title": "Not Found Error",
        "resource_type": "tweet",
        "parameter": "id",
        "resource_id": post_id,
        "type": f"{_TYPES}/resource-not-found",
    }
    return json_answer(404, {"errors": [error]}, note=f"there is no post {post_id}")


def oauth_error(status: int, error: str, description: str = "") -> Answer:
    """Return an error of the token endpoint (RFC 6749 §5.2), which is no problem object."""
    body = {"error": error, "error_description": description} if description else {"error": error}
    return json_answer(status, body, note=description or error).having(_NO_STORE)


def missing_parameter(name: str) -> Answer:
    """Return the token endpoint's 400 about a field that is not there."""
    return oauth_error(400, "invalid_request", f"Missing required parameter [{name}].")


UNAUTHORIZED: Final = problem(401, "Unauthorized", "Unauthorized")
CREDITS_DEPLETED: Final = problem(
    402, "Payment Required", "credits depleted", kind=f"{_TYPES}/credits-depleted"
)
# A missing scope is not named.
FORBIDDEN: Final = problem(403, "Forbidden", "Forbidden")
# Said of a text that is too long as well as of an app or account that may not post.
NOT_PERMITTED: Final = problem(403, "Forbidden", "You are not permitted to perform this action.")
DUPLICATE: Final = problem(
    403, "Forbidden", "You are not allowed to create a Tweet with duplicate content."
)
TWO_CASHTAGS: Final = problem(403, "Forbidden", "Posts are limited to a maximum of one cashtag.")
NOT_FOUND: Final = problem(404, "Not Found", "Not Found")
NO_JSON_OBJECT: Final = invalid_request("Request body must be a JSON object.")
ONE_KIND_ALONE: Final = invalid_request(
    "You can only provide one of poll or quote_tweet_id or direct_message_deep_link or media or "
    "card_uri."
)
# The rule for self-serve plans. The local X knows no mentions: the author alone may answer.
NOT_THE_AUTHOR: Final = problem(
    403,
    "Authorization Error",
    "You can only reply to or quote posts where you are mentioned or are the author.",
    kind=f"{_TYPES}/not-authorized-for-resource",
)
NO_TARGET: Final = problem(
    403, "Forbidden", "You attempted to reply to a Tweet that is deleted or not visible to you."
)
TOO_MANY_KINDS: Final = invalid_request(
    "$.media.media_ids: a post takes up to four pictures, or one GIF, or one video."
)
MEDIA_NOT_FOUND: Final = invalid_request("BadRequest: Not found")
SEGMENTS_MISSING: Final = invalid_request("Segments do not add up to provided total file size.")
JSON_ALONE: Final = invalid_request(
    "Requests with bodies must have content-type of application/json."
)
NOT_YOURS_TO_DELETE: Final = problem(
    403, "Forbidden", "You are not authorized to delete this Tweet."
)
TOO_MANY_REQUESTS: Final = problem(429, "Too Many Requests", "Too Many Requests")
NOT_LOOPBACK: Final = problem(
    421, "Misdirected Request", "The local X answers on the loopback interface alone."
)

# The same words whether the header is missing, the secret wrong, or the secret in the body.
NO_CLIENT_AUTHENTICATION: Final = oauth_error(
    401, "unauthorized_client", "Missing valid authorization header"
)
UNKNOWN_CLIENT: Final = oauth_error(400, "invalid_client")
# Not `invalid_grant`, which RFC 6749 §5.2 would have here.
INVALID_TOKEN: Final = oauth_error(
    400, "invalid_request", "Value passed for the token was invalid."
)
INVALID_CODE: Final = oauth_error(
    400, "invalid_request", "Value passed for the authorization code was invalid."
)
OTHER_REDIRECT_URI: Final = oauth_error(
    400,
    "invalid_request",
    "Value passed for the redirect uri did not match the uri of the authorization code.",
)
INVALID_GRANT_TYPE: Final = oauth_error(
    400,
    "invalid_request",
    "Value passed for the grant type was invalid. "
    "Grant type should be one of [authorization_code, refresh_token].",
)

_TYPICAL: Final = {
    400: invalid_request("One or more parameters to your request was invalid."),
    401: UNAUTHORIZED,
    402: CREDITS_DEPLETED,
    403: NOT_PERMITTED,
    404: NOT_FOUND,
}
_TYPICAL_OF_TOKEN: Final = _TYPICAL | {400: INVALID_TOKEN, 401: NO_CLIENT_AUTHENTICATION}


def typical_answer(status: int, *, step: str, now: float) -> Answer:
    """Return what X answers with `status` in that step when it is not asked for details."""
    if status >= 500:
        return gateway_error(status)
    if 300 <= status < 400:
        return Answer(status, headers={"location": "/"})
    if status == 429:
        return TOO_MANY_REQUESTS.having({**trace_headers(), **_used_up(now)})
    table = _TYPICAL_OF_TOKEN if step in ("token", "revoke") else _TYPICAL
    return table.get(status, json_answer(status, {})).having(trace_headers())


def gateway_error(status: int) -> Answer:
    """Return the page of the gateway in front of X: HTML, and none of X's headers."""
    page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n"
    return html_answer(status, page, note="a page from the gateway")


def _used_up(now: float) -> dict[str, str]:
    return {
        "x-rate-limit-limit": "100",
        "x-rate-limit-remaining": "0",
        "x-rate-limit-reset": str(int(now) + 15 * 60),
    }
