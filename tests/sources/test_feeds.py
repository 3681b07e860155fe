"""A feed in each form is read, in order, each item by what identifies it; what is none is named."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.lists import listed
from tweetbot.draft import Draft, Terms
from tweetbot.errors import ConfigurationError, Temporary, TweetbotError
from tweetbot.profile import REMEMBERED, Seen
from tweetbot.sources import FeedOptions, FirstRun
from tweetbot.sources.feed import Feed
from tweetbot.sources.feed_documents import Document, read, read_in_time
from tweetbot.sources.no_feed import NoFeed
from tweetbot.sources.origins import StandardInput, origin_of
from tweetbot.sources.source import Nothing
from tweetbot.x.fetching import Fetched

RSS = """<?xml version="1.0"?>
<rss version="2.0"><channel><title>News</title><link>https://example.com/</link>
<item><title>Two</title><guid>2</guid><link>https://example.com/2</link></item>
<item><title>One</title><guid>1</guid><link>https://example.com/1</link></item>
</channel></rss>"""
RSS_OF_1999 = """<rss version="0.91"><channel><title>News</title><link>https://example.com/</link>
<item><title>Two</title><link>https://example.com/2</link></item>
<item><title>One</title><link>https://example.com/1</link></item>
</channel></rss>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/"><channel rdf:about="https://example.com/"><title>News</title>
</channel>
<item rdf:about="https://example.com/2"><title>Two</title><link>https://example.com/2</link></item>
<item rdf:about="https://example.com/1"><title>One</title><link>https://example.com/1</link></item>
</rdf:RDF>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>
<link href="https://example.com/"/>
<entry><title>One</title><id>urn:1</id><link rel="self" href="/a"/><link href="/1"/>
<published>2026-01-01T10:00:00Z</published><updated>2026-03-01T00:00:00Z</updated></entry>
<entry><title type="html">&lt;b&gt;Two&lt;/b&gt;</title><id>urn:2</id><link href="/2"/>
<published>2026-01-01T11:00:00+00:30</published></entry>
</feed>"""
JSON_FEED = """{"version": "https://jsonfeed.org/version/1.1", "home_page_url": "https://example.com",
"items": [{"id": 2, "content_html": "<p>Two</p>", "url": "/2"},
{"id": "https://example.com/1", "title": "One"}]}"""
KINDS = {
    "RSS 2.0": RSS,
    "RSS 0.91": RSS_OF_1999,
    "RDF": RDF,
    "Atom, by date": ATOM,
    "JSON Feed": JSON_FEED,
    "lines": "One https://example.com/1\n\nTwo https://example.com/2\n",
    "lines of Windows": "\ufeffOne https://example.com/1\r\nTwo https://example.com/2\r\n",
    "lines with a key": "1\tOne https://example.com/1\n2\tTwo https://example.com/2\n",
    "objects": '{"title": "One", "link": "https://example.com/1"}\n'
    '{"title": "Two", "link": "https://example.com/2"}\n',
    "objects with a text": '{"key": 1, "text": "One https://example.com/1"}\n'
    '{"key": 2, "text": "Two https://example.com/2"}',
    "objects by date": '{"title": "Two", "link": "https://example.com/2", "date": "2026-01-02"}\n'
    '{"title": "One", "link": "https://example.com/1", "date": "2026-01-01T00:00:00Z"}\n',
}


def feed(content: str | bytes, **wanted: Any) -> Feed:
    content = content.encode() if isinstance(content, str) else content
    options = FeedOptions(**{"terms": Terms(fit=True), "first_run": "all", **wanted})
    return Feed(StandardInput(content), options, lambda _: None)


def follow(content: str | bytes, cursors: dict[str, Any], **wanted: Any) -> Draft | Nothing:
    """Look once, as a run does; what is posted is used."""
    source = feed(content, **wanted)
    cursors.update(source.adopt(cursors))
    found = source.draft(cursors.get("-"))
    if isinstance(found, Draft):
        seen = Seen.read(cursors["-"])
        assert seen is not None
        cursors["-"] = seen.with_used([found.cursor]).written()
    elif found.cursor is not None:
        cursors["-"] = found.cursor
    return found


def posts(content: str | bytes, cursors: dict[str, Any] | None = None, **wanted: Any) -> list[str]:
    """Follow a feed until there is nothing new."""
    cursors = {} if cursors is None else cursors
    found: list[str] = []
    for _ in range(1000):
        draft = follow(content, cursors, **wanted)
        if isinstance(draft, Nothing):
            return found
        found.append(draft.text)
    pytest.fail("it has no end")


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_of_feed_is_posted_from_the_oldest_on(name: str) -> None:
    assert posts(KINDS[name]) == ["One https://example.com/1", "Two https://example.com/2"]


@pytest.mark.parametrize("name", KINDS)
def test_the_first_look_takes_all_as_old_or_the_newest_as_new(name: str) -> None:
    first = follow(KINDS[name], {}, first_run="skip")
    assert isinstance(first, Nothing)
    assert first.reason == "first-look"
    assert "2 items" in first.said
    assert posts(KINDS[name], first_run="newest") == ["Two https://example.com/2"]


def item(**fields: str) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return f"<rss version='2.0'><channel><link>https://example.com/</link><item>{inner}</item></channel></rss>"


ITEMS = {
    "no title": (
        item(description="&lt;p&gt;It rains.&lt;/p&gt;", link="https://e.com/1"),
        "It rains. https://e.com/1",
    ),
    "no link": (item(title="Rain"), "Rain"),
    "a guid that is a link": (item(title="Rain", guid="https://e.com/1"), "Rain https://e.com/1"),
    "a guid that is none": (item(title="Rain", guid="e.com-1"), "Rain"),
    "a relative link": (item(title="Rain", link="/1"), "Rain https://example.com/1"),
    "a link with spaces": (
        item(title="Rain", link="https://e.com/a b"),
        "Rain https://e.com/a%20b",
    ),
    "entities": (item(title="Cats &amp;amp; dogs"), "Cats & dogs"),
    "halves of an emoji": (
        item(title="A&#55357;&#56832; B&#xD83D;&#xDE00; C&#xd83d; D&#56000;&#55295;"),
        "A\U0001f600 B\U0001f600 C\ufffd D\ufffd\ud7ff",
    ),
    "a stranger": (item(title="Rain, by @alice"), "Rain, by alice"),
    "an episode": (
        item(title="Rain").replace("<title>", "<enclosure url='https://e.com/1.mp3'/><title>"),
        "Rain https://e.com/1.mp3",
    ),
}


@pytest.mark.parametrize("name", ITEMS)
def test_what_an_item_says(name: str) -> None:
    content, text = ITEMS[name]
    assert posts(content) == [text]


def test_an_item_of_which_nothing_can_be_said_is_none() -> None:
    assert posts(item(author="me")) == []


SAME = {
    "another link": [item(guid="1", link=f"https://e.com/{link}") for link in "ab"],
    "another title": [item(title=title, link="https://e.com/1") for title in "ab"],
    "from http to https": [item(link=f"{scheme}://e.com/1") for scheme in ("http", "https")],
    "its guid, too": [item(guid=f"{scheme}://e.com/1") for scheme in ("http", "https")],
    "a key and another text": ["1\tRain", "1\tMore rain"],
    "an object with another place": ['{"id": 1, "title": "a"}', '{"title": "b", "id": 1}'],
}


@pytest.mark.parametrize("name", SAME)
def test_an_item_is_the_same(name: str) -> None:
    before, after = SAME[name]
    cursors: dict[str, Any] = {}
    assert len(posts(before, cursors)) == 1
    assert posts(after, cursors) == []


def test_without_a_guid_and_a_link_the_content_tells_items_apart() -> None:
    cursors: dict[str, Any] = {}
    assert posts(item(title="Rain"), cursors) == ["Rain"]
    assert posts(item(title="Rain", description="again"), cursors) == ["Rain"]


def test_only_items_that_match() -> None:
    match = re.compile("(?i)TWO")
    for name in KINDS:
        assert posts(KINDS[name], match=match) == ["Two https://example.com/2"]


def test_the_title_or_the_summary_has_to_match() -> None:
    rain = item(title="v1.0", description="Rain")
    assert [posts(rain, match=re.compile(match)) for match in ("^v[0-9.]+$", "^Rain$", "o R")] == [
        ["v1.0"],
        ["v1.0"],
        [],
    ]


def test_what_did_not_match_is_not_used() -> None:
    cursors: dict[str, Any] = {}
    assert posts(RSS, cursors, match=re.compile("Two")) == ["Two https://example.com/2"]
    assert posts(RSS, cursors) == ["One https://example.com/1"]


# -- memory ---------------------------------------------------------------------------------------


def lines(start: int, end: int) -> str:
    return "".join(f"{number}\tItem {number}\n" for number in range(start, end))


def test_of_more_items_than_are_remembered_only_the_newest_are_looked_at() -> None:
    cursors: dict[str, Any] = {}
    told: list[str] = []
    source = Feed(StandardInput(lines(0, 700).encode()), FeedOptions(first_run="all"), told.append)
    cursors.update(source.adopt(cursors))
    draft = source.draft(cursors["-"])
    assert isinstance(draft, Draft)
    assert draft.text == f"Item {700 - REMEMBERED}"
    assert "Of 700 items, only the newest 500" in told[0]
    assert len(str(cursors)) < 6000


def test_what_was_there_and_is_forgotten_does_not_become_new() -> None:
    """When newer items vanish from a large feed, older ones than are remembered come into sight."""
    cursors: dict[str, Any] = {}
    follow(lines(0, 700), cursors, first_run="skip")
    assert posts(lines(0, 650), cursors) == []
    assert posts(lines(0, 650) + lines(700, 702), cursors) == ["Item 700", "Item 701"]


def test_memory_keeps_what_was_shown_last_within_6_kb() -> None:
    cursors: dict[str, Any] = {}
    follow(lines(0, 400), cursors, first_run="skip")
    for number in range(400, 540):
        assert posts(lines(number - 20, number + 1), cursors) == [f"Item {number}"]
    assert len(str(cursors)) < 6000
    assert posts(lines(440, 540), cursors) == []


@pytest.mark.parametrize("cursor", [7, "text", [], {}, {"used": 5}, {"used": "short"}])
def test_a_damaged_memory_is_a_first_look(cursor: Any) -> None:
    found = follow(RSS, {"-": cursor}, first_run="skip")
    assert isinstance(found, Nothing)
    assert found.reason == "first-look"


@pytest.mark.parametrize("cursor", [{"order": "file"}, {"path": "/x", "day": "1", "used": ["a"]}])
def test_a_feed_does_not_take_the_place_of_a_list(cursor: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^- is remembered as a list.*--remember-as NAME"):
        feed(RSS).adopt({"-": cursor})


@pytest.mark.parametrize("order", ["shuffle", "file"])
def test_a_list_does_not_take_the_place_of_a_feed(order: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "One"}\n')
    cursors = Feed(origin_of(str(path), no_fetch), *PLAIN).adopt({})
    found = listed(path, order=order)
    with pytest.raises(ConfigurationError, match=r"^x\.jsonl is remembered as a feed, and this"):
        found.adopt(cursors)
    draft = found.draft(found.adopt({}).get("x.jsonl"))
    assert isinstance(draft, Draft)
    with pytest.raises(ConfigurationError, match="is remembered as a list"):
        Feed(origin_of(str(path), no_fetch), *PLAIN).adopt({"x.jsonl": draft.cursor})


def told_at(path: Path, cursors: dict[str, Any], content: str, **wanted: Any) -> str:
    """Look at a feed in a file; return what was told."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    told: list[str] = []
    source = Feed(origin_of(str(path), no_fetch), FeedOptions(**wanted), told.append)
    cursors.update(source.adopt(cursors))
    return " ".join(told)


def test_two_feeds_of_one_name_do_not_share_a_memory(tmp_path: Path) -> None:
    """Else the second has no first look, and all that it has is posted."""
    news, jobs = tmp_path / "news" / "feed.txt", tmp_path / "jobs" / "feed.txt"
    cursors: dict[str, Any] = {}
    assert told_at(news, cursors, "One\nTwo\n") == ""
    before = json.dumps(cursors)
    said = rf"Two feeds are called feed\.txt: {news} and {jobs}\. .*--remember-as NAME"
    with pytest.raises(ConfigurationError, match=said):
        told_at(jobs, cursors, "Cook\nBaker\n")
    assert json.dumps(cursors) == before
    assert told_at(jobs, cursors, "Cook\nBaker\n", remember_as="jobs") == ""
    assert told_at(news, cursors, "One\nTwo\nThree\n") == ""
    assert {name: len(kept["used"]) // 11 for name, kept in cursors.items()} == {
        "feed.txt": 2,
        "jobs": 2,
    }


def test_a_feed_that_lies_elsewhere_goes_on_and_says_so_once(tmp_path: Path) -> None:
    old, new = tmp_path / "old" / "feed.txt", tmp_path / "new" / "feed.txt"
    cursors: dict[str, Any] = {}
    told_at(old, cursors, "One\n")
    assert f"feed.txt was at {old} when it was used last" in told_at(new, cursors, "One\nTwo\n")
    assert told_at(new, cursors, "One\nTwo\n") == ""
    assert len(cursors["feed.txt"]["used"]) == 11
    new.unlink()  # moved, and all of its items are others
    assert f"was at {new}" in told_at(old, cursors, "Three\n")
    (tmp_path / "link").symlink_to(tmp_path / "old")
    assert f"was at {old}" in told_at(tmp_path / "link" / "feed.txt", cursors, "Four\n")


def test_the_same_feed_in_another_folder_each_day_goes_on_under_its_name(tmp_path: Path) -> None:
    cursors: dict[str, Any] = {}
    for number in range(3):
        path = tmp_path / str(number) / "feed.txt"
        assert told_at(path, cursors, f"{number}\n", remember_as="feed.txt") == ""


def test_what_a_newer_tweetbot_remembers_is_kept() -> None:
    cursors: dict[str, Any] = {"-": {"used": "", "later": [1]}}
    assert posts(RSS, cursors) == ["One https://example.com/1", "Two https://example.com/2"]
    assert cursors["-"]["later"] == [1]


def test_an_empty_feed_is_a_first_look_and_an_empty_standard_input_is_none(tmp_path: Path) -> None:
    assert follow("", {}) == Nothing("nothing-new", "Standard input gave nothing.")
    path = tmp_path / "feed.xml"
    path.write_text("<rss version='2.0'><channel><title>News</title></channel></rss>")
    cursors: dict[str, Any] = {}
    for content, text in (("", None), ("<item><title>Rain</title></item>", "Rain")):
        path.write_text(f"<rss version='2.0'><channel><title>News</title>{content}</channel></rss>")
        source = Feed(origin_of(str(path), no_fetch), FeedOptions(), print)
        cursors.update(source.adopt(cursors))
        found = source.draft(cursors["feed.xml"])
        assert (found.text if isinstance(found, Draft) else None) == text


def no_fetch(*_: object, **__: object) -> Any:
    raise LookupError("no file is fetched")


# -- what is no feed ------------------------------------------------------------------------------

NO_FEEDS: dict[str, tuple[bytes, str]] = {
    "a web page": (
        b"<!DOCTYPE html><html><p>Sorry</p></html>",
        "What writes it may have failed, or fetches the page in place of its feed.",
    ),
    "a page that names its feed": (
        b"<html><link rel='alternate' type='application/rss+xml' href='/feed'></html>",
        "names this feed: /feed",
    ),
    "a page that names no address": (
        b"<html><link type='application/rss+xml' href='http://[/feed'></html>",
        "What writes it may have failed",
    ),
    "a page that names a JSON Feed": (
        b"<html><link href='https://e.com/\x1b[m&#27;feed' type='application/feed+json'></html>",
        "names this feed: https://e.com/",
    ),
    "XML": (b"<?xml version='1.0'?><opml/>", "no feed"),
    "broken": (b"<rss version='2.0'><channel>", "broken"),
    "an array": (b'["a", "b"]', "jq -c '.[]'"),
    "an object": (b'{\n"a": 1\n}', "one JSON object"),
    "half a JSON Feed": (b'{"version": "https://jsonfeed.org/version/1",', "line 1 "),
    "an object and no other": (b'{"text": "a"}\nb', "line 2 "),
    "more than any feed": (b"a\n" * 50_001, "50001 items"),
    "more objects": (b"{}\n" * 50_001, "50001 items"),
    "more in JSON": (b'{"items": [' + b"{}," * 50_000 + b"{}]}", "50001 items"),
    "elements in one another": (b"<rss><item>" + b"<a>" * 300, "deeper or larger"),
    "an element too large": (
        b"<rss><item " + b" ".join(b"a%d=''" % n for n in range(300)) + b"/>",
        "deeper or larger",
    ),
    "more in XML": (b"<rss>" + b"<item/>" * 50_001 + b"</rss>", "50001 items"),
    "not UTF-8": (b"One\nF\xfcnf", "line 2 is not UTF-8. What gives it has to write UTF-8."),
    "an archive": (b"PK\x03\x04\0\0", "no text"),
    "an error's text": (b"null\n", "looks like an error"),
    "JSON that goes too deep": (b'{"items": ' + b"[" * 100_000, "JSON"),
}


ODD = {
    "a date without end": '{"title": "Rain", "date": 1e400}',
    "a date that is none": '{"title": "Rain", "date": -1e300}',
    "half a surrogate pair": '{"key": "\\ud800", "title": "Rain"}',
    "many comments": "<!---->" * 500 + RSS.partition("?>")[2].replace("Two", "Rain"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_no_bug(name: str) -> None:
    assert "Rain" in posts(ODD[name])[-1]


@pytest.mark.parametrize("name", NO_FEEDS)
def test_what_is_no_feed_is_named_and_remembered_by_nobody(name: str, tmp_path: Path) -> None:
    content, said = NO_FEEDS[name]
    path = tmp_path / "feed"
    path.write_bytes(content)
    for place, kind in ((content, Temporary), (str(path), ConfigurationError)):
        source = Feed(origin_of(place, no_fetch), FeedOptions(), print)
        with pytest.raises(TweetbotError, match=re.escape(said)) as raised:
            source.adopt({})
        assert type(raised.value) is kind


def test_of_a_page_at_an_address_the_person_looks_for_the_feed() -> None:
    with pytest.raises(NoFeed) as raised:
        read(Document(b"<html><p>Sorry</p></html>", base="https://example.com/"))
    assert "look for RSS or Atom on it" in raised.value.remedy


WHOLE = {"RSS": RSS, "Atom": ATOM, "RDF": RDF}


@pytest.mark.parametrize("kind", WHOLE)
def test_of_a_feed_that_breaks_off_each_item_is_whole(kind: str) -> None:
    """Half of one would be posted as it is, and as another one once the download works."""
    document = WHOLE[kind].encode()
    whole = {entry.name: entry for entry in read(Document(document)).entries}
    seen = set()
    for end in range(document.index(b"<title>"), len(document)):
        try:
            found = read(Document(document[:end]))
        except NoFeed:
            continue
        assert not found.is_whole
        assert {entry.name: entry for entry in found.entries}.items() <= whole.items(), document[
            :end
        ]
        seen.add(len(found.entries))
    assert seen == set(range(1, len(whole) + 1))


LEFT_BY_A_FAILED_DOWNLOAD = {
    "nothing": (b"", "it is empty. What writes it may have failed."),
    "white space": (b" \r\n\t\n", "it is empty"),
    "a byte order mark": (b"\xef\xbb\xbf\n", "it is empty"),
    "a mark of UTF-16": (b"\xff\xfe", "broken"),
    "a word": (b"404: Not Found\n", "it is no XML. What writes it may have failed."),
    "an object": (b'{"title": "Not Found", "status": 404}', "it is no XML"),
    "a page": (b"<html><title>Not Found</title></html>", "web page"),
    "a beginning": (b"<?xml version='1.0'?><rss version='2.0'><channel><it", "broken"),
    "an error of a store": (b"<Error><Code>AccessDenied</Code></Error>", "no feed"),
}


@pytest.mark.parametrize("name", LEFT_BY_A_FAILED_DOWNLOAD)
def test_what_a_failed_download_leaves_is_no_first_look(name: str, tmp_path: Path) -> None:
    """Else all that the feed has would be new once the download works."""
    content, said = LEFT_BY_A_FAILED_DOWNLOAD[name]
    path = tmp_path / "feed.xml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        Feed(origin_of(str(path), no_fetch), FeedOptions(), print).adopt({})


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_answer_is_no_first_look(content: bytes) -> None:
    source = Feed(origin_of("https://e.com/", lambda url, **_: Fetched(content, url)), *PLAIN)
    with pytest.raises(Temporary, match="the answer is empty"):
        source.adopt({})


PLAIN = FeedOptions(), print
CUT = {"in an item": "<guid>1</gu", "between two": "<item><title>One"}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("first_run", ["skip", "newest"])
def test_what_a_first_look_could_not_read_is_old_too(name: str, first_run: FirstRun) -> None:
    """A download that broke off has the newest items; the older ones come with the next."""
    cursors: dict[str, Any] = {}
    cut = RSS[: RSS.index(CUT[name])]
    looked = posts(cut, cursors, first_run=first_run)
    assert looked == ([] if first_run == "skip" else ["Two https://example.com/2"])
    assert posts(RSS.replace("<item>", ATOP, 1), cursors, first_run=first_run) == ["Three"]


ATOP = "<item><title>Three</title><guid>3</guid></item><item>"


def test_what_an_eager_first_look_could_not_read_comes_later() -> None:
    cursors: dict[str, Any] = {}
    cut = RSS[: RSS.index(CUT["between two"])]
    assert posts(cut, cursors, first_run="all") == ["Two https://example.com/2"]
    assert posts(RSS, cursors, first_run="all") == ["One https://example.com/1"]


@pytest.mark.parametrize("header", [b"text\n", b'\xef\xbb\xbfid;"Text";n\r\n', b"alt\tTEXT\n"])
def test_a_table_is_sent_to_the_lists(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(header + b"One\n")
    with pytest.raises(ConfigurationError, match=r"is a table.*--list"):
        Feed(origin_of(str(path), no_fetch), FeedOptions(), print).adopt({})
    path.write_bytes(b"key\ttext of the first line\n")
    Feed(origin_of(str(path), no_fetch), FeedOptions(), print).adopt({})


def test_what_can_be_read_of_a_broken_feed_counts() -> None:
    assert posts(RSS.replace("</channel>", "<oops></channel>")) == posts(RSS)
    assert posts(RSS[: RSS.index("</item>") + 7]) == ["Two https://example.com/2"]


def test_entities_of_a_documents_own_do_not_blow_it_up() -> None:
    levels = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    bombs = {
        "&a11;": f"<!DOCTYPE rss [<!ENTITY a0 'ha'>{levels}]>",
        "&b;" * 90: f'<!DOCTYPE rss [\n<!ENTITY b "{"b" * 100_000}">\n]>',
    }
    began = time.process_time()
    for entities, declared in bombs.items():
        (text,) = posts(declared + item(title=entities))
        assert text.startswith(entities[:100])
    assert time.process_time() - began < 2


def test_what_takes_long_to_read_is_given_up() -> None:
    items = "".join(f"<item><title>{n}</title></item>" for n in range(20_000))
    feed_of_many = Document(f"<rss version='2.0'><channel>{items}</channel></rss>".encode())
    began = time.monotonic()
    with pytest.raises(NoFeed, match=r"longer than 0\.05 s"):
        read_in_time(feed_of_many, seconds=0.05)
    assert time.monotonic() - began < 5


TEMPLATES = {
    "an empty feed": ("<rss version='2.0'><channel/></rss>", "{titel}", "It has {title} {link}"),
    "an empty JSON Feed": ('{"items": []}', "{titel}", "It has {title} {link}"),
    "an unknown name": (RSS, "{titel}", "{titel}"),
    "the names of objects": ('{"mag": 5, "place": "Ulm"}', "{title}", "{mag} {place}"),
    "whole texts": ("One\nTwo\n", "{title}", "whole texts"),
    "no template, no title": ('{"mag": 5}', None, "{mag}"),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_that_does_not_fit_is_refused_at_the_first_look(name: str) -> None:
    content, template, said = TEMPLATES[name]
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        follow(content, {}, template=template, first_run="skip")


def test_a_template_takes_an_objects_keys() -> None:
    line = '{"key": "a", "Mag": 5.0, "place": "near @ulm", "felt": null, "tags": ["a", "b"]}'
    assert posts(line, template="M {mag} {place} {felt}({tags})") == ["M 5 near ulm (a, b)"]


def test_an_object_with_a_text_is_a_post_as_in_a_list(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    row = {"key": 1, "text": "Rain?", "poll": {"options": ["Yes", "No"]}, "made_with_ai": True}
    path.write_text(json.dumps(row))
    source = Feed(origin_of(str(path), no_fetch), FeedOptions(first_run="all"), print)
    draft = source.draft(source.adopt({})["feed.jsonl"])
    assert isinstance(draft, Draft)
    assert draft.parts[0].poll
    assert (draft.text, draft.parts[0].poll.options, draft.made_with_ai) == (
        "Rain?",
        ("Yes", "No"),
        True,
    )


def test_a_strangers_server_names_no_file_of_this_machine(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    row = {"text": "Rain", "media": str(secret), "alt": "", "thread": ["a", "b"]}

    def fetch(url: str, **_: Any) -> Fetched:
        return Fetched(json.dumps(row).encode(), url)

    source = Feed(origin_of("https://e.com/", fetch), FeedOptions(first_run="all"), print)
    draft = source.draft(source.adopt({})["https://e.com/"])
    assert isinstance(draft, Draft)
    assert (draft.text, draft.media, len(draft.parts), draft.refused) == ("Rain", (), 1, None)
