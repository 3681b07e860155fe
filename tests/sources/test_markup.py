"""Strangers' titles and summaries become text that calls nobody, and links that are links."""

from __future__ import annotations

import time

import pytest

from tweetbot.sources.links import link_of
from tweetbot.sources.markup import said

SAID = {
    "entities": ("Füchse &amp; H&uuml;hner &#8211; &lt;3", "Füchse & Hühner \u2013 <3"),
    "entities that were escaped twice": ("AT&amp;amp;T", "AT&T"),
    "all of it escaped twice": (
        "&lt;p&gt;One&lt;br&gt;two &amp;amp; three&lt;/p&gt;",
        "One\ntwo & three",
    ),
    "a tag that is spoken of": ("What &lt;b&gt; does", "What <b> does"),
    "tags": ("<p>One <b>two</b><br>three</p><ul><li>four</ul>", "One two\nthree\nfour"),
    "attributes": ('<a href="x" title="a > b">here</a>', "here"),
    "what is not shown": ("a<script>if (a<b) b()</script><!-- c --><style>d</style>e", "ae"),
    "CDATA in CDATA": ("<![CDATA[One]]> two", "One two"),
    "white space": ("  One\n\t two \xa0 three ", "One two three"),
    "no tags": ("if x <y and z> w: use <T>", "if x <y and z> w: use <T>"),
    "an address of mail": ("Tom <tom@example.com>", "Tom <tom@example.com>"),
    "an ampersand": ("R&D; Q & A", "R&D; Q & A"),
    "mentions": ("By @alice and \uff20bob, not a@b.c", "By alice and bob, not a@b.c"),
    "a mention in a tag": ("<b>@alice</b>: hi", "alice: hi"),
    "a mention in entities": ("&#64;alice hi", "alice hi"),
    "a mention in a link": ("https://example.com/@alice", "https://example.com/@alice"),
    "what turns the text around": ("a\u202eb\u200bc\x1bd", "abcd"),
    "emoji": ("👩\u200d💻", "👩\u200d💻"),
}


@pytest.mark.parametrize("name", SAID)
def test_markup_becomes_text(name: str) -> None:
    written, text = SAID[name]
    assert said(written, is_html=True) == text


def test_what_is_not_declared_is_html_if_it_looks_like_it() -> None:
    assert said("One<br>two &amp; three", is_html=False) == "One\ntwo & three"
    assert said("1 < 2 & 3 > 2", is_html=False) == "1 < 2 & 3 > 2"


PIECES = ["<", "<a ", "<a '", "<a \"' ", "<!--", "&", "&#1", "@a ", "@", "<script>"]


@pytest.mark.parametrize("piece", PIECES)
def test_the_time_grows_with_the_length_alone(piece: str) -> None:
    began = time.process_time()
    said(piece * 10_000, is_html=True)
    assert time.process_time() - began < 2


LINKS = {
    "relative": ("/a", "https://example.com/a"),
    "relative to the feed": ("a", "https://example.com/blog/a"),
    "without a scheme": ("//example.org/a", "https://example.org/a"),
    "spaces": (" http://example.org/a b.html\n", "http://example.org/a%20b.html"),
    "beyond ASCII": (
        "http://example.org/straße?q=日",
        "http://example.org/stra%C3%9Fe?q=%E6%97%A5",
    ),
    "a host beyond ASCII": ("http://münchen.de/", "http://xn--mnchen-3ya.de/"),
    "encoded already": ("http://example.org/%C3%9F", "http://example.org/%C3%9F"),
    "parentheses": ("http://example.org/a_(b)", "http://example.org/a_(b)"),
    "what X would leave out": ("http://example.org/a!", "http://example.org/a%21"),
    "a user and a password": ("http://me:secret@example.org/", "http://example.org/"),
    "another scheme": ("javascript:alert(1)", ""),
    "mail": ("mailto:a@example.org", ""),
    "half a bracket": ("http://[::1", ""),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("name", LINKS)
def test_a_link_is_absolute_and_one(name: str) -> None:
    written, link = LINKS[name]
    assert link_of(written, "https://example.com/blog/feed.xml") == link
