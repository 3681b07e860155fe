"""What the README says is so: its commands are run, its tables are compared with the code."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import get_args

import pytest

from tests.conftest import PROGRAMS, Bot
from tests.readme_blocks import block, blocks
from tweetbot import settings
from tweetbot.cli.commands import COMMANDS, cli
from tweetbot.cli.commands import command as load
from tweetbot.errors import EXIT_CODES
from tweetbot.money import PRICE_LINK, PRICE_POST
from tweetbot.profile import Profile
from tweetbot.sandbox import Fault
from tweetbot.sandbox.routes import STEPS
from tweetbot.sources.source import Reason
from tweetbot.x.answer import Answer
from tweetbot.x.refusals import refusal

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CRONTAB = ROOT / "crontab.example"
DOCUMENTS = (ROOT / "README.md", ROOT / "CHANGELOG.md", CRONTAB)
PROGRAM = "/home/me/tweetbot/.venv/bin/tweetbot"
FACTS = {"data": [{"attributes": {"body": "Dogs have wet noses."}}]}
HOSTS = (
    "https://dogapi.dog",
    "https://hc-ping.com",
    "https://example.com",
    "https://www.govinfo.gov",
    "https://earthquake.usgs.gov",
    "https://github.com",
)
OPERATOR = re.compile(r"[();|&]+")
REDIRECTION = re.compile(r"[<>&]*[<>][<>&]*")


# -- the document ---------------------------------------------------------------------------------


def section(heading: str) -> str:
    """Return the text of one section, its sub-sections included."""
    (text,) = re.findall(rf"(?ms)^## {heading}\n(.*?)(?=^## |\Z)", README)
    return str(text)


def rows(text: str) -> list[list[str]]:
    """Return the cells of a section's first table, without its head, each without back quotes."""
    (table, *_) = re.findall(r"(?m)(?:^\|.*\n)+", text)
    cells = [[cell.strip() for cell in row.strip("|\n").split("|")] for row in table.splitlines()]
    return [[cell.replace("`", "") for cell in row] for row in cells[2:]]


def prose(text: str) -> str:
    """Return the text without its code blocks."""
    return re.sub(r"(?ms)^ *```.*?^ *```$", "", text)


def inline_code(text: str) -> list[str]:
    """Return what stands in back quotes outside of code blocks."""
    return re.findall(r"`([^`\n]+)`", prose(text))


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_page_can_be_read() -> None:
    assert len(README.splitlines()) <= 450


# -- commands -------------------------------------------------------------------------------------


def simple_commands(script: str) -> Iterator[list[str]]:
    """Yield the simple commands of a shell script, those inside of quotes included."""
    pending = ""
    for line in script.splitlines():
        pending += line + "\n"
        try:
            words = list(_lexer(pending))
        except ValueError:  # a quotation goes on in the next line
            continue
        pending = ""
        yield from _split(words)
    assert not pending, f"a quotation does not end: {pending}"


def _lexer(text: str) -> shlex.shlex:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return lexer


def _split(words: list[str]) -> Iterator[list[str]]:
    command: list[str] = []
    rest = iter((*words, ";"))
    for word in rest:
        if REDIRECTION.fullmatch(word):
            next(rest)
            if command and command[-1].isdigit():  # 2>&1
                command.pop()
        elif not OPERATOR.fullmatch(word):
            command.append(word)
        elif command:
            yield command
            for quoted in command:
                if "tweetbot " in quoted:
                    yield from simple_commands(quoted)
            command = []


def crontab_commands(crontab: str) -> list[str]:
    """Return what cron hands to the shell."""
    lines = [line for line in crontab.splitlines() if re.match(r"[0-9*]", line)]
    return [line.split(maxsplit=5)[5].replace(r"\%", "%") for line in lines]


def tweetbot_lines() -> list[str]:
    """Return every command line of tweetbot that a document shows."""
    scripts = [one.text for one in blocks() if one.language in ("sh", "bat")]
    scripts = [re.sub(r"\\(?=\w|\.)", "/", script) for script in scripts]  # of Windows
    scripts += crontab_commands(CRONTAB.read_text())
    for document in DOCUMENTS[:2]:
        scripts += [code for code in inline_code(document.read_text()) if "tweetbot " in code]
    found = set()
    for script in scripts:
        for command in simple_commands(script):
            programs = [Path(word).name.removesuffix(".exe") for word in command]
            if "tweetbot" in programs[:-1]:
                found.add(shlex.join(command[programs.index("tweetbot") + 1 :]))
    return sorted(found)


@pytest.mark.parametrize("line", tweetbot_lines())
def test_each_command_line_has_options_that_exist(line: str) -> None:
    first, *args = shlex.split(line)
    if first != "--help" and first != "--version":
        command = load(first)
        command.make_context(first, [arg for arg in args if arg != "--help"])


def test_the_command_lines_are_found() -> None:
    lines = tweetbot_lines()
    assert len(lines) > 20
    assert "status -p dogfacts --max-age 36h" in lines
    assert "import -p dogfacts" in lines
    assert "post 'Hello from my bot'" in lines


def test_each_option_that_is_named_exists() -> None:
    options = {
        option
        for command in (cli, *map(load, COMMANDS))
        for parameter in command.params
        for option in parameter.opts
    }
    named = [code.split()[0] for code in inline_code(README) if re.match(r"--\w", code)]
    assert len(named) > 8
    assert set(named) <= options | {"--help"}


# -- tables ---------------------------------------------------------------------------------------


def tweetbot(
    *args: str, columns: int = 100, environ: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tweetbot", *args],
        env={**os.environ, "COLUMNS": str(columns), **(environ or {})},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("columns", [80, 100])
def test_the_help_is_that_of_the_command(columns: int) -> None:
    assert tweetbot("--help", columns=columns).stdout.startswith(block("help"))


def test_the_exit_codes_are_those_of_the_code() -> None:
    table = rows(section("Exit codes"))
    assert [(int(code), name) for code, name, *_ in table] == [
        (code, name) for code, name, _ in EXIT_CODES
    ]
    assert all(meaning and reaction for *_, meaning, reaction in table)


def test_the_variables_are_those_that_the_code_reads() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "src/tweetbot").rglob("*.py"))
    table = rows(section("Variables"))
    assert {name for name, *_ in table} == set(re.findall(r"TWEETBOT(?:_[A-Z]+)+", source))
    defaults = {name: default for name, _, default in table}
    assert defaults["TWEETBOT_PROFILE"].split(";")[0] == settings.DEFAULT_PROFILE
    assert defaults["TWEETBOT_REDIRECT_URI"] == settings.DEFAULT_REDIRECT_URI
    assert defaults["TWEETBOT_API_URL"] == settings.DEFAULT_API_URL
    assert defaults["TWEETBOT_AUTHORIZE_URL"] == settings.DEFAULT_AUTHORIZE_URL
    assert defaults["TWEETBOT_CHECK_AFTER"] == settings.DEFAULT_CHECK_AFTER


def test_the_keys_of_the_profile_are_those_of_the_document() -> None:
    keys = re.findall(r"\*\*`(\w+)`\*\*", section("The profile document"))
    assert keys == [entry.name for entry in fields(Profile) if entry.name != "unknown"]


def test_the_fields_of_a_post_are_those_that_it_prints(bot: Bot) -> None:
    (fields_named,) = re.findall(r"(?s)With `--json`, `post` prints (.*?)\. A failure", README)
    without_reasons = re.sub(r"\(why.*?\)", "", fields_named)
    answer = bot.run("post", "Hello", "--json").json
    assert set(inline_code(without_reasons)) == set(answer)
    reasons = re.findall(r"`([a-z-]+)`", fields_named.partition("(why")[2].partition(")")[0])
    assert set(reasons) == {*get_args(Reason), "too-early"}


def test_the_prices_are_those_of_the_code() -> None:
    (cost,) = re.findall(r"(?ms)^\*\*What it costs\.\*\*(.*?)\n\n", README)
    prices = [float(price) for price in re.findall(r"\$([\d.]*\d)", cost)]
    a_month = [round(30 * price, 2) for price in (PRICE_POST, PRICE_LINK)]
    assert prices == [PRICE_POST, PRICE_LINK, *a_month]


@pytest.mark.parametrize("row", rows(section("What common errors mean")), ids=lambda row: row[0])
def test_each_common_error_ends_with_its_code(row: list[str]) -> None:
    words, at, status, code, remedy = row
    said = {"error": "some_error", "error_description": words}
    if at == "post":
        said = {"title": words, "detail": words, "reason": words}
    elif words.startswith("Missing valid"):
        said["error"] = "unauthorized_client"
    answer = Answer(int(status), {}, json.dumps(said).encode())
    error = refusal(answer, now=0, of="token" if at == "renewal" else "post")
    assert error.code == int(code), error
    assert remedy


def test_the_steps_and_faults_of_the_rehearsal_exist() -> None:
    text = section("Rehearse")
    (steps,) = re.findall(r"(?s)Steps are (.*?)\.", text)
    assert set(inline_code(steps)) <= set(STEPS)
    (faults,) = re.findall(r"(?s)A fault is a status\s(.*?)\.\s", text)
    for fault in inline_code(faults):
        Fault.parse(fault if ":" in fault else f"post:{fault}")


# -- links and names ------------------------------------------------------------------------------


def test_each_link_leads_somewhere() -> None:
    for document in DOCUMENTS[:2]:
        text = document.read_text(encoding="utf-8")
        anchors = {slug(heading) for heading in re.findall(r"(?m)^#+ (.+)$", prose(text))}
        for target in re.findall(r"(?:\]\(|<img src=\")([^)\"]+)", prose(text)):
            if target.startswith("#"):
                assert target[1:] in anchors, target
            elif "://" not in target:
                assert (ROOT / target).exists(), target


def test_the_files_that_are_named_exist() -> None:
    named = {code for code in inline_code(README) if re.match(r"(src|tests)/|\.ci/", code)}
    named |= set(re.findall(r"tests/\w+/\w+\.py", README))
    assert named
    for path in named:
        assert (ROOT / path).exists(), path


def test_nobody_is_told_to_install_what_belongs_to_somebody_else() -> None:
    wrong = re.compile(r"install\s+(?:-\S+\s+)*['\"]?tweetbot(?!-cli|\w)|uvx tweetbot(?!-cli)")
    sources = list((ROOT / "src").rglob("*.py"))
    for path in (*DOCUMENTS, *sources, ROOT / "pyproject.toml", ROOT / ".ci/run"):
        assert not wrong.search(path.read_text(encoding="utf-8")), path
    assert wrong.search("pip install -U tweetbot")
    assert not wrong.search("pip install tweetbot-cli")


# -- schedulers -----------------------------------------------------------------------------------


def need(*tools: str) -> None:
    """Skip where a tool is missing; in CI, where all are installed, fail."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"missing in CI: {', '.join(missing)}")
    if missing:
        pytest.skip(f"missing: {', '.join(missing)}")


def crontab_check() -> list[str]:
    """Return what makes this machine's cron check a file and touch nothing."""
    need("crontab")
    usage = subprocess.run(["crontab", "-h"], capture_output=True, text=True, check=False)
    option = next(
        (o for o in ("-T", "-n") if re.search(rf"{o}\b.*(dry run|test)", usage.stderr, re.I)), ""
    )
    if not option:
        pytest.skip("this cron cannot check a file")
    return ["crontab", option]


def test_cron_accepts_the_crontab() -> None:
    checked = subprocess.run([*crontab_check(), str(CRONTAB)], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_each_command_of_the_crontab_exists() -> None:
    need("bash", "curl", "jq", "shuf")
    for line in crontab_commands(CRONTAB.read_text()):
        for command in simple_commands(line):
            words = [word for word in command if not re.fullmatch(r"\w+=.*|\$", word)]
            if words and words[0] != PROGRAM:
                known = ["bash", "-c", 'type -t -- "$1"', "bash", words[0]]
                assert subprocess.run(known, capture_output=True, check=False).returncode == 0, (
                    words
                )


# -- a world for the recipes ----------------------------------------------------------------------


class Source:
    """A web server whose one answer is set by the test; counts who asked.

    Of an answer that `breaks_off`, one more byte is promised than comes.
    """

    def __init__(self) -> None:
        self.status, self.body, self.breaks_off, self.asked = 200, b"", False, 0
        source = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                source.asked += 1
                self.send_response(source.status)
                self.send_header("Content-Length", str(len(source.body) + source.breaks_off))
                self.end_headers()
                self.wfile.write(source.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        """Go away: whoever asks now is refused the connection."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source()
    yield source
    source.close()


class Machine:
    """A person's machine: a home with a bot, and the address of the source put into a script."""

    def __init__(self, bot: Bot, home: Path, source: Source) -> None:
        self.bot, self.home, self.source = bot, home, source
        self.home.mkdir()
        program = self.home / "bin/tweetbot"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tweetbot "$@"\n')
        program.chmod(0o755)
        self.program = str(program)

    def have(self, profile: str) -> None:
        """Let the bot be the one that a recipe names."""
        self.bot.path.rename(self.bot.folder / f"{profile}.json")
        self.bot.name = profile

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        for host in HOSTS:
            script = script.replace(host, self.source.url)
        own = (Path(self.program).parent, PROGRAMS, Path(sys.executable).parent)
        path = ":".join([*map(str, own), os.environ["PATH"]])
        return subprocess.run(
            ["bash", "-c", script.replace(PROGRAM, self.program)],
            env={**self.bot.variables, "PATH": path, "HOME": str(self.home), "no_proxy": "*"},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    @property
    def posts(self) -> list[str]:
        return [post.sent_text for post in self.bot.x.posts]


@pytest.fixture
def machine(bot: Bot, tmp_path: Path, source: Source) -> Machine:
    need("bash", "curl", "jq", "shuf")
    return Machine(bot, tmp_path / "home", source)


def feed(*titles: str) -> bytes:
    """Return an RSS feed, the newest item first."""
    items = [
        f"<item><title>{title}</title><link>http://news.example/{number}</link></item>"
        for number, title in enumerate(titles)
    ]
    return f"<rss version='2.0'><channel>{''.join(reversed(items))}</channel></rss>".encode()


# What a source may answer when it is out of order.
BROKEN = {
    "an error page": (500, b'{"data": [{"attributes": {"body": "Internal error"}}]}'),
    "nothing": (200, b""),
    "an empty object": (200, b"{}"),
    "an empty list": (200, b'{"data": []}'),
    "half an answer": (200, b'{"data": [{"attributes": {"body": "Dogs ha'),
}


@pytest.mark.parametrize("name", [one.name for one in blocks() if one.name.startswith("recipe")])
def test_each_recipe_has_a_test(name: str) -> None:
    assert name == "recipe list"


def test_the_lines_of_a_file_are_posted_in_turn(machine: Machine) -> None:
    machine.have("dogfacts")
    (machine.home / "facts.txt").write_text(block("facts.txt"))
    for _ in range(2):
        run = machine.run(block("recipe list"))
        assert run.returncode == 0, run.stderr
    assert set(machine.posts) == {
        "A dog's nose print is as unique as a fingerprint.",
        "The Basenji is the only dog that does not bark.\nIt yodels.",
    }


def test_the_fact_is_posted_once(machine: Machine, source: Source) -> None:
    machine.have("dogfacts")
    source.body = json.dumps(FACTS).encode()
    run = machine.run(line_of("dogfacts"))
    assert run.returncode == 0, run.stderr
    assert machine.posts == ["Dogs have wet noses."]
    assert run.stdout.startswith("https://x.com/dogfacts/status/")


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_without_a_fact_nothing_is_posted(
    machine: Machine, source: Source, answer: tuple[int, bytes]
) -> None:
    machine.have("dogfacts")
    source.status, source.body = answer
    run = machine.run(line_of("dogfacts"))
    assert (machine.posts, source.asked) == ([], 1)
    assert run.returncode != 0


@pytest.mark.parametrize("recipe", ["dogfacts", "news"])
@pytest.mark.parametrize("trouble", ["no network", "an error", "half of it"])
def test_trouble_on_the_way_posts_nothing(
    machine: Machine, source: Source, recipe: str, trouble: str
) -> None:
    machine.have(recipe)
    source.body = feed("Old", "New") if recipe == "news" else json.dumps(FACTS).encode()
    if trouble == "no network":
        source.close()
    elif trouble == "an error":
        source.status = 500
    else:
        source.breaks_off = True
    run = machine.run(line_of(recipe))
    assert machine.posts == []
    assert run.returncode != 0


def test_each_run_posts_the_oldest_new_item_of_a_feed(machine: Machine, source: Source) -> None:
    machine.have("news")
    source.body = feed("Old")
    assert machine.run(line_of("news")).returncode == 0
    assert machine.posts == [], "the first look"
    source.body = feed("Old", "New", "- Newer")
    for _ in range(3):
        run = machine.run(line_of("news"))
        assert run.returncode == 0, run.stderr
    assert machine.posts == ["New http://news.example/1", "- Newer http://news.example/2"]


def line_of(bot: str) -> str:
    """Return the line of the README for one of the bots that have a line each."""
    (line,) = (line for line in block("bots").splitlines() if f"-p {bot} " in line)
    return line


def test_pairs_of_words_and_nothing_of_a_file_that_is_not_there(machine: Machine) -> None:
    machine.have("pairs")
    (machine.home / "nouns.txt").write_text("fox\n")
    assert machine.run(line_of("pairs")).returncode != 0
    (machine.home / "verbs.txt").write_text("jump\n")
    assert machine.run(line_of("pairs")).returncode == 0
    assert machine.posts == ["fox/jump"]


def test_a_new_word_is_answered_by_where_it_stood(machine: Machine) -> None:
    machine.have("nyt")
    programs = {"new-words": "cat words.txt", "where": 'echo "It is new: $1."'}
    for name, script in programs.items():
        (machine.home / name).write_text(f"#!/bin/sh\n{script}\n")
        (machine.home / name).chmod(0o755)
    words = machine.home / "words.txt"
    words.write_text("")
    assert machine.run(line_of("nyt")).returncode != 0
    words.write_text("blorbo\nquonk\n")
    for _ in range(2):
        assert machine.run(line_of("nyt")).returncode == 0
    assert machine.run(line_of("nyt")).returncode != 0
    assert machine.posts[0::2] == ["blorbo", "quonk"]
    assert machine.posts[1::2] == ["It is new: blorbo.", "It is new: quonk."]
    first, answer, second, _ = machine.bot.x.posts
    assert (answer.parent, second.parent) == (first.id, None)


LAWS = b"""<rss version="2.0"><channel><title>Public Laws</title><item>
<title>Public Law 119 - 1 - Laken Riley Act</title>
<link>https://www.govinfo.gov/app/details/PLAW-119publ1</link>
<guid isPermaLink="true">https://www.govinfo.gov/app/details/PLAW-119publ1</guid>
<pubDate>Wed, 29 Jan 2025 05:00:00 GMT</pubDate></item></channel></rss>"""
RELEASES = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Release notes</title>
<entry><id>tag:github.com,2008:Repository/1/v1.0</id><title>v1.0</title>
<link rel="alternate" type="text/html" href="https://github.com/OWNER/NAME/releases/tag/v1.0"/>
<updated>2026-11-01T00:00:00Z</updated><content type="html">&lt;!-- by a program --&gt;</content>
</entry>
</feed>"""
FOLLOWED: dict[str, tuple[bytes, str]] = {
    "congress": (
        LAWS,
        "Public Law 119 - 1 - Laken Riley Act https://www.govinfo.gov/app/details/PLAW-119publ1",
    ),
    "releases": (RELEASES, "v1.0 https://github.com/OWNER/NAME/releases/tag/v1.0"),
    "quakes": (
        b'{"features": [{"id": "us1", "properties": {"mag": 5.1, "place": "near Ulm"}}]}',
        "M 5.1, near Ulm",
    ),
}


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_bot_of_one_line_follows_what_happens(
    name: str, machine: Machine, source: Source
) -> None:
    machine.have(name)
    source.body, text = FOLLOWED[name]
    line = line_of(name)
    assert machine.run(line).returncode == 0
    assert machine.posts == [], "the first look"
    assert machine.run(f"{line} --first-run all --remember-as again").returncode == 0
    assert machine.posts == [text]


def test_each_line_of_the_crontab_does_its_job(machine: Machine, source: Source) -> None:
    lines = [
        line.replace("/home/me/bots", str(machine.home))
        for line in crontab_commands(CRONTAB.read_text())
    ]
    from_list, from_feed, from_api, probe, mail, renewal = lines
    machine.have("dogfacts")
    assert machine.run(probe).returncode == 9
    assert source.asked == 0, "no ping"
    assert "too-old" in machine.run(mail).stdout
    (machine.home / "facts.txt").write_text("Dogs bark.\n")
    assert said_nothing(machine.run(from_list))
    for line in (probe, mail):
        assert said_nothing(machine.run(line))
    assert source.asked == 1, "a ping"
    source.body = json.dumps(FACTS).encode()
    assert said_nothing(machine.run(from_api))
    assert machine.posts == ["Dogs bark.", "Dogs have wet noses."]

    machine.have("news")
    source.body = feed("Old")
    assert machine.run(from_feed).returncode == 0
    source.body = feed("Old", "New")
    assert machine.run(from_feed).returncode == 0
    (log,) = machine.home.glob("news-20??.log")
    assert log.read_text() == ""
    assert machine.posts[2:] == ["New http://news.example/1"]

    machine.have("newyear")
    assert said_nothing(machine.run(renewal))
    assert machine.bot.x.count("token") == 0, "the login is younger than a week"


def said_nothing(run: subprocess.CompletedProcess[str]) -> bool:
    return (run.returncode, run.stdout, run.stderr) == (0, "", "")


# -- many bots ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        ("TWEETBOT_CONFIG_DIR=/nowhere", "login-needed"),
        (f"TWEETBOT_CONFIG_DIR={__file__}", "configuration"),
        ("TWEETBOT_STORE=redis://127.0.0.1:1/0", "temporary"),
    ],
    ids=["no bot", "no folder", "a store that is down"],
)
def test_the_line_for_many_bots_is_not_silent_where_none_can_be_seen(
    machine: Machine, variables: str, error: str
) -> None:
    run = machine.run(f"export {variables}\n{block('fleet')}")
    assert run.stdout.split("\t")[:2] == ["all", error]


def test_the_line_for_many_bots_names_those_that_need_somebody(machine: Machine) -> None:
    bot = machine.bot
    bot.run("post", "Hello")
    silent = {**bot.document, "posts": [], "ran_at": None}
    (bot.folder / "silent.json").write_text(json.dumps(silent))
    (bot.folder / "broken.json").write_text("{")
    lines = [line.split("\t") for line in machine.run(block("fleet")).stdout.splitlines()]
    assert [line[:2] for line in lines] == [["broken", "configuration"], ["silent", "too-old"]]


# -- moving ---------------------------------------------------------------------------------------


def test_the_move_brings_the_bot_to_the_other_machine(machine: Machine, tmp_path: Path) -> None:
    machine.have("dogfacts")
    host = f"env TWEETBOT_CONFIG_DIR={tmp_path}/other"
    assert "ssh host" in block("move")
    run = machine.run(block("move").replace("ssh host", host))
    assert run.returncode == 0, run.stderr
    assert machine.run("tweetbot post -p dogfacts Hello").returncode == 4
    assert machine.run(f"{host} tweetbot post -p dogfacts Hello").returncode == 0


def test_a_move_that_failed_is_taken_back(machine: Machine) -> None:
    machine.have("dogfacts")
    machine.run("tweetbot export -p dogfacts | cat > /dev/null")
    assert machine.run("tweetbot post -p dogfacts Hello").returncode == 4
    (take_back,) = re.findall(r"`(tweetbot import [^`]*~/\.config/[^`]*)`", README)
    take_back = take_back.replace("~/.config/tweetbot", str(machine.bot.folder))
    assert machine.run(take_back).returncode == 0
    assert machine.run("tweetbot post -p dogfacts Hello").returncode == 0


# -- from a program -------------------------------------------------------------------------------


def test_a_program_reads_what_became_of_its_post(machine: Machine) -> None:
    machine.have("dogfacts")
    (machine.home / "program.py").write_text(block("program"))
    run = machine.run("python3 program.py")
    assert run.stdout.startswith("https://x.com/dogfacts/status/"), run.stderr
    assert machine.posts == ["Hello from Python"]
    machine.bot.x.fault("post", Fault("status", status=402))
    (machine.home / "program.py").write_text(block("program").replace("from", "again from"))
    assert machine.run("python3 program.py").stdout.startswith("5 ")


# -- the first command, and the rehearsal ---------------------------------------------------------


def rehearse(script: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line of the README with its two outputs in one, as a terminal shows them."""
    program = tmp_path / "tweetbot"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tweetbot "$@"\n')
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def shape(transcript: str) -> str:
    """Take out what differs from run to run, and what the README cuts."""
    for pattern, name in (
        (r"(?m)^\d\d:\d\d:\d\d", "TIME"),
        (r"127\.0\.0\.1:\d+", "HERE"),
        (r"\S*/tweetbot-sandbox-\w+", "FOLDER"),
        (r"status/\d+", "status/ID"),
    ):
        transcript = re.sub(pattern, name, transcript)
    return transcript


def test_the_first_command_prints_its_transcript(tmp_path: Path) -> None:
    install = "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/"
    assert block("try").startswith(install)
    run = rehearse(block("try").removeprefix(install), tmp_path)
    assert run.returncode == 0, run.stdout
    assert shape(run.stdout).endswith(shape(block("transcript")))


def test_the_rehearsal_of_a_lost_answer_finds_the_post(tmp_path: Path) -> None:
    run = rehearse(block("rehearse"), tmp_path)
    assert run.returncode == 0, run.stdout
    assert "(fault after:503)" in run.stdout
    assert run.stdout.splitlines()[-1].startswith("https://x.com/dogfacts/status/")


def test_the_command_that_runs_the_tests_does_so() -> None:
    assert block("tests") == (
        "python3 -m venv .venv-dev && .venv-dev/bin/pip install -q -e '.[dev]'"
        " && .venv-dev/bin/pytest\n"
    )
