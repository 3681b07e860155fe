"""Whatever stands in a word: the reader of each syntax gets that word back."""

from __future__ import annotations

import plistlib
import re
from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.schedule import readers
from tweetbot.schedule import words

HOSTILE = (
    "50% of $HOME is ${HOME} `id` $(id) \"double\" 'single' \\back \\\\two \\n ; & | > < # ! ~ * ?",
    "two\nlines\tand a tab",
    "${{ secrets.TWEETBOT_KEY }}",
    "$(TWEETBOT_STORE) $$(X) $$",
    "%i %% %h\\%",
    "-n",
    "--",
    "",
    " ",
    "a: b # c",
    "- [x] {y}",
    "yes",
    "\u2018curly\u2019 \u2019 \u201a \u201b “double”",
    "ö 🐶 👩‍🚀 🏴󠁧󠁢󠁥󠁮󠁧󠁿 \u202eright to left \u2028 \x85 \u00a0 \ufeff",
    "]]> &amp; <!-- -- -->",
    "C:\\bots\\",
    'C:\\bots\\" x',
    "\\",
    "!history! ^caret %PATH%",
)
ALPHABET = st.one_of(
    st.sampled_from("%$\\\"'`{}()[]<>&|;#!~*?: \n\t-,=@^ai0"),
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"),
)
WORD = st.text(ALPHABET, max_size=12).filter(lambda word: not word.endswith("\n"))
LIST = st.lists(WORD, min_size=1, max_size=20)
hostile = example(list(HOSTILE))


@pytest.mark.parametrize("shell", ["sh", "bash"])
@hostile
@given(given=LIST)
@settings(max_examples=30, deadline=None)
def test_a_shell_gets_the_words(shell: str, given: list[str]) -> None:
    line = words.shell_line(given)
    assert "\n" not in line
    assert readers.by_shell(line, shell=shell) == given


@pytest.mark.parametrize("drops_backslash", [False, True])
@hostile
@given(given=LIST)
@settings(max_examples=30, deadline=None)
def test_any_cron_gets_the_words(drops_backslash: bool, given: list[str]) -> None:
    line = "* * * * *  x " + " ".join(map(words.cron, given)).replace("%", "\\%")
    assert "\n" not in line
    command = readers.by_cron(line, drops_backslash=drops_backslash)
    assert readers.by_shell(command) == ["x", *given]


@hostile
@given(given=LIST)
@settings(max_examples=30, deadline=None)
def test_a_run_line_of_github_gets_the_words_and_no_expression(given: list[str]) -> None:
    line = " ".join(map(words.github, given))
    assert "${{" not in line
    assert readers.by_shell(line, shell="bash") == given
    step = readers.by_yaml(f"run: |\n  {line}\n")
    assert step == {"run": f"{line}\n"}


@hostile
@given(given=LIST)
@settings(max_examples=100, deadline=None)
def test_yaml_gets_the_words(given: list[str]) -> None:
    assert readers.by_yaml(words.yaml_list(given)) == given


@hostile
@given(given=LIST)
@settings(max_examples=100, deadline=None)
def test_a_container_of_kubernetes_gets_the_words(given: list[str]) -> None:
    read = readers.by_yaml(words.yaml_list(map(words.kubernetes, given)))
    assert list(map(readers.by_kubernetes, read)) == given


@hostile
@given(given=LIST)
@settings(max_examples=100, deadline=None)
def test_launchd_gets_the_words(given: list[str]) -> None:
    document = words.xml(plistlib.dumps({"x": given}).decode())
    assert plistlib.loads(document.encode())["x"] == given
    assert all(char.isprintable() or char in "\n\t\u200c\u200d" for char in document)


@hostile
@given(given=LIST)
@settings(max_examples=100, deadline=None)
def test_a_program_of_windows_gets_the_words(given: list[str]) -> None:
    literal = words.powershell(words.windows_line(given))
    assert readers.by_windows(readers.by_powershell(literal)) == given


@hostile
@given(given=LIST)
@settings(max_examples=100, deadline=None)
def test_docker_gets_the_words(given: list[str]) -> None:
    line = f"CMD {words.json_list(given)}"
    assert "\n" not in line
    assert readers.by_docker(line, "CMD") == given


@hostile
@given(given=LIST)
@settings(max_examples=100, deadline=None)
@example(["d[1] *?.txt", "[*]", "[[]"])
def test_docker_copies_the_file_of_that_name_and_no_other(given: list[str]) -> None:
    for path in given:
        assert readers.by_docker_copy(words.docker_word(path)) == path
        pattern = readers.by_docker_copy(words.docker_source(path))
        literal = re.sub(r"\[[*?[]\]", "", pattern)  # what stands in brackets is itself
        assert not set("*?[") & set(literal)
        assert fnmatchcase(path, pattern.replace(r"\\", "\\"))  # Go's filepath.Match escapes by it
