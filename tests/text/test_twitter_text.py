"""Texts are measured as twitter-text measures them; each class of difference has its reason.

Two editions are asked: `twitter-text-parser`, in Python, and X's own, the npm package.
"""

# ruff: noqa: RUF001, SIM905 (characters that look alike are tested; lists of words read as words)

from __future__ import annotations

import importlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import unicodedata
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tweetbot.text.names import outside
from tweetbot.text.weight import Entity, measure

Span = tuple[int, int]
NPM = "twitter-text@3.1.0"


def length(text: str) -> int:
    return measure(text).weighted_length


# --- Texts ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parser() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports pkg_resources, which warns
        return importlib.import_module("twitter_text")


NAMES = "a foo Example x-y foo_bar xn--bcher-kva 中国語 例え пример café cafe\u0301 ſ é ü".split()
NAMES += "שלום مثال 한국 t co www ﬁ ß _ - 0 123 RT http https".split()
ENDINGS = (
    "com co jp COM c co.uk museum it is onion xn--p1ai xn-- рф 中国 テスト みんな भारत".split()
)
ENDINGS += "com1 com- com_ invalid kids ком vermögensberatung 网络 网".split()
DOTS = [*["."] * 12, "", *".. - _ 。 ． @".split()]
SCHEMES = "http:// https:// HTTP:// Https:// ftp:// http:/ // https://http://".split()
TAILS = "/ /path /a_(b) /a_(b_(c)) /( /() /a) /a. /a,b /@user/ /a!b /é /д /中 /–x /a/? /%20".split()
TAILS += "/?q=1 ?q=1 ? ?q=1. ?a=b&c=d #frag /#!/x :80 :80/x : /t(a(b)c)d /a~b /x?y=(z)".split()
TAILS += "/((a)b) /a(b(c)d)(e)f".split()
SLUGS = ["abc", "a" * 40, "a" * 41, "abc/def", "abc?x=1.", "", "abc-d", "中"]
AROUND = [*" " * 8, *"\n\t\r\u3000\u200b\u200f\u202a\u061c\ufeff\0\xa0\x85", "\r\n"]
AROUND += [*"()[]\"'“”「」。、!?@#$＠＃-_.,/&*~|:;…€"]
EMOJI = "© ©️ ® ™ ™️ ‼ ‼️".split()
EMOJI += "😀 👋🏽 ☝🏽 ☝️🏽 ❤ ❤️ ❤️‍🔥 👨‍👩‍👧‍👦 👩🏽‍🤝‍👨🏿 🏳️‍🌈 🏴‍☠️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇩🇪 🇯🇵 🇨🇶 🇦 1️⃣ #️⃣ *⃣ 1️".split()
EMOJI += "☀︎ ☀️ ㊗️ 🀄 🅰️ 🙂‍↔️ 🧑‍🧑‍🧒 🫱🏻‍🫲🏿 🌍🏽 👁️‍🗨️ 🏽 → ↔️ 🤼🏽‍♀️ 🦰 👨‍🦰 ⛹🏿‍♂️ 🫨 🐦‍🔥 🫆".split()
EMOJI += ["\u200d", "\ufe0f", "\ufe0e"]
LETTERS = "中 日本語 한국어 가\u11a8 \u1100\u1161\u11a8 か\u3099 ฉัน हिन्दी e\u0301 à".split()
LETTERS += ["\u0301", "\u0323", "o\u0323\u0302", "\u0344", "\u212b", "q\u0307\u0323", "\u0f73"]
MARKS = "@user @a/list @user@b RT@x a@b.com $AAPL $BRK.A $a.b.com #tag".split()


def _url(rng: random.Random) -> str:
    count = rng.choice([1, 1, 1, 2, 2, 3])
    dots = [rng.choice(DOTS) if rng.random() < 0.3 else "." for _ in range(count)]
    parts = [rng.choice(NAMES) + dot for dot in dots]
    scheme = rng.choice(SCHEMES) if rng.random() < 0.45 else ""
    tails = [rng.choice(TAILS) for _ in range(rng.choice([0, 0, 1, 1, 2]))]
    return scheme + "".join(parts) + rng.choice(ENDINGS) + "".join(tails)


def _emoji(rng: random.Random) -> str:
    return "".join(rng.choice(EMOJI) for _ in range(rng.randint(1, 3)))


def _short_link(rng: random.Random) -> str:
    return rng.choice(["https://t.co/", "t.co/", "HTTP://T.CO/"]) + rng.choice(SLUGS)


def _text(rng: random.Random) -> str:
    parts: list[Callable[[random.Random], str]] = [
        *[_url] * 6,
        _short_link,
        *[_emoji] * 2,
        *[lambda rng: rng.choice(LETTERS)] * 2,
        lambda rng: rng.choice(MARKS),
        lambda rng: rng.choice(NAMES),
    ]
    around = ["" if rng.random() < 0.3 else rng.choice(AROUND) for _ in range(rng.randint(1, 7))]
    return "".join(rng.choice(parts)(rng) + glue for glue in around)


# What can make an emoji, and nothing else. Digits belong to it before a selector or a keycap.
STRETCH = re.compile(
    "(?:[0-9#*](?=[\ufe0f\u20e3])|[\xa9\xae\u200d\ufe0e\ufe0f\u20e3\u203c-\u2bff\u3297\u3299"
    "\U0001f000-\U0001faff\U000e0020-\U000e007f])+"
)


def _one_line_end(text: str) -> str:
    """The parser reads every line end as one line feed; X's own edition does not."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _for_idna(text: str) -> str:
    """Put a 中 for each character that Python's IDNA 2003 refuses or replaces in a domain.

    The parser takes no link with one of them; X's own edition looks at the length alone.
    """

    def plain(character: str) -> str:
        latin = character < "\u0250" or "\u0300" <= character <= "\u036f"
        if latin or re.match(r"[\s\u061c\u200e\u200f\u202a-\u202e\ufeff\u3000]", character):
            return character
        try:
            kept = f"中{character}中".encode("idna").decode("idna") == f"中{character}中"
        except UnicodeError:
            kept = False
        return character if kept else "中"

    return re.sub(r"(?i)xn--+", "xn-", "".join(plain(character) for character in text))


def _surplus(text: str, parser: Any) -> int:
    """Add up what the parser counts of links again, where their place is longer than their text.

    That is so in a domain of two scripts with a path: it moves on by the length of the text.
    """
    surplus = 0
    for link in parser.extract_urls_with_indices(text):
        start, end = link["indices"]
        if again := text[start + len(link["url"]) : end].replace(".", "-"):
            emoji = STRETCH.match(text, end)  # may be joined to the last character
            after = emoji[0] if emoji else ""
            surplus += parser.parse_tweet(again + after).weightedLength
            surplus -= parser.parse_tweet(after).weightedLength
    return surplus


def _explain_stretch(stretch: str, theirs: int, *, is_own: bool) -> Iterator[str]:
    """Name why another edition counts a stretch of emoji otherwise; one never counts more here."""
    signs = 0 if is_own else len(re.findall("[\xa9\xae](?!\ufe0f)", stretch))
    if signs:
        yield "© and ® without a selector: the parser counts 2, X's own edition 1"
    if length(stretch) + signs == theirs:
        return
    assert length(stretch) + signs < theirs, f"{stretch!r} counts more than its parts"
    if re.search("[\U0001f1e6-\U0001f1ff]{2}", stretch):
        yield "a flag or a neighbour that its table lacks"
    elif "\u200d" in stretch:
        yield "a joined emoji that its table lacks"
    elif re.search("[\U0001f3fb-\U0001f3ff]", stretch):
        yield "a skin tone on what its table has without one"
    else:
        assert "\ufe0f" in stretch, f"unexplained: {stretch!r}"
        yield "a selector on what its table has without one"


def _explain_weight(text: str, parser: Any, *, is_own: bool = False) -> Iterator[str]:
    """Name the reasons for another weight of a text in which both find the same links."""
    theirs = parser.parse_tweet(text).weightedLength
    if surplus := _surplus(text, parser):
        yield "a link weighed by its text, not by its place"
        if is_own:  # what it counts again then holds emoji, too, in its own order
            return
        theirs -= surplus
    for stretch in _stretches(text):
        alone = parser.parse_tweet(stretch).weightedLength
        if alone != length(stretch):
            yield from _explain_stretch(stretch, alone, is_own=is_own)
            theirs += length(stretch) - alone
    assert length(text) == theirs, f"unexplained: {text!r}"


def _stretches(text: str) -> Iterator[str]:
    start = 0
    for link in measure(text).links:
        yield from STRETCH.findall(text, start, link.start)
        start = link.end
    yield from STRETCH.findall(text, start)


def _explain(given: str, parser: Any) -> Iterator[str]:
    """Name each difference between the two; fails on one that has no name."""

    def agree(text: str) -> bool:
        theirs = [tuple(link["indices"]) for link in parser.extract_urls_with_indices(text)]
        return [(link.start, link.end) for link in measure(text).links] == theirs

    text = unicodedata.normalize("NFC", given)
    if "\r" in text:
        assert length(text) - length(_one_line_end(text)) == text.count("\r\n")
        text = _one_line_end(text)
        yield "line ends: the parser counts CR LF as one"
    if not agree(text) and re.search(r"(?i)\.kids", text):
        text = re.sub(r"(?i)\.kids", ".info", text)
        yield "a top-level domain that is younger than its list"
    if not agree(text) and "ſ" in text:
        text = text.replace("ſ", "ß")
        yield "ſ, which Python takes for an s where case is ignored"
    if not agree(text):
        text = unicodedata.normalize("NFC", _for_idna(text))
        yield "a domain that Python's IDNA 2003 refuses"
    assert agree(text), f"unexplained: links in {given!r}"
    yield from _explain_weight(text, parser)


@pytest.mark.timeout(1_200)
def test_every_difference_from_twitter_text_parser_has_a_reason(parser: Any, full: bool) -> None:
    count = 100_000 if full else 1_000
    rng = random.Random(282)
    reasons: Counter[str] = Counter()
    for _ in range(count):
        reasons.update(set(_explain(_text(rng), parser)) or {"none: both say the same"})
    sys.stdout.write("".join(f"{number:7} {reason}\n" for reason, number in reasons.most_common()))
    assert reasons["none: both say the same"] > count / 2
    assert len(reasons) > 10, "the texts show every kind of difference"


# --- Against X's own edition ---------------------------------------------------------------------


@dataclass(frozen=True)
class Weight:
    weightedLength: int  # noqa: N815  # as the parser calls it


class OwnEdition:
    """The npm package, in a process of Node; answers as the parser does, in code points."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        script = Path(__file__).with_name("twitter_text.js")
        self.process = subprocess.Popen(
            ["node", str(script), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.ask = cache(self._ask)

    def _ask(self, text: str) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(text) + "\n")
        return json.loads(self.process.stdout.readline())

    def parse_tweet(self, text: str) -> Weight:
        return Weight(self.ask(text)["weight"])

    def extract_urls_with_indices(self, text: str) -> list[dict[str, Any]]:
        links = zip(self.ask(text)["links"], self.links(text), strict=True)
        return [{**link, "indices": span} for link, span in links]

    def links(self, text: str) -> list[Span]:
        return _in_code_points(text, [link["indices"] for link in self.ask(text)["links"]])

    def top_level_domains(self) -> set[str]:
        """Read its two lists, each one long regular expression."""
        names: set[str] = set()
        for kind in ("GTLD", "CCTLD"):
            path = self.folder / f"node_modules/twitter-text/dist/regexp/valid{kind}.js"
            script = re.sub("' \\+\\s+'", "", path.read_text())
            script = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), script)
            names |= set(max(re.findall(r"[^\s()\"'?:]+", script), key=len).split("|"))
        return names

    def named(self, text: str, kind: str) -> list[Span]:
        """Return mentions or cashtags; it finds them within links, too, and drops those later."""
        return outside(self.links(text), _in_code_points(text, self.ask(text)[kind]))


def _in_code_points(text: str, spans: Sequence[Sequence[int]]) -> list[Span]:
    """JavaScript counts code units of UTF-16."""
    units = text.encode("utf-16-le")
    start_end = [[len(units[: 2 * index].decode("utf-16-le")) for index in span] for span in spans]
    return [(start, end) for start, end in start_end]


@pytest.fixture(scope="module")
def own_edition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEdition]:
    """X's own edition; without Node or the registry the test is skipped, but not in CI."""
    folder = tmp_path_factory.mktemp("npm")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", NPM]
    there = bool(shutil.which("node") and shutil.which("npm"))
    if not (there and subprocess.run(install, cwd=folder, check=False).returncode == 0):
        if os.environ.get("CI"):
            pytest.fail(f"{NPM} cannot be installed by npm, or there is no node")
        pytest.skip("Node and npm are needed")
    edition = OwnEdition(folder)
    with edition.process:
        yield edition
        edition.process.kill()


def _spans(entities: Sequence[Entity]) -> list[Span]:
    return [(entity.start, entity.end) for entity in entities]


def _explain_own(given: str, edition: OwnEdition) -> Iterator[str]:
    """Name each difference from X's own edition; fails on one that has no name."""
    text = unicodedata.normalize("NFC", re.sub(r"(?i)\.kids", ".info", given))
    if re.search("[\ufeff\x85]", text):
        text = unicodedata.normalize("NFC", text.replace("\ufeff", "").replace("\x85", " "))
        yield "white space: JavaScript's has U+FEFF and not U+0085"
    pairs = zip(*_links(text, edition), strict=False)
    if any(_is_found_too_early(text, ours, theirs) for ours, theirs in pairs):
        yield "a domain that is looked for by its text, and found in another one"
        return
    if _links(text, edition)[0] != _links(text, edition)[1]:
        text = re.sub("[\U00010000-\U0010ffff]", "中", text)
        yield "a character beyond the first plane before a domain, which it cuts in half"
    ours, theirs = _links(text, edition)
    assert ours == theirs, f"unexplained: links in {given!r}"
    measured = measure(text)
    assert _spans(measured.mentions) == edition.named(text, "mentions"), repr(given)
    assert _spans(measured.cashtags) == edition.named(text, "cashtags"), repr(given)
    yield from _explain_weight(text, edition, is_own=True)


def _links(text: str, edition: OwnEdition) -> tuple[list[Span], list[Span]]:
    return _spans(measure(text).links), edition.links(text)


def _is_found_too_early(text: str, ours: Span, theirs: Span) -> bool:
    domain = re.split("[/?#:]", text[slice(*ours)])[0]
    return theirs[0] < ours[0] and text.startswith(domain, theirs[0])


@pytest.mark.timeout(1_200)
def test_every_difference_from_xs_own_edition_has_a_reason(
    own_edition: OwnEdition, full: bool, figures: Callable[[str], None]
) -> None:
    count = 100_000 if full else 1_000
    rng = random.Random(281)
    reasons: Counter[str] = Counter()
    for _ in range(count):
        reasons.update(set(_explain_own(_text(rng), own_edition)) or {"none: both say the same"})
    figures(f"{NPM}, {count} texts: {dict(reasons.most_common())}")
    assert reasons["none: both say the same"] > count / 2
    assert len(reasons) > 6, "the texts show every kind of difference"


def test_no_top_level_domain_of_xs_own_list_is_missing(own_edition: OwnEdition) -> None:
    """A price and `--no-links` must not fall short of what X links."""
    names = own_edition.top_level_domains()
    assert len(names) > 1_500
    assert "fiat" in names
    for name in sorted(names):
        text = f"http://example.{name}/ is one"
        assert _spans(measure(text).links) == own_edition.links(text) != [], name
