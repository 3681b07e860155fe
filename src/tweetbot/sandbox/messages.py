"""What goes in and what comes out: a request as X sees it, and X's answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from secrets import token_hex
from urllib.parse import parse_qsl, urlsplit

from tweetbot.sandbox.multipart import read_multipart

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_LONGEST_FIELD = 1_000


@dataclass(frozen=True)
class Call:
    """One request, read to its end. The names of `headers` are in lower case.

    `form`, `parts` and `json` are what the body holds if the Content-Type says so; else `{}` and
    None. `parts` are those of a multipart body, and `form` has the ones among them that are short.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    json: object = field(repr=False)
    parts: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    is_empty: bool = False

    @property
    def is_multipart(self) -> bool:
        """Whether the body is a form that can hold files."""
        return _kind(self.headers) == _MULTIPART

    @property
    def base_url(self) -> str:
        """The address under which the client reached this server."""
        return f"http://{self.headers.get('host', '')}"


def read_call(method: str, target: str, *, headers: Mapping[str, str], body: bytes) -> Call:
    """Read the parts of a request; nothing in it is trusted and nothing raises."""
    names = {name.lower(): value for name, value in headers.items()}
    path, _, query = target.partition("?")
    kind = _kind(names)
    parts = read_multipart(names["content-type"], body) if kind == _MULTIPART else {}
    form = body if kind == _FORM else b""
    return Call(
        method=method,
        path=urlsplit(path).path if "://" in path else path,
        query=_pairs(query),
        headers=names,
        form={**_pairs(form.decode("utf-8", "replace")), **_short(parts)},
        json=_json(body) if kind == "application/json" else None,
        parts=parts,
        is_empty=not body,
    )


def _short(parts: Mapping[str, bytes]) -> dict[str, str]:
    return {
        name: data.decode("utf-8", "replace")
        for name, data in parts.items()
        if len(data) <= _LONGEST_FIELD
    }


def _kind(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _pairs(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


def _json(body: bytes) -> object:
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value


@dataclass(frozen=True)
class Answer:
    """X's answer to one request; `note` is what the log says about it and holds no secret."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    note: str = ""

    def having(self, headers: Mapping[str, str]) -> Answer:
        """Return this answer with more headers."""
        return replace(self, headers={**self.headers, **headers})


class Refused(Exception):
    """X says no; carries the answer that says so."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.note)
        self.answer = answer


def json_answer(status: int, value: object, *, note: str = "") -> Answer:
    """Return `value` as JSON."""
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    return Answer(status, body, {"content-type": JSON}, note)


def html_answer(status: int, page: str, *, note: str = "") -> Answer:
    """Return a page that no browser keeps."""
    headers = {"content-type": HTML, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Answer(status, page.encode(), headers, note)


def trace_headers() -> dict[str, str]:
    """Return the headers by which X can find one of its answers again."""
    return {"x-transaction-id": token_hex(8), "api-version": "2.167"}
