"""Each shape of a list: its items, what they become, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.lists import listed
from tests.sandbox.pictures import png
from tweetbot.draft import Draft
from tweetbot.errors import ConfigurationError
from tweetbot.sources import Nothing, rubbish
from tweetbot.sources.given import given
from tweetbot.sources.lists import List


def drafts(source: List) -> list[Draft]:
    return [source.drafted(item, {}) for item in source.every_item()]


def texts(source: List) -> list[str]:
    return [draft.text for draft in drafts(source)]


def refusals(source: List) -> list[str]:
    return [draft.refused.happened if draft.refused else "" for draft in drafts(source)]


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def turn(source: List, cursor: Any) -> Draft | Nothing:
    """Take the next turn; the cursor has gone through a document."""
    return source.draft(json.loads(json.dumps(cursor)))


# -- items of each shape --------------------------------------------------------------------------

FILES: dict[str, tuple[str, str, list[str]]] = {
    "a fortune file": (
        "cookies",
        "One\n  and a half\n\t-- Somebody\n%\n\n# Two\\n\n%\n%\nThree\n",
        ["One\n  and a half\n\t-- Somebody", "# Two\\n", "Three"],
    ),
    "a fortune file of Windows": ("cookies", "One\r\nhalf\r\n%\r\nTwo\r\n", ["One\nhalf", "Two"]),
    "a percent sign in a line": ("facts.txt", "100 %\n% of it\n", ["100 %", "% of it"]),
    "JSON Lines": ("x.jsonl", '"One"\n\n{"text": "Two\\nlines"}\n', ["One", "Two\nlines"]),
    "a JSON array": ("x.json", '\ufeff["One", {"Text": 1, "text": "Two"}]', ["One", "Two"]),
    "a table": ("x.csv", "Text,Note\nOne,a\n\n,,\nTwo,b\n", ["One", "Two"]),
    "a German table": ("x.csv", '\ufefftext;n\r\n"A; b";1\r\n"C ""d""";2\r\n', ["A; b", 'C "d"']),
    "a table with a line in a cell": ("x.csv", 'n,TEXT\n1,"One\r\nhalf"\n', ["One\nhalf"]),
    "a table that names its separator": (
        "x.csv",
        "sep=;\r\nn;text\r\n1;One, two\r\n",
        ["One, two"],
    ),
    "tabs": ("x.tsv", "text\tn\nOne, two; three\t1\n", ["One, two; three"]),
    "tabs by another name": ("x.csv", "n\ttext\n1\tOne\n", ["One"]),
    "blank lines before the header": ("x.csv", "\n \ntext;n\nOne;1\n", ["One"]),
    "one column": ("x.csv", "text\nOne\n", ["One"]),
    "a quoted header": ("x.csv", '"a;b","text"\n1,One\n', ["One"]),
}


@pytest.mark.parametrize("name", FILES)
def test_the_file_tells_its_shape(name: str, tmp_path: Path) -> None:
    file, content, items = FILES[name]
    assert texts(listed(put(tmp_path, file, content))) == items


def test_a_folder_is_a_list_of_files_that_share_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "pics"
    folder.mkdir()
    files: dict[str, str | bytes] = {
        "10.txt": "Ten",
        "2.txt": "\ufeffTwo \n",
        "2.png": png(),
        "2.alt.txt": "A square\n",
        "3.PNG": png(),
        "4.txt": "a\n---\nb\n",
        "4.png": png(),
        "4.alt.txt": "Of the first",
        "5.alt.txt": "of nothing",
        "6.png": png(),
        "6.jpg": png(),
        ".DS_Store": "x",
        "notes.md": "x",
    }
    for name, content in files.items():
        put(folder, name, content)
    (folder / "7.txt").mkdir()
    source = listed(folder)
    made = dict(zip("23456", drafts(source), strict=False))
    assert [item.text for item in source.every_item()] == ["2", "3", "4", "5", "6", "10"]
    assert (made["2"].text, made["2"].media[0].alt) == ("Two", "A square")
    assert made["2"].where == "2 of pics"
    assert "no alt text" in refusals(source)[1]
    assert [part.text for part in made["4"].parts] == ["a", "b"]
    assert made["4"].parts[0].media[0].alt == "Of the first"
    assert "nothing to show" in refusals(source)[3]
    assert "2 files to show" in refusals(source)[4]
    assert refusals(listed(folder, alt=""))[1] == ""


def test_an_item_of_json_is_all_that_a_post_can_be(tmp_path: Path) -> None:
    put(tmp_path, "a.png", png())
    items = [
        {"text": "One", "media": "a.png", "alt": "A"},
        {"text": "Two", "media": [{"file": "a.png", "alt": "B"}, {"file": "a.png", "alt": ""}]},
        {"text": "Three", "poll": {"options": ["x", "y"], "duration": "12h"}},
        {"thread": ["a", {"text": "b", "media": "a.png", "alt": "C"}]},
        {"text": "Four", "made_with_ai": True, "paid_partnership": True},
        {"text": "Five", "made_with_ai": False},
        {"media": ["a.png"], "alt": "alone"},
    ]
    source = listed(put(tmp_path, "x.json", json.dumps(items)), made_with_ai=True)
    one, two, three, four, labelled, five, alone = drafts(source)
    assert not any(refusals(source))
    assert one.media[0].path == str(tmp_path / "a.png")
    assert [media.alt for media in two.media] == ["B", ""]
    assert three.parts[0].poll
    assert (three.parts[0].poll.options, three.parts[0].poll.minutes) == (("x", "y"), 720)
    assert [[media.alt for media in part.media] for part in four.parts] == [[], ["C"]]
    assert (labelled.made_with_ai, labelled.paid_partnership) == (True, True)
    assert (one.made_with_ai, five.made_with_ai, five.paid_partnership) == (True, False, False)
    assert (alone.text, alone.media[0].alt) == ("", "alone")


FAULTS: dict[str, tuple[Any, str]] = {
    "a number": (7, "neither a text nor an object"),
    "nothing": (None, "neither a text nor an object"),
    "a text that is none": ({"text": 7}, '"text" that is no text'),
    "media that is none": ({"text": "x", "media": 7}, '"media" that is neither'),
    "media without a file": ({"text": "x", "media": [{"alt": "x"}]}, 'without a "file"'),
    "a poll that is a list": ({"text": "x", "poll": ["A", "B"]}, '{"options": ["A", "B"], '),
    "alt texts in a list": (
        {"text": "x", "media": ["a.png", "a.png"], "alt": ["y", "z"]},
        '[{"file": "a.png", "alt": "A fox"}, …]',
    ),
    "media without alt text": ({"text": "x", "media": "a.png"}, "a.png has no alt text"),
    "a file that is missing": ({"text": "x", "media": "b.png", "alt": "y"}, "No such file"),
    "a file that is no picture": ({"text": "x", "media": "x.json", "alt": "y"}, "no picture"),
    "five files": ({"text": "x", "media": [{"file": "a.png", "alt": "y"}] * 5}, "5 pictures"),
    "a poll of one": ({"text": "x", "poll": {"options": ["a"]}}, "1 option"),
    "a poll for a year": (
        {"text": "x", "poll": {"options": ["a", "b"], "duration": "365d"}},
        "5 minutes",
    ),
    "a poll for a while": (
        {"text": "x", "poll": {"options": ["a", "b"], "duration": "long"}},
        'lasts "long"',
    ),
    "a poll with a file": (
        {"text": "x", "media": "a.png", "alt": "y", "poll": {"options": ["a", "b"]}},
        "a poll and files",
    ),
    "a thread of one": ({"thread": ["a"]}, "one post"),
    "a thread and a text": ({"text": "x", "thread": ["a", "b"]}, "a text, files or a poll besides"),
    "a thread that repeats": ({"thread": ["a", "a"]}, "the same as an earlier one"),
    "a thread with a poll": (
        {"thread": ["a", {"text": "b", "poll": {"options": ["a", "b"]}}]},
        "more than a text",
    ),
    "a label that is none": ({"text": "x", "made_with_ai": "no"}, "neither true nor false"),
    "a day that is none": ({"text": "x", "on": "30.02."}, "30.02., which is no day"),
    "no text": ({"quote": "x"}, 'has no "text"'),
    "too long": ({"text": "x " * 200}, "of 280 characters"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_item_that_cannot_be_posted_is_refused_by_itself(name: str, tmp_path: Path) -> None:
    value, said = FAULTS[name]
    put(tmp_path, "a.png", png())
    source = listed(put(tmp_path, "x.json", json.dumps(["Good", {"text": "Good"}, value])))
    assert refusals(source)[:2] == ["", ""]
    assert said in refusals(source)[2]


def test_a_row_shows_up_to_four_pictures(tmp_path: Path) -> None:
    put(tmp_path, "a.png", png())
    header = "text,media,alt,media2,alt2,media3,alt3,media4,alt4"
    rows = ["Four,a.png,1,a.png,2,a.png,3,a.png,4", ",a.png,alone,,,,,,", "None,a.png,,,,,,,"]
    source = listed(put(tmp_path, "x.csv", "\n".join([header, *rows])))
    four, alone, _ = drafts(source)
    assert [media.alt for media in four.media] == ["1", "2", "3", "4"]
    assert (alone.text, alone.media[0].alt) == ("", "alone")
    assert refusals(source)[2] == "a.png has no alt text."
    assert refusals(listed(tmp_path / "x.csv", alt="For all"))[2] == ""


def test_a_row_with_a_cell_too_many_is_refused(tmp_path: Path) -> None:
    source = listed(put(tmp_path, "x.csv", "text,media\nOne, two,a.png\nThree,,\n"))
    assert "more cells than the header" in refusals(source)[0]
    assert refusals(source)[1] == ""


# -- templates ------------------------------------------------------------------------------------


def test_a_template_makes_the_text_of_any_columns(tmp_path: Path) -> None:
    path = put(tmp_path, "x.csv", "Name;Jahr;text\nFuchs;1990;ignored\nEule;;\n")
    assert texts(listed(path, template="{name} ({JAHR})")) == ["Fuchs (1990)", "Eule ()"]
    with pytest.raises(ConfigurationError, match=r"has \{nam\}.*It has \{Name\} \{Jahr\}"):
        listed(path, template="{nam}")


def test_with_a_template_an_item_is_known_by_all_that_it_holds(tmp_path: Path) -> None:
    path = put(tmp_path, "x.csv", "text,name\nHello,Fox\nHello,Owl\n")
    assert known(listed(path)) == ["Hello", "Hello"]
    assert len(set(known(listed(path, template="{text} {name}")))) == 2


def test_a_template_makes_the_text_of_objects(tmp_path: Path) -> None:
    path = put(tmp_path, "x.jsonl", '{"Name": "Fox", "n": 3}\n{"name": "Owl"}\n"Text"\n')
    assert texts(listed(path, template="{name} {n}")) == ["Fox 3", "Owl", ""]
    with pytest.raises(ConfigurationError, match="It has"):
        listed(path, template="{title}")


def test_a_list_without_a_text_is_refused_with_its_names(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="more than one column called text"):
        listed(put(tmp_path, "x.csv", "text,Text\na,b\n"))
    with pytest.raises(ConfigurationError, match=r"Its columns: Name, Jahr.*template '\{Name\}'"):
        listed(put(tmp_path, "x.csv", "Name;Jahr\nFuchs;1990\n"))
    source = listed(put(tmp_path, "x.json", '[{"quote": "x", "by": "y"}]'))
    with pytest.raises(ConfigurationError, match="Their names: quote, by"):
        source.draft(None)
    empty = listed(put(tmp_path, "y.json", '["", {"text": ""}]'))
    assert refusals(empty) == ['It has no "text".'] * 2


def test_a_link_of_a_folder_that_leads_nowhere_is_an_item_that_cannot_be_posted(
    tmp_path: Path,
) -> None:
    for name in ("circle.txt", "lost.alt.txt", "lost.txt", "pipe.txt", "z.txt"):
        put(tmp_path, name, "Good")
    for link, target in (("circle.txt", "circle.txt"), ("lost.png", "gone.png")):
        (tmp_path / link).unlink(missing_ok=True)
        (tmp_path / link).symlink_to(tmp_path / target)
    (tmp_path / "pipe.txt").unlink()
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "sub.txt").mkdir()
    circle, lost, pipe, good = refusals(listed(tmp_path))
    assert "levels of symbolic links" in circle
    assert "lost.png cannot be read: No such file" in lost
    assert ("not a file" in pipe, good) == (True, "")


# -- what is no list ------------------------------------------------------------------------------

STRUCTURED: dict[str, tuple[str, str | bytes, str]] = {
    "an object": ("p.json", '{"a": 1, "proverbs": ["x", "y"]}', "jq -r '.proverbs[]' {0}"),
    "objects inside": ("p.json", '{"d": {"x y": [{"text": "a"}]}}', """jq '.d."x y"' {0}"""),
    "an object of texts": ("p.json", '{"a": "x"}', "jq '[.[]]' {0}"),
    "an object as text": ("p.txt", '{"a": ["x"]}', "jq -r '.a[]' {0}"),
    "an array as text": ("p.txt", '["a", "b"]', "p.json"),
    "lines as JSON": ("p.json", '{"text": "a"}\n{"text": "b"}\n', "p.jsonl"),
    "lines as text": ("p.txt", '{"text": "a"}\n{"text": "b"}\n', "p.jsonl"),
    "broken text": ("p.txt", '{\n "a": \n', "looks like JSON"),
    "XML": ("p.txt", '\ufeff<?xml version="1.0"?>\n<a/>', "xmllint"),
    "a feed": ("p.xml", '<rss version="2.0"><channel/></rss>', "--feed"),
    "an element": ("p.txt", "<a x='1'>\n<b>x</b>\n</a>\n", "xmllint"),
    "a page": ("p.html", "<!DOCTYPE html>\n<p>x", "xmllint --html"),
    "YAML": ("p.yaml", "- a\n- b\n", "yq"),
    "a spreadsheet": ("p.xlsx", "PK\x03\x04\0\0", "Export it as CSV: libreoffice"),
    "a spreadsheet as CSV": ("p.csv", "PK\x03\x04\0\0xl/workbook.xml", "Export it as CSV"),
    "an archive": ("p.zip", "PK\x03\x04\0\0", "a zip archive"),
    "a picture": ("p.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a picture"),
    "a picture as CSV": ("p.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a picture"),
    "a GIF": ("p", b"GIF89a\1\0\1\0\x80", "is a picture"),
    "a PDF": ("p.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is a PDF"),
}


@pytest.mark.parametrize("name", STRUCTURED)
def test_what_looks_structured_is_refused_with_the_line_that_converts_it(
    name: str, tmp_path: Path
) -> None:
    file, content, remedy = STRUCTURED[name]
    path = put(tmp_path, file, content)
    with pytest.raises(ConfigurationError) as caught:
        listed(path)
    assert remedy.format(path) in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["%", " % ", "#", "# of it", "#\u3000x", "a\\nb", "a\\\\b", "\\#a", "a\rb", "a\nb"]
)
def test_what_a_line_would_not_say_is_converted_into_an_array(text: str, tmp_path: Path) -> None:
    """Signs for a list of emoji, say: a line of % would make a fortune file of all."""
    path = put(tmp_path, "p.json", json.dumps({"signs": ["&", text, "#a"]}))
    with pytest.raises(ConfigurationError, match=r"jq '\.signs' \S+p\.json > \S+p-list\.json"):
        listed(path)


@pytest.mark.parametrize("text", ["%%", "5 %", "#a", "##", "a\\b", "\\", " a ", "", "a\u2028b"])
def test_what_a_line_says_is_converted_into_lines(text: str, tmp_path: Path) -> None:
    path = put(tmp_path, "p.json", json.dumps({"signs": ["&", text]}))
    with pytest.raises(ConfigurationError, match=r"jq -r '\.signs\[\]' \S+p\.json > \S+p\.txt"):
        listed(path)
    said = texts(listed(put(tmp_path, "p.txt", f"&\n{text}\n")))
    assert said == ["&", *filter(None, [text.strip()])]


@pytest.mark.parametrize(
    "first", ["[Intro] la la", "{x} is a set", "<3 foxes", "<- look", "<nick> hi", "("]
)
def test_a_line_may_begin_with_a_bracket(first: str, tmp_path: Path) -> None:
    assert texts(listed(put(tmp_path, "x.txt", f"{first}\nTwo\n"))) == [first, "Two"]


BROKEN: dict[str, tuple[str, str | bytes, str]] = {
    "a quotation mark": ("x.csv", 'text\nOne\n"Two\nThree\n', "Line 3 "),
    "a line of JSON": ("x.jsonl", '"One"\n{"text": \n', "Line 2 "),
    "an array": ("x.json", '["a", ', "is not JSON"),
    "Latin-1 in a table": ("x.csv", b"text\nF\xfcnf\n", "iconv"),
    "blank lines before a fault": ("x.csv", '\n\ntext\n"One\n', "Line 4 "),
    "UTF-16": ("x.txt", "One".encode("utf-16"), "iconv -f UTF-16 "),
    "Latin-1 keeps its name": (
        "x.csv",
        b"text\nF\xfcnf\n",
        r"(/\S+/x\.csv) > (\1\.utf8) && mv \2 \1$",
    ),
    "Latin-1 in a fortune file": ("x", b"One\n%\nF\xfcnf\n", "Line 3 "),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_named_by_its_line(name: str, tmp_path: Path) -> None:
    file, content, said = BROKEN[name]
    with pytest.raises(ConfigurationError, match=said):
        listed(put(tmp_path, file, content)).draft(None)


EMPTY = {
    "a text file": ("x.txt", "# none yet\n", "Write one a line."),
    "JSON Lines": ("x.jsonl", "\n", 'Write one a line: {"text": "One"}'),
    "a JSON array": ("x.json", "[]", "Write them into the array: "),
    "a table": ("x.csv", "text,alt\n", "a row for each item under it."),
    "a folder": ("x/notes.md", "", "Put a text into it, as x.txt; "),
}


@pytest.mark.parametrize("name", EMPTY)
def test_a_list_without_items_says_how_its_shape_begins(name: str, tmp_path: Path) -> None:
    file, content, said = EMPTY[name]
    (tmp_path / "x").mkdir()
    put(tmp_path, file, content)
    with pytest.raises(ConfigurationError, match="has no items") as caught:
        listed(tmp_path / file.partition("/")[0]).draft(None)
    assert said in str(caught.value)


RUBBISH = ('{"error": "x"}', '{\n"a": 1}', '<?xml version="1.0"?><a/>', "<rss><b>x</b>\n</rss>")


@pytest.mark.parametrize("text", RUBBISH)
def test_one_object_or_document_is_no_post(text: str) -> None:
    assert rubbish(text)


@pytest.mark.parametrize("text", ["{x}", "{} is empty", "<b>x</b> y", "[1]", '"x"', "x {1}"])
def test_what_only_looks_so_is_a_post(text: str) -> None:
    assert rubbish(text) is None


def test_a_list_of_words_may_hold_null(tmp_path: Path) -> None:
    assert refusals(listed(put(tmp_path, "x.txt", "null\nvoid\n"))) == ["", ""]
    assert all(refusals(listed(put(tmp_path, "x.txt", "null\nNone\n"))))


def test_windows_leaves_no_trace_in_a_text() -> None:
    draft = given("\ufeffOne\r\ntwo\r\n").draft(None)
    assert (draft.text, draft.parts[0].measure.weighted_length) == ("One\ntwo", 7)


# -- what an item is known by ---------------------------------------------------------------------


def known(source: List) -> list[str]:
    return [item.text for item in source.every_item()]


def test_an_item_is_known_by_its_key_else_by_its_content(tmp_path: Path) -> None:
    before = put(tmp_path, "a.csv", "text,alt,key\nOne,x,\nTwo,,k\n")
    after = put(tmp_path, "b.csv", "key,note,alt,text\n,new,mended,One\nk,new,,Two is edited\n")
    assert known(listed(before)) == known(listed(after)) == ["One", "k"]
    before = put(tmp_path, "a.json", '[{"text": "One", "media": "a"}, {"text": "Two", "key": 7}]')
    after = put(tmp_path, "b.json", '[{"alt": "x", "media": "a", "text": "One"}, {"key": 7}]')
    assert known(listed(before)) == known(listed(after))


def test_a_list_is_remembered_by_its_name_wherever_it_lies(tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("here", "there")]
    sources = []
    for place in places:
        place.mkdir()
        sources.append(listed(put(place, "facts.txt", "One\nTwo\nThree\n"), order="file"))
    one = turn(sources[0], None)
    assert isinstance(one, Draft)
    two = turn(sources[1], one.cursor)
    assert isinstance(two, Draft)
    assert (one.source, one.text, one.notes, two.text) == ("facts.txt", "One", (), "Two")
    assert str(places[0]) in two.notes[0]
    assert "--remember-as" in two.notes[0]
    three = turn(sources[1], two.cursor)
    assert isinstance(three, Draft)
    assert (three.text, three.notes) == ("Three", ())


def test_a_place_kept_by_path_is_taken_over(tmp_path: Path) -> None:
    source = listed(put(tmp_path, "facts.txt", "One\n"))
    cursors = {"/old/facts.txt": 1, "other.txt": 2}
    assert source.adopt(cursors) == {"facts.txt": 1, "other.txt": 2}
    assert source.adopt({"C:\\old\\facts.txt": 1}) == {"facts.txt": 1}
    assert source.adopt({**cursors, "facts.txt": 3})["facts.txt"] == 3
    assert source.adopt({"/old/facts.txt.bak": 1, "https://x.com/facts.txt": 2}).keys() == {
        "/old/facts.txt.bak",
        "https://x.com/facts.txt",
    }


def test_two_lists_of_one_name_are_not_guessed_apart(tmp_path: Path) -> None:
    path = put(tmp_path, "facts.txt", "One\n")
    cursors = {str(path): 1, "/other/facts.txt": 2}
    with pytest.raises(ConfigurationError, match="--remember-as NAME"):
        listed(path).adopt(cursors)
    assert listed(path, name="mine").adopt(cursors) == {"mine": 1, "/other/facts.txt": 2}


# -- days -----------------------------------------------------------------------------------------

BIRTHDAYS = "text,on\nAda,12-10\nIsaac,12-25\nHumphrey,12-25\nOnce,2026-12-25\n"


def days(path: Path, when: date, cursor: Any = None) -> tuple[list[str], Any, str]:
    """Run until there is nothing more; return the texts, the cursor, and the reason."""
    found: list[str] = []
    while True:
        turned = turn(listed(path, order="file", today=when), cursor)
        if isinstance(turned, Nothing):
            return found, cursor, turned.reason
        if turned.refused:
            return found, cursor, "refused"
        found.append(turned.text)
        cursor = turned.cursor
        assert len(found) < 10


def test_an_item_with_a_day_is_offered_on_it_alone_and_once(tmp_path: Path) -> None:
    path = put(tmp_path, "birthdays.csv", BIRTHDAYS)
    assert days(path, date(2026, 12, 24)) == ([], None, "not-today")
    christmas, cursor, reason = days(path, date(2026, 12, 25))
    assert (christmas, reason) == (["Isaac", "Humphrey", "Once"], "not-today")
    assert days(path, date(2026, 12, 25), cursor)[0] == []
    assert days(path, date(2027, 12, 25), cursor)[0] == ["Isaac", "Humphrey"]
    ada, cursor, _ = days(path, date(2027, 12, 10), cursor)
    assert ada == ["Ada"]
    assert days(path, date(2027, 12, 25), cursor)[0] == ["Isaac", "Humphrey"]


def test_items_without_a_day_go_on_around_those_with_one(tmp_path: Path) -> None:
    items = [{"text": "A"}, {"text": "Feast", "on": "12-25"}, {"text": "B"}]
    path = put(tmp_path, "x.json", json.dumps(items))
    source = listed(path, order="file", today=date(2026, 12, 24))
    one = turn(source, None)
    assert isinstance(one, Draft)
    feast = turn(listed(path, order="file", today=date(2026, 12, 25)), one.cursor)
    assert isinstance(feast, Draft)
    two = turn(listed(path, order="file", today=date(2026, 12, 25)), feast.cursor)
    assert isinstance(two, Draft)
    assert [one.text, feast.text, two.text] == ["A", "Feast", "B"]


def test_a_day_that_is_none_is_none(tmp_path: Path) -> None:
    ons = ["02-29", "2028-02-29", "2027-02-29", "2100-02-29", "04-31", "13-01", "00-01", "01-00"]
    rows = "".join(f"{on},{on}\n" for on in ons)
    source = listed(put(tmp_path, "x.csv", f"text,on\n{rows}"))
    assert [bool(refused) for refused in refusals(source)] == [False] * 2 + [True] * 6
    assert days(tmp_path / "x.csv", date(2028, 2, 29))[0][:2] == ["02-29", "2028-02-29"]


@pytest.mark.parametrize("on", ["12-25", "2026-12-25", "2026-12-25 00:00:00", "2026-12-25T00:00"])
def test_a_day_is_written_in_a_few_ways(on: str, tmp_path: Path) -> None:
    path = put(tmp_path, "x.csv", f"text,on\nX,{on}\n")
    assert days(path, date(2026, 12, 25))[0] == ["X"]
    assert days(path, date(2026, 12, 26))[0] == []


# -- what is loaded -------------------------------------------------------------------------------

OTHERS = {
    "a text": ((), ("list_rows", "list_json", "list_folder", "media", "feed", "template")),
    "lines": (("facts.txt", "One\n"), ("list_rows", "list_json", "list_folder", "media", "feed")),
}


@pytest.mark.parametrize("name", OTHERS)
def test_no_reader_is_loaded_that_is_not_used(name: str, tmp_path: Path) -> None:
    file, others = OTHERS[name]
    args = ["--list", str(put(tmp_path, *file))] if file else ["Hello"]
    environ = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tweetbot", "post", "-n", *args],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
    )
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "tweetbot.sources.given" in loaded
    assert not loaded & {f"tweetbot.sources.{other}" for other in others}
    assert not loaded & {"csv", "_csv", "xml", "feedparser"}
