"""What is published and how: wheel and sdist, and the files that GitHub reads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tweetbot import __version__

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
MADE = ROOT / "src/tweetbot/schedule/github.py"  # a bot's workflow
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGE = {
    path.relative_to(ROOT / "src").as_posix()
    for path in (ROOT / "src/tweetbot").rglob("*")
    if path.is_file() and path.suffix != ".pyc"
}
PYTHONS = [
    found[1]
    for line in PROJECT["classifiers"]
    if (found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line))
]


def run(*command: str, cwd: Path = ROOT, **variables: str) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read_yaml(name: str) -> Any:
    return YAML(typ="safe", pure=True).load(GITHUB / name)


# -- wheel and sdist ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a wheel and an sdist, built from this clone."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-d", str(folder))
    return folder


def test_wheel_and_sdist_can_be_uploaded(dist: Path) -> None:
    files = sorted(dist.iterdir())
    assert [path.name for path in files] == [
        f"tweetbot_cli-{__version__}-py3-none-any.whl",
        f"tweetbot_cli-{__version__}.tar.gz",
    ]
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, files))


def test_the_wheel_holds_the_package_its_licence_and_nothing_else(dist: Path) -> None:
    (path,) = dist.glob("*.whl")
    with zipfile.ZipFile(path) as wheel:
        info = f"tweetbot_cli-{__version__}.dist-info"
        about = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
        assert set(wheel.namelist()) == PACKAGE | about | {f"{info}/licenses/LICENSE"}
        assert "tweetbot/py.typed" in PACKAGE
        assert {Path(name).suffix for name in PACKAGE} == {".py", ".txt", ".typed"}
        metadata = HeaderParser().parsestr(wheel.read(f"{info}/METADATA").decode())
    assert (metadata["Name"], metadata["License-Expression"]) == ("tweetbot-cli", "MIT")
    assert metadata["Requires-Python"] == ">=3.11"
    extras = set(metadata.get_all("Provides-Extra", ())) - {"dev"}
    assert extras == set(re.findall(r'try_wheel "\[(\w+)\]"', (ROOT / ".ci/run").read_text()))


def test_the_sdist_holds_what_it_is_built_from_and_nothing_else(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    beside = {"README.md", "LICENSE", "CHANGELOG.md", "crontab.example", "pyproject.toml"}
    assert names == {f"src/{name}" for name in PACKAGE} | beside | {"PKG-INFO", ".gitignore"}


# -- what GitHub reads ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "schemas"),
    [
        (
            "workflows/*.yml",
            ["vendor.github-workflows", "custom.github-workflows-require-timeout"],
        ),
        ("ISSUE_TEMPLATE/fault.yml", ["vendor.github-issue-forms"]),
        ("ISSUE_TEMPLATE/config.yml", ["vendor.github-issue-config"]),
        ("dependabot.yml", ["vendor.dependabot"]),
    ],
)
def test_github_accepts_the_file(name: str, schemas: Sequence[str]) -> None:
    files = [str(path) for path in GITHUB.glob(name)]
    for schema in schemas:
        run(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files)


def test_each_python_that_is_promised_is_tried() -> None:
    everything = read_yaml("workflows/test.yml")["jobs"]["everything"]
    assert everything["strategy"]["matrix"]["python"] == PYTHONS
    assert everything["steps"][-1]["run"] == "bash .ci/run"
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert oldest == PYTHONS[0]


def test_an_action_has_one_version_here_and_in_the_workflows_that_are_made() -> None:
    """GitHub's bot renews those of the project; those of `schedule` have to follow."""
    texts = [path.read_text() for path in (*GITHUB.glob("workflows/*.yml"), MADE)]
    used = {name for text in texts for name in re.findall(r"uses: (\S+)", text)}
    assert "actions/checkout" in {name.partition("@")[0] for name in used}
    assert len(used) == len({name.partition("@")[0] for name in used}), sorted(used)


def test_only_the_last_job_of_a_release_may_publish() -> None:
    release = read_yaml("workflows/release.yml")
    assert release["on"] == {"push": {"tags": ["v*"]}}
    assert release["permissions"] == {"contents": "read"}
    build, publish = release["jobs"]["build"], release["jobs"]["publish"]
    assert "permissions" not in build
    assert publish["needs"] == "build"
    assert (publish["permissions"], publish["environment"]) == ({"id-token": "write"}, "pypi")
    assert not any("run" in step for step in publish["steps"])


def step(name: str) -> str:
    """Return what a named step of the release's build runs."""
    steps = read_yaml("workflows/release.yml")["jobs"]["build"]["steps"]
    (script,) = (one["run"] for one in steps if one.get("name") == name)
    return str(script)


@pytest.mark.parametrize(("tag", "code"), [(f"v{__version__}", 0), ("v9.9.9", 1), ("v", 1)])
def test_a_tag_that_is_not_the_version_ends_the_release(tag: str, code: int) -> None:
    script = ["bash", "-ec", step("The tag is the version")]
    environ = {**os.environ, "GITHUB_REF_NAME": tag}
    assert subprocess.run(script, cwd=ROOT, env=environ, check=False).returncode == code


def test_the_changelog_begins_with_what_is_to_come_and_then_this_version() -> None:
    headings = re.findall(r"(?m)^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert headings[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(__version__)} - \d{{4}}-\d\d-\d\d", headings[1])


def test_no_link_of_the_published_page_is_relative(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_bytes((ROOT / "README.md").read_bytes())
    variables = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "me/tweetbot",
        "GITHUB_REF_NAME": "v1.2.3",
    }
    run("bash", "-ec", step("Links that work on PyPI, too"), cwd=tmp_path, **variables)
    published = page.read_text(encoding="utf-8")
    here = "https://github.com/me/tweetbot"
    assert f'<img src="{here}/raw/v1.2.3/.github/page.png"' in published
    assert f"({here}/blob/v1.2.3/LICENSE)" in published
    targets = re.findall(r"\]\(([^)]*)\)|<img src=\"([^\"]*)\"", published)
    assert all("".join(target).startswith(("https://", "http://", "#")) for target in targets)


def test_the_form_asks_for_the_version_and_what_was_said() -> None:
    fields = {
        one["id"]: one for one in read_yaml("ISSUE_TEMPLATE/fault.yml")["body"] if "id" in one
    }
    assert "tweetbot --version" in fields["version"]["attributes"]["label"]
    assert "`-v`" in fields["output"]["attributes"]["label"]
    assert all(fields[name]["validations"]["required"] for name in ("version", "output"))


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md"])
def test_the_paths_that_a_page_names_exist(page: str) -> None:
    named = re.findall(r"`((?:src|tests|\.ci|\.github)/[\w./-]+)`", (GITHUB / page).read_text())
    for path in named:
        assert (ROOT / path).exists(), path


def test_the_page_for_those_who_work_on_it_names_each_room() -> None:
    rooms = {path.stem for path in (ROOT / "src/tweetbot").iterdir() if path.suffix in ("", ".py")}
    named = set(re.findall(r"`(\w+)`", (GITHUB / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    assert {room for room in rooms if not room.startswith("_")} <= named
