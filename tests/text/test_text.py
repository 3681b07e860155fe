"""What X makes of a text, by hand; `test_twitter_text.py` asks twitter-text itself."""

# ruff: noqa: RUF001 (characters that look alike are tested; lists of words read as words)

from __future__ import annotations

import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tweetbot.draft import Draft, Terms
from tweetbot.errors import TextRefused
from tweetbot.money import PRICE_LINK, PRICE_POST
from tweetbot.text import weight as text_module
from tweetbot.text.weight import (
    LIMIT,
    LONG_LIMIT,
    Entity,
    Measure,
    measure,
    price,
)


def check(text: str, *, limit: int = LIMIT) -> Measure:
    """Measure a text that can be posted; raises `TextRefused`."""
    (part,) = Draft.of(text, Terms(limit=limit)).parts
    if part.refused:
        raise part.refused
    return part.measure


def length(text: str) -> int:
    return measure(text).weighted_length


def links(text: str) -> list[str]:
    return [link.text for link in measure(text).links]


def mentions(text: str) -> list[str]:
    return [mention.text for mention in measure(text).mentions]


def cashtags(text: str) -> list[str]:
    return [tag.text for tag in measure(text).cashtags]


# --- Weight -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("Hi http://test.co", 26),
        ("😀" * 160, 320),
        ("Hello, world! 👋", 16),
        ("a" * 280, 280),
        ("\u10ff", 1),
        ("\u1100", 2),  # the first code point above the first range
        ("\u1fff", 2),
        ("\u2000\u200d", 2),
        ("\u200e\u200f", 4),
        ("\u2010\u201f", 2),
        ("\u2020", 2),
        ("\u2031", 2),
        ("\u2032\u2037", 2),
        ("\u2038", 2),
        ("—–‘’“”", 6),
        ("…•→€™✓", 12),
        ("日本語", 6),
        ("한국어", 6),
        ("𠮷", 2),
        ("e\u0301", 1),  # é in NFC
        ("か\u3099", 2),  # が
        ("\u1100\u1161\u11a8", 2),  # 각
        ("q\u0307\u0323", 3),  # NFC has nothing to join here
        ("a\r\nb", 4),
        ("©®", 2),
        ("☀︎", 4),  # the text variant of a sun is no emoji
    ],
)
def test_a_text_weighs_what_twitter_text_says(text: str, expected: int) -> None:
    assert length(text) == expected


@pytest.mark.parametrize(
    "emoji",
    [
        "👋",
        "👋🏽",
        "☝🏽",
        "☝️",
        "❤️",
        "❤️‍🔥",
        "©️",
        "®️",
        "™️",
        "‼️",
        "ℹ️",
        "㊗️",
        "〰️",
        "🅰️",
        "🀄️",
        "1️⃣",
        "#⃣",
        "*️⃣",
        "🇩🇪",
        "🇨🇶",  # Sark, since 2025
        "🏳️‍🌈",
        "🏴‍☠️",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "👨‍👩‍👧‍👦",
        "👩🏽‍🤝‍👨🏿",
        "🫱🏻‍🫲🏿",
        "🧑‍🧑‍🧒",
        "🙂‍↔️",
        "⛹🏿‍♂️",
        "👁️‍🗨️",
        "🦰",
        "🏽",
        "\U0001fadd",  # not assigned yet
    ],
)
def test_an_emoji_counts_two_however_it_is_made(emoji: str) -> None:
    assert length(emoji) == 2
    assert length(f"x{emoji}{emoji}y") == 6


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("1️", 3),
        ("🇩", 2),
        ("🇩🇪🇩", 4),
        ("👋\u200d", 3),
        ("\u200d👋", 3),
        ("👋\u200dx", 4),
        ("🏴\U000e0067\U000e0062", 6),  # tags without their end
        ("a️", 3),
        ("👋👋🏽", 4),
    ],
)
def test_parts_of_an_emoji_count_for_themselves(text: str, expected: int) -> None:
    assert length(text) == expected


# --- Links --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.com/path?a=b&c=d#e", ["https://example.com/path?a=b&c=d#e"]),
        ("HTTP://EXAMPLE.COM", ["HTTP://EXAMPLE.COM"]),
        ("see example.com now", ["example.com"]),
        ("three.ws in prose", ["three.ws"]),
        ("t.co", ["t.co"]),
        ("it.is", ["it.is"]),
        ("a.b.c.co.uk", ["a.b.c.co.uk"]),
        ("end.Of a sentence", []),
        ("end.It has begun", ["end.It"]),
        ("readme.md and setup.py", ["readme.md", "setup.py"]),
        ("3.14 e.g. i.e. 10.0.0.1", []),
        ("example.invalid", []),
        ("http://localhost http://127.0.0.1", []),
        ("example.onion", ["example.onion"]),
        ("example.com1 example.com-a example.com@a", []),
        ("example.com_a", ["example.com"]),
        ("-example.com _example.com .example.com /example.com", []),
        ("http://-example.com", []),
        ("foo_bar.com", []),
        ("http://foo_bar.com", []),
        ("http://foo_bar.example.com", ["http://foo_bar.example.com"]),
        ("foo_bar.example.com", ["bar.example.com"]),
        ("foo-bar.com", ["foo-bar.com"]),
        ("foo-.com", []),
        ("a..com", []),
        # Neighbours
        ("x@example.com @example.com #example.com $example.com", []),
        ("＠example.com", ["example.com"]),  # only from within, @ is no part of a domain
        ("a.b@example.com", []),
        ("xhttp://example.com", []),
        ("(example.com)", ["example.com"]),
        ('"example.com"', ["example.com"]),
        ("“https://example.com/x”", ["https://example.com/x"]),
        ("日本語example.com日本語", ["example.com"]),
        ("日本語https://example.com/x日本語", ["https://example.com/x"]),
        (
            "http://twitter.com/これは日本語です。example.com中国語",
            ["http://twitter.com/", "example.com"],
        ),
        ("example.com中国語t.co", ["example.com", "t.co"]),
        ("👋🏽example.com👋", ["example.com"]),
        ("é.com", ["é.com"]),
        ("École.com", ["cole.com"]),  # so does twitter-text, at the beginning of a text alone
        (" École.com", ["École.com"]),
        ("\u200fexample.com\u200e", ["example.com"]),
        ("example.com\u3000example.org", ["example.com", "example.org"]),
        ("http://a.comhttp://b.com", []),
        ("http://a.com,http://b.com", ["http://a.com", "http://b.com"]),
        # The end
        ("http://example.com.", ["http://example.com"]),
        ("http://example.com/a.", ["http://example.com/a"]),
        ("http://example.com/a, b", ["http://example.com/a"]),
        ("http://example.com/!", ["http://example.com/"]),
        ("http://example.com/a?b=c.", ["http://example.com/a?b=c"]),
        ("http://example.com/a?.", ["http://example.com/a"]),
        ("http://example.com/#!/x", ["http://example.com/#!/x"]),
        ("http://example.com?a=b", ["http://example.com?a=b"]),
        ("example.com?a=b", ["example.com"]),
        ("http://example.com:8080/x", ["http://example.com:8080/x"]),
        ("http://example.com:8080", ["http://example.com:8080"]),
        ("example.com:8080", ["example.com"]),
        ("example.com:8080/x", ["example.com:8080/x"]),
        ("http://example.com:x", ["http://example.com"]),
        ("http://example.com/d/д/é/–x", ["http://example.com/d/д/é/–x"]),
        ("http://example.com/中", ["http://example.com/"]),
        ("http://example.com/@user/a", ["http://example.com/@user/a"]),
        ("http://example.com/a%20b~c|d", ["http://example.com/a%20b~c|d"]),
        # Parentheses
        ("(http://example.com/a_(b))", ["http://example.com/a_(b)"]),
        ("http://example.com/a_(b_(c))d", ["http://example.com/a_(b_(c))d"]),
        ("http://example.com/a_(b_(c_(d)))", ["http://example.com/a_"]),
        ("http://example.com/a(b)(c)", ["http://example.com/a(b)(c)"]),
        ("http://example.com/()", ["http://example.com/"]),
        ("http://example.com/(a", ["http://example.com/"]),
        # Internationalised domains
        ("http://例え.中国/x", ["http://例え.中国/x"]),
        ("例え.中国", []),
        ("http://пример.рф http://ПРИМЕР.РФ", ["http://пример.рф", "http://ПРИМЕР.РФ"]),
        ("http://例え.中国語", ["http://例え.中国"]),
        ("http://xn--はじめよう.com", []),
        ("http://xn--fsq.com", ["http://xn--fsq.com"]),
        ("xn--fsq.xn--fiqs8s", ["xn--fsq.xn--fiqs8s"]),
        ("http://bücher.example.vermögensberatung", ["http://bücher.example.vermögensberatung"]),
        ("bücher.com", ["bücher.com"]),
        # X's own short links
        ("https://t.co/abc/def", ["https://t.co/abc"]),
        ("https://t.co/abc?x=1.", ["https://t.co/abc?x=1"]),
        ("https://t.co/" + "a" * 40, ["https://t.co/" + "a" * 40]),
        ("https://t.co/" + "a" * 41, []),
        ("https://t.co/", ["https://t.co/"]),
        # Lengths
        ("http://" + "a" * 63 + ".com", ["http://" + "a" * 63 + ".com"]),
        ("http://" + "a" * 64 + ".com", []),
        ("http://" + "中" * 57 + ".com", ["http://" + "中" * 57 + ".com"]),  # 63 in Punycode
        ("http://" + "中" * 58 + ".com", []),
        ("http://a.com/" + "a" * 4076, ["http://a.com/" + "a" * 4076]),
        ("http://a.com/" + "a" * 4077, []),
    ],
)
def test_links_are_those_that_twitter_text_finds(text: str, expected: list[str]) -> None:
    assert links(text) == expected


def test_a_path_in_a_domain_of_two_scripts_belongs_to_its_last_latin_part() -> None:
    assert links("example.com中国語.com/path") == ["example.com中国語.com/path"]


@pytest.mark.parametrize("link", ["t.co", "http://example.com/" + "a" * 2000])
def test_a_link_counts_23_whatever_its_length(link: str) -> None:
    assert length(link) == 23
    assert length(f"{link} {link}") == 47


@pytest.mark.parametrize(("file", "least"), [("tlds.txt", 1_000), ("tlds_of_x.txt", 100)])
def test_every_top_level_domain_of_the_lists_makes_a_link(file: str, least: int) -> None:
    listed = Path(text_module.__file__).with_name(file).read_text("ascii").splitlines()
    names = [line for line in listed if not line.startswith("#")]
    assert len(names) > least
    assert names == sorted(names)
    for name in names:
        assert links(f"see example.{name}!") == [f"example.{name}"]
        unicode = name.lower().encode().decode("idna")
        assert links(f"http://example.{unicode}/!") == [f"http://example.{unicode}/"]


@pytest.mark.parametrize("text", ["on.off", "the.guardian", "twitter.fiat"])
def test_what_iana_has_retired_and_x_still_links_is_a_link(text: str) -> None:
    assert links(f"it is {text}, still") == [text]


# --- Mentions and cashtags ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@user and @User_1, too", ["@user", "@User_1"]),
        ("＠user", ["＠user"]),
        ("日本語@user日本語", ["@user"]),
        ("a@user !@user &@user #@user", []),
        ("@user@user", []),
        ("@usér", []),
        ("@http://x", []),
        ("@a/list-1 @a/1", ["@a/list-1", "@a"]),
        ("RT@user RT:@user xRT@user", ["@user", "@user"]),
        ("@" + "a" * 20, ["@" + "a" * 20]),
        ("@", []),
        ("http://example.com/@user", []),
        ("http://example.com/ @user http://example.com/", ["@user"]),
    ],
)
def test_mentions_are_those_that_twitter_text_finds(text: str, expected: list[str]) -> None:
    assert mentions(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$AAPL", ["$AAPL"]),
        ("$aapl,", ["$aapl"]),
        ("$BRK.A $BRK_bb", ["$BRK.A", "$BRK_bb"]),
        ("$A.BCD", ["$A"]),
        ("$ABCDEF $ABCDEFG", ["$ABCDEF"]),
        ("$12 $A1 $é $", []),
        ("x$AAPL ($AAPL)", []),
        ("日本語 $AAPL\u3000$TSLA", ["$AAPL", "$TSLA"]),
        ("$AAPL日本語", []),
        ("$$AAPL", []),
    ],
)
def test_cashtags_are_those_that_twitter_text_finds(text: str, expected: list[str]) -> None:
    assert cashtags(text) == expected


# --- Places in the text as it was given ---------------------------------------------------------


def test_entities_stand_where_the_given_text_has_them() -> None:
    text = "cafe\u0301 か\u3099 http://cafe\u0301.com @bob $AAPL"
    measured = measure(text)
    assert measured.links == (Entity(9, 25, "http://cafe\u0301.com"),)
    assert measured.mentions == (Entity(26, 30, "@bob"),)
    assert measured.cashtags == (Entity(31, 36, "$AAPL"),)


def test_a_link_keeps_its_last_letter_where_nfc_reorders_the_marks_after_it() -> None:
    assert measure("x a.mx\u0301\u0323").links == (Entity(2, 8, "a.mx\u0301\u0323"),)


def test_a_text_that_fits_fits_whole() -> None:
    assert measure("e\u0301" * 280).fits == 560
    assert measure("").fits == 0


@pytest.mark.parametrize(
    ("text", "limit", "fits"),
    [
        ("abcdef", 4, 4),
        ("中中中", 5, 2),
        ("ab👨‍👩‍👧‍👦", 3, 2),
        ("ab http://example.com", 25, 3),
        ("ab http://example.com", 26, 21),
        ("e\u0301e\u0301e\u0301", 2, 4),
        ("abc", 0, 0),
    ],
)
def test_what_fits_ends_before_the_first_part_that_is_too_much(
    text: str, limit: int, fits: int
) -> None:
    assert measure(text, limit=limit).fits == fits


# What NFC joins, reorders or replaces, between what links are made of.
PARTS = [*"a./@ e👋🏽か", "com", "http://", "\u0301", "\u0323", "\u0344", "\u212b", "\u3099"]
PARTS += ["\u1100", "\u1161", "\u11a8", "\u0b47", "\u0b3e", "\u0f71", "\u0f73"]
SOME_TEXT = st.text() | st.lists(st.sampled_from(PARTS)).map("".join)


@given(SOME_TEXT, st.integers(0, 20))
@example("a\u0f73", 2)  # one character that NFC makes two of
@example("e\u0f73\u0301", 20)  # and over which it joins
def test_the_part_that_fits_is_the_longest_that_does(text: str, limit: int) -> None:
    measured = measure(text, limit=limit)
    whole = measured.fits == len(text)
    assert whole == (measured.weighted_length <= limit)
    for entity in measured.links + measured.mentions + measured.cashtags:
        assert text[entity.start : entity.end] == entity.text != ""


@given(SOME_TEXT)
def test_the_form_of_normalisation_changes_no_weight(text: str) -> None:
    assert length(unicodedata.normalize("NFD", text)) == length(unicodedata.normalize("NFC", text))


# --- Refusals -----------------------------------------------------------------------------------


def refusal(text: str, *, limit: int = LIMIT) -> str:
    with pytest.raises(TextRefused) as caught:
        check(text, limit=limit)
    return str(caught.value)


@given(st.text(st.characters(exclude_categories=())))
def test_check_measures_or_refuses_whatever_the_text(text: str) -> None:
    try:
        measured = check(text)
    except TextRefused as refused:
        text_of_refusal = str(refused)
        assert text_of_refusal.encode()
    else:
        assert measured == measure(text)
        assert measured.valid


def test_a_text_that_can_be_posted_is_measured() -> None:
    assert check("Hi http://test.co") == measure("Hi http://test.co")
    assert check("a\tb\r\nc\x85d").weighted_length == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (" \n\t\u3000", "white space alone"),
        *((text, "is invisible") for text in "\u200b\u200c\u200d\u2060\ufeff\ufe0f\xad"),
        (" \u200b\u2060\n\u200d ", "is invisible"),
    ],
)
def test_a_text_without_words_is_refused(text: str, said: str) -> None:
    assert said in refusal(text)
    assert not measure("").valid


@pytest.mark.parametrize(
    ("character", "said"),
    [
        ("\ufffe", "U+FFFE"),
        ("\ufeff", "U+FEFF"),
        ("\uffff", "U+FFFF"),
        ("\ud83d", "U+D83D"),
        ("\udcff", "the byte 0xFF, not UTF-8"),
        ("\0", "U+0000"),
        ("\x1b", "U+001B"),
        ("\x7f", "U+007F"),
        ("\x80", "U+0080"),
        ("\x9f", "U+009F"),
    ],
)
def test_a_character_that_cannot_be_posted_is_named_with_its_place(
    character: str, said: str
) -> None:
    message = refusal(f"abc{character}")
    assert "Character 4" in message
    assert said in message


@pytest.mark.parametrize("character", ["\ufffe", "\ufeff", "\uffff"])
def test_what_x_forbids_makes_a_text_invalid(character: str) -> None:
    assert not measure(f"abc{character}").valid


def test_280_characters_are_posted_and_281_refused() -> None:
    assert check("a" * 280).valid
    assert not measure("a" * 281).valid
    assert "281 of 280 characters" in refusal("a" * 281)


def test_a_refusal_for_length_says_where_x_would_cut_and_what_weighs() -> None:
    text = "word " * 50 + "http://example.com 👋🏽 日本 👋 so on"
    assert length(text) == 290
    assert refusal(text) == (
        'The text has 290 of 280 characters (X would cut it at "…word http://example.com 👋🏽 日").'
        " Shorten it by 10. Links: 1, 23 each. Emoji and symbols: 2, 2 each."
        " Other characters that count 2: 2."
    )


def test_a_refusal_shows_the_last_characters_where_there_are_no_words() -> None:
    assert f'(X would cut it at "…{"中" * 30}")' in refusal("中" * 141)
    assert '(X would cut it at "ab")' in refusal("abc", limit=2)


def test_the_limit_can_be_that_of_long_posts() -> None:
    assert check("a" * 281, limit=LONG_LIMIT).limit == LONG_LIMIT
    assert check("a" * LONG_LIMIT, limit=LONG_LIMIT).valid


def test_more_than_any_post_can_hold_is_refused_unread() -> None:
    assert "25001 characters" in refusal("\0" * (LONG_LIMIT + 1), limit=10 * LONG_LIMIT)


def test_one_cashtag_is_posted_and_two_are_refused() -> None:
    assert check("$AAPL").valid
    assert "X allows one cashtag a post, and this text has $AAPL, $TSLA." in refusal("$AAPL $TSLA")


# --- Price --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "usd"),
    [("hello", PRICE_POST), ("three.ws", PRICE_LINK), ("@bob a@example.com", PRICE_POST)],
)
def test_a_post_with_a_link_is_dearer(text: str, usd: float) -> None:
    assert price(measure(text)) == usd


def test_prices_are_those_of_the_price_list() -> None:
    assert (PRICE_POST, PRICE_LINK) == (0.015, 0.2)


# --- What an import costs -----------------------------------------------------------------------

LOADED = """
import sys
import tweetbot.text.tlds
print(sorted({"click", "httpx", "authlib", "encodings.punycode"} & set(sys.modules)))
print(tweetbot.text.tlds._tlds.cache_info().currsize)
tweetbot.text.measure("No dot between letters. None here. 3.14")
print(tweetbot.text.tlds._tlds.cache_info().currsize)
"""


def test_importing_loads_nothing_heavy_and_the_list_is_read_when_it_is_needed() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LOADED],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(Path(text_module.__file__).parents[2])},
    )
    assert ran.stdout == "[]\n0\n0\n"


# --- Linear time --------------------------------------------------------------------------------

WORST: dict[str, Callable[[int], str]] = {
    **{
        repr(part): lambda count, part=part: part * (count // len(part))  # type: ignore[misc]
        for part in [
            *[
                "a",
                ".",
                "a.",
                "-.",
                "_a.",
                "a_.",
                "a-",
                "xn--",
                "a.xn--",
                "a.com",
                "a.com ",
                "a.co_",
            ],
            *[
                "a.com/(",
                "a.com/(a",
                "a.com/!",
                "a.com/a!",
                "a.com/()",
                "a.com?",
                "a.com:1",
                "(",
                ")",
            ],
            *[
                "http://",
                "http://a.",
                "http://_a.com",
                "https://t.co/a",
                "https://t.co/a ",
                ":",
                "/",
            ],
            *["@", "@a", "@a ", "RT@", "@a/b", "$", "$A ", "$A.", "#", "x@a.com "],
            *[
                "中",
                "中.",
                "a.中",
                "中a",
                "a中.",
                "中a.com",
                "é",
                "e\u0301",
                "が",
                "か\u3099",
                "。",
            ],
            *[
                "\u1100\u1161\u11a8",
                "\u0b47\u0b3e",
                "👋",
                "👋\u200d",
                "🇩",
                "1️⃣",
                "🏴",
                "\u200d",
                "\ufe0f",
            ],
            *["网", "网.", "வ.", "\U000e0067", "👋🏽", "1"],
        ]
    },
    "one long path": lambda count: "a.com/" + "(" * count,
    "one long host": lambda count: "http://" + "a." * (count // 2) + "com",
    "one long label": lambda count: "http://" + "a" * count + ".com",
    "one long foreign label": lambda count: "http://" + "中" * count + ".com",
    "one long top-level domain": lambda count: "a." + "a" * count,
    "one long run of underscores": lambda count: "a" + "_" * count + ".com",
    "tags without an end": lambda count: "🏴" + "\U000e0067" * count,
    "a decomposed letter first": lambda count: "e\u0301" + "a." * (count // 2),
}


def _seconds(text: str) -> float:
    started = time.process_time()
    measure(text)
    return time.process_time() - started


@pytest.mark.parametrize("name", WORST)
def test_time_grows_with_the_length_alone(name: str) -> None:
    small, large = 1_500, 12_000
    measure(WORST[name](100))  # compiles what there is to compile
    # Eight times the text: about 8 where time is linear, about 64 where it is quadratic.
    for _ in range(6):
        least = min(_seconds(WORST[name](small)) for _ in range(3))
        ratio = _seconds(WORST[name](large)) / max(least, 5e-4)
        if ratio < 24:
            return
    pytest.fail(f"eight times the text took {ratio:.0f} times as long")
