"""`--fit`: a prefix that ends at a word, an ellipsis, the links at the end; nothing in halves."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tweetbot.text import measure, shorten

ELLIPSIS = "\u2026"
LINKS = ("https://example.com/a/b?c=d", "http://a.com", "example.org/x")
WORDS = st.one_of(
    st.sampled_from(
        ["a", "word", "longer-word", "日本語", "\U0001f1e9\U0001f1ea", "@name", "#tag"]
    ),
    st.sampled_from(["\U0001f469\u200d\U0001f469\u200d\U0001f467", "e\u0301\u0302", "na\u0308ive"]),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Zs", "Zl", "Zp", "Cc", "Cs"]),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(LINKS),
)
TEXTS = st.builds(
    lambda words, gaps, links: (
        "".join(part for pair in zip(words, gaps, strict=False) for part in pair) + " ".join(links)
    ),
    st.lists(WORDS, max_size=60),
    st.lists(st.sampled_from([" ", "\n", "  "]), min_size=60, max_size=60),
    st.lists(st.sampled_from(LINKS), max_size=3),
)


@pytest.mark.slow
@given(text=TEXTS, limit=st.sampled_from([40, 100, 280]))
@example(text="a" * 500, limit=280)
@example(text="e" + "\u0301\u0302" * 300, limit=280)
@example(text="\u0915\u093f\u0902" * 200, limit=280)
@example(text="word " * 100 + "https://example.com/a", limit=280)
@example(text=" ".join(LINKS * 20), limit=280)
@settings(deadline=None, max_examples=300)
def test_a_shortened_text_is_whole_words_an_ellipsis_and_the_links_at_its_end(
    text: str, limit: int
) -> None:
    shown, cut = shorten(text, limit=limit)
    assert measure(shown, limit=limit).weighted_length <= limit
    if not cut:
        assert shown == text or ELLIPSIS in shown
        return
    kept, _, after = shown.rpartition(ELLIPSIS)
    assert text.startswith(kept)
    rest = text[len(kept) :]
    if kept and not rest[:1].isspace():
        assert not any(character.isspace() for character in kept.strip()), "inside a word"
        assert unicodedata.category(rest[0])[0] != "M"
    if after:
        assert text.rstrip().endswith(after.strip())
        assert {link.text for link in measure(after).links} <= {*LINKS, *after.split()}
    whole = {link.text for link in measure(text, limit=limit).links}
    assert {link.text for link in measure(shown, limit=limit).links} <= whole


def test_a_text_that_fits_is_left_alone() -> None:
    assert shorten("Hello  world ", limit=280) == ("Hello  world ", "")


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("one two three four", 13, "one two…"),
        ("one two three four", 15, "one two three…"),
        ("abcdefghijklmnop", 10, "abcdefgh…"),
        (
            "one two three four https://example.com/abc",
            40,
            "one two three… https://example.com/abc",
        ),
    ],
)
def test_it_is_cut_at_a_word(text: str, limit: int, shown: str) -> None:
    assert shorten(text, limit=limit)[0] == shown
