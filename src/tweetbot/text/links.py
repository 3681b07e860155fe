"""What X makes a link of; pure.

The grammar is that of twitter-text (github.com/twitter/twitter-text, the JavaScript edition). The
text is read from left to right: where twitter-text's expressions go back and forth for seconds
(`"a." * 3000`), every loop here moves on, and every expression is possessive, so that the time
grows with the length alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

from tweetbot.text.characters import DIRECTIONS, LATIN, PUNCTUATION, SPACES
from tweetbot.text.tlds import tld_end
from tweetbot.values import dataclass

Span: TypeAlias = tuple[int, int]

# A domain is a chain of labels, each followed by a dot, then a top-level domain. twitter-text
# takes the first place where one can begin and the longest chain from there, goes on after what
# it took, and only then decides whether it keeps it.

_NO_LABEL = f"{PUNCTUATION}{SPACES}{DIRECTIONS}\ufffe\ufeff\uffff"
_LABEL = rf"(?<![^{_NO_LABEL}])[^{_NO_LABEL}]++\."
# The character before a link is none of these; @, # and $ begin something else.
_BEGINNING = rf"(?<![A-Za-z0-9@\uff20$#\uff03\ufffe\ufeff\uffff])[^{_NO_LABEL}_-]"

_LATIN_LABEL = f"[-A-Za-z0-9{LATIN}]++"
_GENERAL = rf"[A-Za-z0-9\u0400-\u04ff{LATIN}!*';:=+,.$/%#\[\]\u2013_~@|&-]"
_PARENTHESES = rf"\({_GENERAL}*+(?:(?<!\()\)|\({_GENERAL}++\){_GENERAL}*+\))"
_PATH = rf"/(?:{_GENERAL}++|{_PARENTHESES})*+"
_PATH_CANNOT_END = "!*';:,.$%[]\u2013~@|&"
_PORT = ":[0-9]++"
_QUERY = r"\?[A-Za-z0-9!?*'@();:&=+$/%#\[\]_.,~|-]++"
_QUERY_CANNOT_END = "!?*'@();:+$%[].,~|"

_TCO = r"(?i:https?://t\.co/)([A-Za-z0-9]++)"
_MAX_SLUG = 40
_MAX_URL = 4096
_MAX_DNS_LABEL = 63  # RFC 1035 §2.3.4
_DEFAULT_SCHEME = "https://"


@dataclass(frozen=True)
class _Label:
    """One label, up to the dot at `end`.

    `tld` is where a top-level domain after the dot ends, `onward` where the longest domain ends
    that goes on with the next label; 0 if there is none.
    """

    start: int
    end: int
    tld: int
    onward: int


@dataclass(frozen=True)
class _Url:
    """What twitter-text's grammar takes for a URL; whether it is a link is another question."""

    start: int
    host: int
    host_end: int
    end: int
    has_path: bool


def links(text: str) -> list[Span]:
    """Find what X makes a link of: the spans, in the order of the text."""
    labels = _labels(text)
    found: list[Span] = []
    done = 0
    for number, label in enumerate(labels):
        url = _url(text, label, done)
        if url is None:
            continue
        done = url.end
        if not _is_sound(text, url):
            continue
        domains = _latin_domains(text, url, _labels_of(url, labels, number))
        if url.start == url.host:
            found += _links_without_scheme(text, url, domains)
        elif domains or not text.startswith("xn--", url.host):  # Punycode is ASCII
            found += _link_with_scheme(text, url)
    return found


def _labels(text: str) -> list[_Label]:
    labels: list[_Label] = []
    if "." not in text:
        return labels
    next_start = next_end = -1
    # From the right, because how far a domain reaches depends on what follows.
    for found in reversed(list(re.finditer(_LABEL, text))):
        start, dot = found.start(), found.end() - 1
        onward = next_end if next_start == dot + 1 else 0
        label = _Label(start, dot, tld_end(text, dot + 1), onward)
        labels.append(label)
        next_start, next_end = start, _domain_end(text, label, start)
    labels.reverse()
    return labels


def _domain_end(text: str, label: _Label, start: int) -> int:
    """Tell where the longest domain ends that begins at `start`, in `label`; 0 if none does."""
    if start >= label.end or text[start] in "-_" or text[label.end - 1] in "-_":
        return 0
    if label.onward or text.find("_", start, label.end) < 0:
        return label.onward or label.tld
    return 0  # the last label before the top-level domain has no underscore


def _url(text: str, label: _Label, done: int) -> _Url | None:
    """Find the first URL whose domain begins in `label`, and that begins after `done`."""
    for scheme in ("https://", "http://"):
        start = label.start - len(scheme)
        given = text[max(start, 0) : label.start].lower()
        end = _domain_end(text, label, label.start)
        if given == scheme and end and _can_begin(text, start, done):
            return _url_with_tail(text, start, label.start, end)
    start = _bare_start(text, label, done)
    if end := _domain_end(text, label, start):
        return _url_with_tail(text, start, start, end)
    return None


def _can_begin(text: str, start: int, done: int) -> bool:
    # The character before belongs to the match, so the one before it has to end earlier.
    return start >= _first(done) and bool(re.compile(_BEGINNING).match(text, start))


def _first(done: int) -> int:
    return done + 1 if done else 0


def _bare_start(text: str, label: _Label, done: int) -> int:
    first = max(label.start, _first(done))
    if not label.onward:
        first = max(first, text.rfind("_", label.start, label.end) + 1)
    beginning = re.compile(_BEGINNING)
    if first == 0 and beginning.match(text, 1, label.end):
        return 1  # at the very beginning twitter-text takes `é` for what stands before `a.com`
    found = beginning.search(text, first, label.end)
    return found.start() if found else label.end


def _url_with_tail(text: str, start: int, host: int, host_end: int) -> _Url:
    port_end = _stretch(text, host_end, _PORT)
    path_end = _stretch(text, port_end, _PATH, cannot_end=_PATH_CANNOT_END)
    end = _stretch(text, path_end, _QUERY, cannot_end=_QUERY_CANNOT_END)
    return _Url(start, host, host_end, end, has_path=path_end > port_end)


def _stretch(text: str, start: int, pattern: str, *, cannot_end: str = "") -> int:
    """Tell where the match of `pattern` at `start` ends; `start` if there is none."""
    found = re.compile(pattern).match(text, start)
    return start + len(found[0].rstrip(cannot_end)) if found else start


def _is_sound(text: str, url: _Url) -> bool:
    scheme = url.host - url.start or len(_DEFAULT_SCHEME)
    # twitter-text counts a scheme that is there twice.
    if scheme + url.end - url.start > _MAX_URL:
        return False
    return all(_is_dns_label(label) for label in text[url.host : url.host_end].split("."))


def _is_dns_label(label: str) -> bool:
    if len(label) > _MAX_DNS_LABEL:
        return False  # before Punycode, whose time grows with the square
    # IDNA knows three more dots (RFC 3490 §3.1); twitter-text leaves the parts in one label.
    parts = [_to_ascii(part) for part in re.split("[\u3002\uff0e\uff61]", label)]
    return len(".".join(parts)) <= _MAX_DNS_LABEL


def _to_ascii(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _link_with_scheme(text: str, url: _Url) -> Iterator[Span]:
    tco = re.compile(_TCO).match(text, url.start, url.end)
    if not tco:
        yield url.start, url.end
    elif len(tco[1]) <= _MAX_SLUG:  # and nothing but a query follows the slug
        yield url.start, _stretch(text, tco.end(), _QUERY, cannot_end=_QUERY_CANNOT_END)


def _labels_of(url: _Url, labels: list[_Label], number: int) -> list[_Label]:
    last = number
    while last < len(labels) and labels[last].end < url.host_end:
        last += 1
    return labels[number:last]


def _links_without_scheme(text: str, url: _Url, domains: list[Span]) -> list[Span]:
    """Keep the Latin domains: without a scheme X links only these.

    A path belongs to the last of them; a port or a query without a path to none.
    """
    if not domains or text[url.start - 1 : url.start] in ("-", "_", ".", "/"):
        return []
    *others, (start, end) = domains
    return [*others, (start, url.end if url.has_path else end)]


def _latin_domains(text: str, url: _Url, labels: list[_Label]) -> list[Span]:
    found: list[Span] = []
    position = url.host
    for label, end in zip(labels, _latin_ends(text, labels), strict=True):
        latin = re.compile(rf"{_LATIN_LABEL}\Z").search(text, max(position, label.start), label.end)
        if end and latin:
            found.append((latin.start(), end))
            position = end
    return found


def _latin_ends(text: str, labels: list[_Label]) -> list[int]:
    """Tell for each label where the longest Latin domain ends that begins within it."""
    ends: list[int] = []
    onward = 0
    for label in reversed(labels):
        ends.append(onward or label.tld)
        latin = re.compile(_LATIN_LABEL).fullmatch(text, label.start, label.end)
        onward = ends[-1] if latin else 0
    ends.reverse()
    return ends
