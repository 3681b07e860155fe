"""`tweetbot auth`: from the first question to the saved document, and every way it can end."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import io
import json
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import httpx
import pexpect
import pytest

from tweetbot.cli.arrival import next_steps
from tweetbot.sandbox import Fault, Sandbox
from tweetbot.sandbox.command import browser_command
from tweetbot.settings import DEFAULT_API_URL, read_settings

if TYPE_CHECKING:
    from tests.conftest import Bot, Run

SCOPE = "tweet.read tweet.write users.read offline.access media.write"
CLOSING_WORDS = "You can close this window"
ENTER = ""
CTRL_C = "Ctrl-C"
# No proxy could reach the loopback interface; certificates would only be loaded, at 20 ms a time.
PLAIN_HTTP: dict[str, Any] = {"trust_env": False, "verify": False, "timeout": 10}
# A pseudo-terminal's process is forked, and becomes tweetbot at once: the threads of the local X
# are of no concern to it.
on_a_terminal = pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)


@pytest.fixture
def bot(bot: Bot) -> Bot:
    """The bot that is logged in, ready for another login."""
    bot.take_callback()
    return bot


# --- the person ------------------------------------------------------------------------------


def visit(url: str, **options: Any) -> httpx.Response:
    """Open an address as a browser does, redirects and all."""
    return httpx.get(url, **{**PLAIN_HTTP, "follow_redirects": True, **options})


def submit(url: str, form: Mapping[str, str], **options: Any) -> httpx.Response:
    return httpx.post(url, data=form, **PLAIN_HTTP, **options)


def decide(url: str, decision: str = "authorize", *, follow: bool = True) -> httpx.Response:
    """Read the consent page at `url` and click; without `follow`, stay at X's redirect."""
    page = visit(url)
    nonce = re.search(r'name="nonce" value="([^"]+)"', page.text)
    assert nonce, page.text
    form = {"nonce": nonce[1], "decision": decision}
    return submit(urljoin(url, "/i/oauth2/authorize"), form, follow_redirects=follow)


def redirect_of(url: str) -> str:
    """Consent, and return where X then sends the browser."""
    return decide(url, follow=False).headers["location"]


def log_in(bot: Bot, *args: str, decision: str = "authorize", **options: Any) -> Run:
    """Go through a whole login; nothing secret is ever printed."""
    with bot.auth(*args, **options) as auth:
        decide(auth.url, decision)
        run = auth.end()
    assert_silent(bot.x, run.out + run.err)
    return run


def assert_silent(x: Sandbox, text: str) -> None:
    assert not [secret for secret in x.secrets if secret in text]


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def sent(x: Sandbox, step: str) -> list[Any]:
    return [request for request in x.requests if request.step == step]


def alive(x: Sandbox) -> set[str]:
    """Which of all the secrets that were ever seen still are good tokens at X."""
    good = set()
    for token in x.secrets:
        me = visit(f"{x.url}/2/users/me", headers={"Authorization": f"Bearer {token}"})
        form = {"grant_type": "refresh_token", "refresh_token": token}
        renewal = submit(f"{x.url}/2/oauth2/token", form, auth=(x.client_id, x.client_secret))
        good |= {token} if 200 in (me.status_code, renewal.status_code) else set()
    return good


def stop_before_the_browser(bot: Bot, *args: str, **options: Any) -> str:
    """Run a login that ends with exit 2 before anybody was asked; returns what it says."""
    run = bot.run("auth", "--timeout", "2", *args, **options)
    assert run.code == 2, run.err
    assert bot.x.authorize_url not in run.err
    assert bot.x.requests == ()
    return run.err


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def status(code: int, content: bytes = b"") -> Fault:
    return Fault("status", status=code, body=content)


# --- a login without a terminal ----------------------------------------------------------------


def test_a_first_login_saves_the_whole_document_for_its_owner_alone(newcomer: Bot) -> None:
    x, began = newcomer.x, int(time.time())

    run = log_in(newcomer, umask=0)

    assert (run.code, run.out) == (0, "Logged in as @dogfacts\n")
    document = newcomer.document
    token = document["token"]
    assert began <= token["obtained_at"] <= time.time()
    assert document == {
        "version": 1,
        "client": {
            "client_id": x.client_id,
            "client_secret": x.client_secret,
            "redirect_uri": newcomer.environ["TWEETBOT_REDIRECT_URI"],
            "api_url": x.url,
        },
        "account": {"id": x.account.id, "username": "dogfacts"},
        "token": {
            "access_token": token["access_token"],
            "refresh_token": token["refresh_token"],
            "scope": token["scope"],
            "obtained_at": token["obtained_at"],
            "expires_at": token["obtained_at"] + 7200,
            "parent": None,
        },
        "expected": None,
        "replaced": None,
        "pending": None,
        "cursors": {},
        "posts": [],
        "ran_at": None,
        "last_error": None,
        "spend": {"month": "", "posts": 0, "usd": 0.0, "budget_usd": None},
        "moved": None,
        "lives_in": None,
    }
    assert set(token["scope"].split()) == set(SCOPE.split())
    assert {token["access_token"], token["refresh_token"]} <= x.secrets
    assert newcomer.folder.stat().st_mode & 0o777 == 0o700
    modes = {path.name: path.stat().st_mode & 0o777 for path in newcomer.folder.iterdir()}
    assert modes == {"default.json": 0o600, "default.json.lock": 0o600}


def test_the_address_stands_on_a_line_of_its_own_with_all_that_x_needs(newcomer: Bot) -> None:
    run = log_in(newcomer)

    [line] = [line for line in run.err.splitlines() if line.startswith("http")]
    base, _, query = line.partition("?")
    parameters = query_of(line)
    assert base == newcomer.x.authorize_url
    assert len(parse_qs(query)) == 7
    assert parameters["response_type"] == "code"
    assert parameters["client_id"] == newcomer.x.client_id
    assert parameters["redirect_uri"] == newcomer.environ["TWEETBOT_REDIRECT_URI"]
    assert parameters["scope"] == SCOPE
    assert parameters["code_challenge_method"] == "S256"
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", parameters["code_challenge"])
    assert len(parameters["state"]) >= 32


def test_every_login_has_its_own_state_and_verifier(newcomer: Bot) -> None:
    for _ in range(2):
        assert log_in(newcomer).code == 0

    asked = [request.query for request in sent(newcomer.x, "authorize")]
    verifiers = [request.form["code_verifier"] for request in sent(newcomer.x, "token")]
    states = [query["state"] for query in asked]
    for query, verifier in zip(asked, verifiers, strict=True):
        assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier)
        digest = hashlib.sha256(verifier.encode()).digest()
        made = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        assert query["code_challenge"] == made
    assert len({*states, *verifiers}) == 4


def test_the_code_is_exchanged_at_once_and_over_one_connection(newcomer: Bot) -> None:
    with newcomer.auth() as auth:
        # A browser that never fetches the closing page may not cost the code its life.
        visit(redirect_of(auth.url), follow_redirects=False)
        called_back = time.time()
        assert auth.end().code == 0

    [token], [me] = sent(newcomer.x, "token"), sent(newcomer.x, "me")
    assert token.connection == me.connection
    assert token.at - called_back < 0.8


def test_the_browser_of_the_environment_is_opened(newcomer: Bot) -> None:
    newcomer.x.approve = True
    newcomer.environ["BROWSER"] = browser_command()

    run = newcomer.run("auth", "--timeout", "10")

    assert (run.code, run.out) == (0, "Logged in as @dogfacts\n")
    assert f"\n{newcomer.x.authorize_url}?" in run.err


def test_the_browser_is_python_s_own_and_sees_no_secret(newcomer: Bot, tmp_path: Path) -> None:
    """Not a webbrowser.py of the folder where the person happens to stand."""
    (tmp_path / "webbrowser.py").write_text("open('ran', 'w').close()")
    script = tmp_path / "browser"
    script.write_text(f"#!/bin/sh\nenv > '{tmp_path}/seen'\n")
    script.chmod(0o755)
    newcomer.environ["BROWSER"] = str(script)
    assert newcomer.run("auth", "--timeout", "3", cwd=tmp_path).code == 4
    assert not (tmp_path / "ran").exists()
    assert "TWEETBOT_" not in (tmp_path / "seen").read_text()


def test_no_browser_means_no_browser(newcomer: Bot, tmp_path: Path) -> None:
    newcomer.environ["BROWSER"] = str(program(tmp_path, "browser"))
    run = log_in(newcomer)
    assert run.code == 0
    assert calls(tmp_path) == []
    assert "Opening the browser" not in run.err


def test_json_is_all_that_stands_on_standard_output(newcomer: Bot) -> None:
    run = log_in(newcomer, "--json")

    assert run.json == {
        "ok": True,
        "profile": "default",
        "path": str(newcomer.path),
        "id": newcomer.x.account.id,
        "username": "dogfacts",
    }


def test_a_failed_login_is_json_too(newcomer: Bot) -> None:
    run = log_in(newcomer, "--json", decision="cancel")
    assert (run.code, run.json["ok"], run.json["code"]) == (4, False, 4)
    assert run.json["error"] == "login-needed"
    assert "access_denied" in run.json["message"]


def test_verbose_shows_the_requests_and_no_secret(newcomer: Bot) -> None:
    run = log_in(newcomer, "-v")
    assert f"POST {newcomer.x.url}/2/oauth2/token" in run.err
    assert f"GET {newcomer.x.url}/2/users/me" in run.err


def test_another_name_is_another_document(newcomer: Bot) -> None:
    newcomer.name = "news.bot-2"
    assert log_in(newcomer, "-p", newcomer.name).code == 0
    assert newcomer.document["account"]["username"] == "dogfacts"
    assert not (newcomer.folder / "default.json").exists()


# --- the app's credentials ---------------------------------------------------------------------


def test_without_a_terminal_a_missing_client_id_is_named(newcomer: Bot) -> None:
    newcomer.environ["TWEETBOT_CLIENT_ID"] = ""
    said = stop_before_the_browser(newcomer)
    assert "client id is missing" in said
    assert "TWEETBOT_CLIENT_ID" in said


def test_without_a_secret_it_is_a_public_client(newcomer: Bot) -> None:
    newcomer.environ |= {
        "TWEETBOT_CLIENT_ID": newcomer.x.public_client_id,
        "TWEETBOT_CLIENT_SECRET": "",
    }

    assert log_in(newcomer).code == 0

    assert newcomer.document["client"]["client_secret"] is None
    newcomer.make_due()
    assert newcomer.run("post", "Hello").code == 0
    for request in sent(newcomer.x, "token"):
        assert request.form["client_id"] == newcomer.x.public_client_id
        assert "authorization" not in request.headers
    assert newcomer.x.count("token") == 2


def test_the_secret_can_come_from_a_file(newcomer: Bot, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(newcomer.x.client_secret + "\n")
    newcomer.environ["TWEETBOT_CLIENT_SECRET"] = ""

    assert log_in(newcomer, "--client-secret-file", str(file)).code == 0

    assert newcomer.document["client"]["client_secret"] == newcomer.x.client_secret


def test_the_secret_can_come_from_standard_input(newcomer: Bot, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(newcomer.x.client_secret + "\r\n")
    newcomer.environ["TWEETBOT_CLIENT_SECRET"] = ""

    with file.open("rb") as stdin:
        assert log_in(newcomer, "--client-secret-file", "-", stdin=stdin).code == 0

    assert newcomer.document["client"]["client_secret"] == newcomer.x.client_secret


def test_the_option_wins_over_the_environment(newcomer: Bot) -> None:
    newcomer.environ |= {"TWEETBOT_CLIENT_ID": "another", "TWEETBOT_CLIENT_SECRET": ""}
    assert log_in(newcomer, "--client-id", newcomer.x.public_client_id).code == 0
    assert newcomer.document["client"]["client_id"] == newcomer.x.public_client_id


def test_white_space_around_the_credentials_is_dropped(newcomer: Bot) -> None:
    x = newcomer.x
    newcomer.environ["TWEETBOT_CLIENT_ID"] = f" {x.client_id}\n"
    newcomer.environ["TWEETBOT_CLIENT_SECRET"] = f"{x.client_secret}\n"

    assert log_in(newcomer).code == 0

    client = newcomer.document["client"]
    assert (client["client_id"], client["client_secret"]) == (x.client_id, x.client_secret)


@pytest.mark.parametrize("content", [b"\n", b"two words", "sécret".encode()])
def test_what_cannot_be_a_secret_is_refused_without_repeating_it(
    newcomer: Bot, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    said = stop_before_the_browser(newcomer, "--client-secret-file", str(file))
    assert "--client-secret-file" in said
    assert "two words" not in said
    assert "sécret" not in said


def test_a_secret_file_that_is_not_there_is_named(newcomer: Bot, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    assert str(file) in stop_before_the_browser(newcomer, "--client-secret-file", str(file))


def test_a_wrong_secret_is_a_configuration_error(newcomer: Bot) -> None:
    newcomer.environ["TWEETBOT_CLIENT_SECRET"] = "not-the-secret-of-this-app"
    run = log_in(newcomer)
    assert run.code == 2
    assert "client secret" in run.err
    assert not newcomer.path.exists()


# --- consent -----------------------------------------------------------------------------------


def test_a_denied_consent_ends_the_login_with_the_words_of_x(newcomer: Bot) -> None:
    with newcomer.auth() as auth:
        page = decide(auth.url, "cancel")
        run = auth.end()

    assert CLOSING_WORDS in page.text
    assert run.code == 4
    assert "access_denied" in run.err
    assert newcomer.x.count("token") == 0
    assert not newcomer.path.exists()


def test_the_description_of_a_denial_is_shown_without_control_characters(newcomer: Bot) -> None:
    with newcomer.auth() as auth:
        asked = query_of(auth.url)
        denial = {"error": "server_error", "error_description": "Try \x1b[31mlater."}
        answer = urlencode({**denial, "state": asked["state"]})
        assert visit(f"{asked['redirect_uri']}?{answer}").status_code == 200
        run = auth.end()

    assert run.code == 4
    assert "server_error: Try [31mlater." in run.err


def test_a_wrong_state_does_not_end_the_login(newcomer: Bot) -> None:
    with newcomer.auth() as auth:
        callback = query_of(auth.url)["redirect_uri"]
        for query in ("code=forged&state=wrong", "code=forged", "error=access_denied", ""):
            assert visit(f"{callback}?{query}").status_code == 400
        assert decide(auth.url).status_code == 200
        run = auth.end()

    assert run.code == 0
    assert newcomer.x.count("token") == 1


def test_an_answer_that_never_comes_is_explained(newcomer: Bot) -> None:
    run = newcomer.run("auth", "--no-browser", "--timeout", "1")

    assert run.code == 4
    assert newcomer.environ["TWEETBOT_REDIRECT_URI"] in run.err.splitlines()[-1]
    for cause in ("1 seconds", "callback URL", "client id", "OAuth 2.0", "Read and write"):
        assert cause in run.err.splitlines()[-1]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_wait(newcomer: Bot, number: signal.Signals, code: int) -> None:
    with newcomer.auth() as auth:
        assert auth.url
        auth.process.send_signal(number)
        run = auth.end()
    assert run.code == code
    assert "Traceback" not in run.err


# --- the callback URL --------------------------------------------------------------------------


def test_a_busy_port_is_named_before_the_browser_opens(newcomer: Bot, tmp_path: Path) -> None:
    newcomer.environ["BROWSER"] = str(program(tmp_path, "browser"))
    port = urlsplit(newcomer.environ["TWEETBOT_REDIRECT_URI"]).port
    with socket.create_server(("127.0.0.1", port)):
        said = stop_before_the_browser(newcomer)

    assert f"port {port}" in said
    assert "--redirect-uri" in said
    assert calls(tmp_path) == []


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://127.0.0.1:8910/callback",
        "http://0.0.0.0:8910/callback",
        "http://example.com:8910/callback",
        "http://127.0.0.1/callback",
    ],
)
def test_a_redirect_uri_that_leads_elsewhere_is_refused(newcomer: Bot, redirect_uri: str) -> None:
    assert "The redirect URI" in stop_before_the_browser(newcomer, "--redirect-uri", redirect_uri)


def test_the_redirect_uri_of_the_environment_is_checked_too(newcomer: Bot) -> None:
    newcomer.environ["TWEETBOT_REDIRECT_URI"] = "https://127.0.0.1:8910/callback"
    assert "The redirect URI" in stop_before_the_browser(newcomer)


def test_the_option_names_the_callback_url(newcomer: Bot) -> None:
    redirect_uri = newcomer.take_callback()
    newcomer.environ["TWEETBOT_REDIRECT_URI"] = "http://127.0.0.1:1/not-this-one"
    assert log_in(newcomer, "--redirect-uri", redirect_uri).code == 0
    assert newcomer.document["client"]["redirect_uri"] == redirect_uri


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]"])
def test_localhost_is_reached_by_either_family(newcomer: Bot, address: str) -> None:
    if address == "[::1]" and not has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    redirect_uri = newcomer.take_callback(host="localhost")
    with newcomer.auth() as auth:
        answer = redirect_of(auth.url)
        assert answer.startswith(redirect_uri)
        host = urlsplit(answer).netloc
        there = answer.replace("localhost", address)
        page = visit(there, headers={"Host": host}, follow_redirects=False)
        run = auth.end()

    assert page.status_code == 303
    assert run.code == 0
    assert newcomer.document["client"]["redirect_uri"] == redirect_uri


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


# --- the document ------------------------------------------------------------------------------


@pytest.mark.parametrize("there", ["nothing", "a folder", "a folder that was used"])
def test_a_folder_that_cannot_be_written_stops_the_login_before_the_browser(
    newcomer: Bot, tmp_path: Path, there: str, powerless: Sequence[str]
) -> None:
    newcomer.environ["BROWSER"] = str(program(tmp_path, "browser"))
    closed = tmp_path / "closed"
    closed.mkdir()
    newcomer.folder = closed / "config" if there == "nothing" else closed
    if there == "a folder that was used":
        lock_file(newcomer).close()
    closed.chmod(0o500)

    said = stop_before_the_browser(newcomer, prefix=powerless)

    assert str(newcomer.folder) in said
    assert "TWEETBOT_CONFIG_DIR" in said
    assert calls(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b'{"version": 1}', b'{"version": 2}'])
def test_an_unreadable_profile_is_refused_and_left_as_it_is(newcomer: Bot, content: bytes) -> None:
    newcomer.folder.mkdir(mode=0o700)
    newcomer.path.write_bytes(content)
    before = newcomer.path.stat()

    said = stop_before_the_browser(newcomer)

    assert str(newcomer.path) in said
    assert "--force" in said
    assert newcomer.path.read_bytes() == content
    after = newcomer.path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_force_replaces_an_unreadable_profile_and_keeps_it_as_bad(newcomer: Bot) -> None:
    newcomer.folder.mkdir(mode=0o700)
    newcomer.path.write_bytes(b'{"version": 2}')

    assert log_in(newcomer, "--force").code == 0

    assert newcomer.document["account"]["username"] == "dogfacts"
    assert newcomer.path.with_name("default.json.bad").read_bytes() == b'{"version": 2}'


def test_a_login_again_keeps_what_the_bot_remembers(bot: Bot) -> None:
    old = bot.document["token"]
    memory = {
        "posts": [{"id": "17", "at": 1_700_000_000, "digest": "d1", "theirs": 1}],
        "cursors": {"facts.txt": {"line": 7}},
        "pending": {"text": "Hm", "digest": "d2", "at": 1_700_000_001, "source": None},
        "spend": {"month": "2026-11", "posts": 3, "usd": 0.03, "budget_usd": 5.0},
        "a key of a newer version": ["kept"],
    }
    bot.change(
        **memory,
        client={"label": "kept"},
        account={"label": "kept"},
        token={"label": "kept"},
        last_error={"at": 1, "code": 4, "error": "login-needed", "message": "m", "count": 2},
        moved={"at": 1, "note": ""},
    )

    assert log_in(bot).code == 0

    document = bot.document
    for key, value in memory.items():
        kept = document[key]
        if key == "pending":
            assert kept.pop("cursor") is None
        assert kept == value, key
    assert (document["last_error"], document["moved"]) == (None, None)
    for name in ("client", "account", "token"):
        assert document[name]["label"] == "kept"
    assert document["token"]["access_token"] != old["access_token"]
    assert document["token"]["parent"] is None


def test_a_login_again_needs_no_credentials(bot: Bot) -> None:
    bot.environ |= {"TWEETBOT_CLIENT_ID": "", "TWEETBOT_CLIENT_SECRET": ""}
    before = bot.document["client"]
    assert log_in(bot).code == 0
    assert bot.document["client"] == before | {
        "redirect_uri": bot.environ["TWEETBOT_REDIRECT_URI"],
    }


def test_a_failed_login_leaves_the_document_as_it_was(bot: Bot) -> None:
    before = bot.document
    assert log_in(bot, decision="cancel").code == 4
    assert {**bot.document, **before} == bot.document
    assert bot.run("post", "Hello").code == 0


# --- whose account -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dogfacts", "@DogFacts"])
def test_the_expected_account_is_accepted(newcomer: Bot, name: str) -> None:
    assert log_in(newcomer, "--account", name).code == 0
    assert newcomer.path.exists()


def test_an_account_that_was_not_expected_is_not_saved_and_its_grant_is_withdrawn(
    newcomer: Bot,
) -> None:
    run = log_in(newcomer, "--account", "catfacts")

    assert run.code == 4
    assert "@dogfacts, not @catfacts" in run.err
    assert not newcomer.path.exists()
    assert newcomer.x.count("revoke") == 1
    assert alive(newcomer.x) == set()


def test_a_grant_that_cannot_be_withdrawn_is_told(newcomer: Bot) -> None:
    newcomer.x.fault("revoke", status(503))
    run = log_in(newcomer, "--account", "catfacts")
    assert run.code == 4
    assert "https://x.com/settings/connected_apps" in run.err


def test_a_profile_of_another_account_is_not_replaced(bot: Bot) -> None:
    before = bot.document
    bot.x.account = bot.x.add_account("catfacts")

    run = log_in(bot)

    assert run.code == 2
    assert "@dogfacts" in run.err
    assert "@catfacts" in run.err
    assert "--force" in run.err
    assert {**bot.document, **before} == bot.document
    tokens = {before["token"]["access_token"], before["token"]["refresh_token"]}
    assert alive(bot.x) == tokens


def test_force_replaces_a_profile_of_another_account_and_its_memory(bot: Bot) -> None:
    bot.change(posts=[{"id": "17", "at": 1, "digest": "d"}], cursors={"a": 1})
    bot.x.account = bot.x.add_account("catfacts")

    assert log_in(bot, "--force").code == 0

    assert bot.document["account"]["username"] == "catfacts"
    assert (bot.document["posts"], bot.document["cursors"]) == ([], {})


def second(bot: Bot, **environ: str) -> Bot:
    """Another profile in the folder of `bot`."""
    other = replace(bot, name="second", environ={**bot.environ, **environ})
    other.take_callback()
    return other


# A login here could end that of another profile: X keeps one for an app and an account.

ONE_OF_THEM = [(), ("--account", "@DogFacts")]


@pytest.mark.parametrize("args", ONE_OF_THEM)
def test_a_login_that_would_end_another_profiles_stops_before_the_browser(
    bot: Bot, args: Sequence[str]
) -> None:
    other = second(bot)
    said = stop_before_the_browser(other, "-p", "second", *args)
    assert "The same app serves default (@dogfacts), and X keeps one login" in said
    assert "--force" in said
    assert ("`tweetbot auth -p second --account NAME`" in said) is (not args)
    assert bot.run("renew").code == 0  # nothing was ended


@pytest.mark.parametrize("moved", [None, {"at": 1, "note": "tweetbot export"}])
def test_a_login_stops_too_where_the_other_account_is_not_known_or_lives_elsewhere(
    bot: Bot, moved: dict[str, Any] | None
) -> None:
    bot.change(account=bot.document["account"] if moved else None, moved=moved)
    assert "The same app serves default (" in stop_before_the_browser(second(bot), "-p", "second")


def test_a_login_of_a_bot_is_for_its_own_account_where_one_app_serves_several(bot: Bot) -> None:
    other = second(bot)
    other.write({**bot.document, "account": {"id": "77", "username": "catfacts"}})
    run = log_in(bot)
    assert run.code == 0
    assert "The same app serves second (@catfacts): a login here as that account ends" in run.err
    assert "In the browser, be logged in as @dogfacts." in run.err


def test_an_account_that_is_not_known_has_to_be_named_where_one_app_serves_several(
    bot: Bot,
) -> None:
    second(bot).write({**bot.document, "account": {"id": "77", "username": "catfacts"}})
    bot.change(account=None)
    said = stop_before_the_browser(bot)
    assert "The same app serves second (@catfacts), and" in said
    assert "`tweetbot auth --account NAME`" in said
    assert log_in(bot, "--account", "dogfacts").code == 0


def test_thirty_bots_of_one_app_are_told_once(bot: Bot) -> None:
    for number in range(30):
        account = {"id": f"77{number:02}", "username": f"bot{number:02}"}
        other = replace(bot, name=account["username"])
        other.write({**bot.document, "account": account})
    for args, all_others in (((), 31), (("--account", "dogfacts"), 30)):
        said = bot.run("auth", "-p", "second", "--timeout", "1", *args).err
        assert said.count("The same app serves bot00 (@bot00), bot01 (@bot01)") == 1, said
        assert f"bot02 (@bot02) and {all_others - 3} more" in said
        assert "bot03" not in said


def test_another_account_that_is_named_goes_on_for_one_app_may_serve_several(bot: Bot) -> None:
    bot.x.account = bot.x.add_account("catfacts")
    run = log_in(second(bot), "-p", "second", "--account", "catfacts")
    assert run.code == 0
    assert "The same app serves default (@dogfacts): a login here as that account ends" in run.err
    assert "In the browser, be logged in as @catfacts." in run.err
    assert bot.run("post", "Hello").code == 0


def test_another_app_is_no_matter(bot: Bot) -> None:
    environ = {"TWEETBOT_CLIENT_ID": bot.x.public_client_id, "TWEETBOT_CLIENT_SECRET": ""}
    assert log_in(second(bot, **environ), "-p", "second").code == 0


def test_a_bot_that_was_logged_out_has_nothing_to_end(bot: Bot) -> None:
    bot.change(moved={"at": 1, "note": "tweetbot logout"})
    assert log_in(second(bot), "-p", "second").code == 0


def test_a_profile_takes_its_account_back_by_force_and_keeps_it_without(bot: Bot) -> None:
    other = second(bot)
    bot.change(token={"obtained_at": int(time.time()) - 60})
    assert log_in(other, "-p", "second", "--force").code == 0
    bot.take_callback()
    run = bot.run("auth", "--timeout", "2", "--account", "dogfacts")
    assert (run.code, "The same app serves second" in run.err) == (2, True)
    assert log_in(bot, "--account", "dogfacts", "--force").code == 0
    other.change(token={"obtained_at": int(time.time()) - 60})
    assert log_in(bot).code == 0  # the other's is dead already
    assert bot.run("post", "Hello").code == 0


def test_a_refused_login_says_whose_it_has_ended(bot: Bot) -> None:
    run = log_in(second(bot), "-p", "second", "--account", "catfacts")
    assert run.code == 4
    assert "ended the login of the profile default: run `tweetbot auth -p default`" in run.err
    assert alive(bot.x) == set()


@pytest.mark.parametrize("args", ONE_OF_THEM)
def test_force_allows_a_second_profile_for_the_same_app_and_account(
    bot: Bot, args: Sequence[str]
) -> None:
    other = second(bot)
    run = log_in(other, "-p", "second", "--force", *args)
    assert run.code == 0
    assert "has just ended its login" in run.err
    assert other.run("post", "-p", "second", "Hello").code == 0


@on_a_terminal
def test_a_person_is_asked_whether_the_other_login_may_end(bot: Bot) -> None:
    other = second(bot)
    for answer in (ENTER, "n"):
        with Screen(other, "-p", "second") as screen:
            screen.expect("Go on? [y/N] ")
            screen.type(answer)
            assert screen.end() == 2
        assert bot.x.requests == ()
    with Screen(other, "-p", "second", "--account", "dogfacts") as screen:
        screen.expect("Go on? [y/N] ")
        screen.type("y")
        decide(screen.url())
        assert screen.end() == 0
    assert other.run("post", "-p", "second", "Hello").code == 0


def test_an_unreadable_neighbour_does_not_matter(newcomer: Bot) -> None:
    newcomer.folder.mkdir(mode=0o700)
    (newcomer.folder / "broken.json").write_text("{")
    assert log_in(newcomer, "-p", "default").code == 0


NOT_ENROLLED = body(
    client_id="1",
    title="Client Forbidden",
    reason="client-not-enrolled",
    detail="The app must be attached to a Project.",
    type="https://api.twitter.com/2/problems/client-forbidden",
)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (status(402), "Logged in, but this app cannot post yet: X has no credits left"),
        (status(403, NOT_ENROLLED), "Logged in, but this app cannot post yet: X says that this"),
        (status(503), "X did not say whose account this is"),
        (status(200, b"<html>Please log in to this Wi-Fi</html>"), "X did not say"),
        (Fault("reset"), "X did not say whose account this is"),
    ],
)
def test_the_login_stands_if_x_does_not_say_whose_it_is(
    newcomer: Bot, fault: Fault, words: str
) -> None:
    newcomer.x.fault("me", fault)

    run = log_in(newcomer)

    assert run.code == 0
    assert words in run.err
    assert "@" not in run.out
    assert newcomer.document["account"] is None
    assert newcomer.document["token"]["refresh_token"] in newcomer.x.secrets
    assert newcomer.x.count("revoke") == 0


# --- the token answer --------------------------------------------------------------------------

TOKEN = {"token_type": "bearer", "expires_in": 7200, "access_token": "scripted-secret-a"}
REFRESH = {"refresh_token": "scripted-secret-r"}


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (status(200, body(**TOKEN, scope=SCOPE)), 4, "no refresh token"),
        (status(200, body(**TOKEN, **REFRESH, scope="tweet.read users.read")), 4, "tweet.write"),
        (status(200, b"<html>Please log in to this Wi-Fi</html>"), 6, "cannot be read"),
        (status(200, body(**REFRESH, scope=SCOPE)), 6, "no access token"),
        (status(400), 4, "Value passed for the token was invalid."),
        (status(400, body(error="invalid_grant")), 4, "code"),
        (status(503), 6, "503"),
        (Fault("reset", after=True), 6, "lost"),
    ],
)
def test_a_token_answer_that_is_not_enough_is_refused(
    newcomer: Bot, answer: Fault, code: int, words: str
) -> None:
    newcomer.x.fault("token", answer)

    run = log_in(newcomer)

    assert (run.code, run.out) == (code, "")
    assert words in run.err
    assert "tweetbot auth" in run.err
    assert "scripted-secret" not in run.err
    assert newcomer.x.count("me") == 0
    assert [path.name for path in newcomer.folder.iterdir()] == ["default.json.lock"]


def test_a_code_that_died_of_old_age_is_refused(newcomer: Bot) -> None:
    with newcomer.auth() as auth:
        answer = redirect_of(auth.url)
        newcomer.x.clock = lambda: time.time() + 31
        visit(answer)
        run = auth.end()

    assert run.code == 4
    assert "30 seconds" in run.err
    assert "Value passed for the authorization code was invalid." in run.err
    assert not newcomer.path.exists()


# --- a login beside another run ----------------------------------------------------------------


def test_a_bot_can_post_while_a_login_waits_for_consent(bot: Bot) -> None:
    with bot.auth() as auth:
        assert auth.url
        bot.make_due()
        post = bot.run("post", "Hello", "--wait", "0")
        renewed = bot.document["token"]
        decide(auth.url)
        run = auth.end()

    assert (post.code, run.code) == (0, 0)
    assert bot.document["posts"][-1]["id"] in post.out
    assert bot.document["token"]["access_token"] != renewed["access_token"]
    assert bot.run("post", "Hello again").code == 0


def test_a_login_is_saved_after_the_post_that_is_on_its_way(bot: Bot) -> None:
    bot.x.fault("post", Fault("delay", seconds=1))
    with bot.auth() as auth:
        assert auth.url
        with bot.start("post", "Hello") as post:
            wait_for(lambda: bot.x.count("post") == 1)
            decide(auth.url)
            assert post.poll() is None
            run = auth.end()
            assert post.wait(timeout=10) == 0
            post.communicate()

    assert run.code == 0
    # The login's own: the post did not save the old document over it.
    assert bot.document["client"]["redirect_uri"] == bot.environ["TWEETBOT_REDIRECT_URI"]
    assert bot.document["pending"] is None
    assert len(bot.document["posts"]) == 1
    assert bot.run("post", "Hello again").code == 0


def test_a_login_waits_for_a_run_that_holds_the_lock(bot: Bot) -> None:
    with lock_file(bot) as other_run:
        fcntl.flock(other_run, fcntl.LOCK_EX)
        with bot.auth() as auth:
            assert not is_heard(auth.process, seconds=0.7)
            fcntl.flock(other_run, fcntl.LOCK_UN)
            decide(auth.url)
            assert auth.end().code == 0


def test_a_login_is_saved_under_the_lock_over_what_is_there_by_then(bot: Bot) -> None:
    with lock_file(bot) as other_run, bot.auth() as auth:
        assert auth.url
        fcntl.flock(other_run, fcntl.LOCK_EX)
        decide(auth.url)
        with pytest.raises(subprocess.TimeoutExpired):
            auth.process.wait(timeout=0.7)
        bot.change(cursors={"facts.txt": "moved meanwhile"})
        fcntl.flock(other_run, fcntl.LOCK_UN)
        assert auth.end().code == 0

    assert bot.document["cursors"] == {"facts.txt": "moved meanwhile"}
    assert bot.document["client"]["redirect_uri"] == bot.environ["TWEETBOT_REDIRECT_URI"]


def lock_file(bot: Bot) -> IO[bytes]:
    return bot.path.with_name(f"{bot.name}.json.lock").open("ab")


def is_heard(process: subprocess.Popen[bytes], *, seconds: float) -> bool:
    """Whether `process` says anything on standard error within so many seconds, or ends."""
    assert process.stderr
    return bool(select.select([process.stderr], [], [], seconds)[0])


def wait_for(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# --- on a terminal -----------------------------------------------------------------------------


class Screen:
    """A pseudo-terminal with `tweetbot auth` on it, and all that was ever shown there."""

    def __init__(self, bot: Bot, *args: str) -> None:
        self._all = io.StringIO()
        self._child = pexpect.spawn(
            sys.executable,
            ["-m", "tweetbot", "auth", *args],
            env=bot.variables,
            encoding="utf-8",
            timeout=20,
        )
        self._child.logfile_read = self._all
        self._child.delaybeforesend = None
        self._marker = bot.x.authorize_url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.close(force=True)

    @property
    def text(self) -> str:
        return self._all.getvalue().replace("\r\n", "\n")

    def expect(self, words: str) -> None:
        self._child.expect_exact(words)

    def url(self) -> str:
        """Wait until the address and what follows it are shown."""
        self._child.expect(f"\n({re.escape(self._marker)}[^\r\n]+)\r\n")
        url: str = self._child.match[1]
        self.expect("press Enter")
        return url

    def type(self, line: str) -> None:
        self._child.sendline(line)

    def press(self, key: str) -> None:
        self._child.sendcontrol(key)

    def kill(self) -> None:
        self._child.kill(signal.SIGKILL)
        self._child.wait()

    def end(self) -> int:
        """Wait for the end of the process; returns its exit code."""
        self._child.expect(pexpect.EOF)
        self._child.wait()
        code: int = self._child.exitstatus
        return code


@on_a_terminal
def test_a_first_login_is_led_through_everything(newcomer: Bot) -> None:
    x = newcomer.x
    newcomer.environ |= {"TWEETBOT_CLIENT_ID": "", "TWEETBOT_CLIENT_SECRET": ""}
    with Screen(newcomer) as screen:
        screen.expect("OAuth 2.0 client id: ")
        assert f"\n{newcomer.environ['TWEETBOT_REDIRECT_URI']}\n" in screen.text
        for step in ("console.x.com", "Read and write", "Automated App or Bot", "Pay-per-use"):
            assert step in screen.text
        screen.type(f" {x.client_id} ")
        screen.expect("client secret")
        screen.type(x.client_secret)
        decide(screen.url())
        screen.expect("Logged in as @dogfacts. Is this the bot? [Y/n] ")
        screen.type(ENTER)
        screen.expect("in USD (empty = no limit): ")
        screen.type("five")
        screen.expect("That is no amount")
        screen.expect("in USD (empty = no limit): ")
        screen.type("$2.50")
        assert screen.end() == 0
    assert newcomer.document["spend"]["budget_usd"] == 2.5

    assert "\nLogged in as @dogfacts\n" in screen.text
    for words in (str(newcomer.path), "Automated label", "tweetbot export"):
        assert words in screen.text.partition("Saved in")[2]
    assert_silent(x, screen.text)
    assert newcomer.document["client"]["client_id"] == x.client_id
    assert newcomer.document["client"]["client_secret"] == x.client_secret


@on_a_terminal
def test_no_secret_makes_a_public_client(newcomer: Bot) -> None:
    newcomer.environ |= {
        "TWEETBOT_CLIENT_ID": newcomer.x.public_client_id,
        "TWEETBOT_CLIENT_SECRET": "",
    }
    with Screen(newcomer) as screen:
        screen.expect("client secret")
        screen.type(ENTER)
        decide(screen.url())
        screen.expect("[Y/n] ")
        screen.type("y")
        assert screen.end() == 0
    assert newcomer.document["client"]["client_secret"] is None


@on_a_terminal
def test_a_second_login_asks_for_nothing_that_is_known(bot: Bot) -> None:
    bot.environ |= {"TWEETBOT_CLIENT_ID": "", "TWEETBOT_CLIENT_SECRET": ""}
    with Screen(bot, "--account", "dogfacts") as screen:
        decide(screen.url())
        assert screen.end() == 0
    assert "This profile belongs to @dogfacts." in screen.text
    assert "OAuth 2.0 client" not in screen.text
    assert "[Y/n]" not in screen.text


@on_a_terminal
@pytest.mark.parametrize("answer", ["n", "cat"])
def test_a_login_that_is_not_the_bots_is_withdrawn(newcomer: Bot, answer: str) -> None:
    with Screen(newcomer) as screen:
        decide(screen.url())
        screen.expect("[Y/n] ")
        screen.type(answer)
        assert screen.end() == 4
    assert not newcomer.path.exists()
    assert alive(newcomer.x) == set()


@on_a_terminal
@pytest.mark.parametrize("quoted", [False, True])
def test_the_address_that_the_browser_ended_at_can_be_pasted(newcomer: Bot, quoted: bool) -> None:
    with Screen(newcomer, "--account", "dogfacts") as screen:
        answer = redirect_of(screen.url())
        screen.type(f"'{answer}' " if quoted else answer)
        assert screen.end() == 0
    assert newcomer.document["account"]["username"] == "dogfacts"


@on_a_terminal
def test_the_code_alone_can_be_pasted(newcomer: Bot) -> None:
    with Screen(newcomer, "--account", "dogfacts") as screen:
        screen.type(query_of(redirect_of(screen.url()))["code"])
        assert screen.end() == 0
    assert newcomer.document["account"]["username"] == "dogfacts"


@on_a_terminal
def test_a_pasted_address_with_a_wrong_state_is_refused_and_the_wait_goes_on(newcomer: Bot) -> None:
    with Screen(newcomer, "--account", "dogfacts") as screen:
        url = screen.url()
        answer = redirect_of(url)
        screen.type(answer.replace(query_of(url)["state"], "another"))
        screen.expect("does not carry the state of this login")
        screen.type(ENTER)
        screen.type("hello there")
        screen.expect("Paste the whole address")
        assert newcomer.x.count("token") == 0
        screen.type(answer)
        assert screen.end() == 0
    assert newcomer.document["account"]["username"] == "dogfacts"


@on_a_terminal
def test_a_second_enter_after_a_paste_answers_no_question(newcomer: Bot) -> None:
    with Screen(newcomer) as screen:
        answer = redirect_of(screen.url())
        newcomer.x.fault("me", Fault("delay", seconds=1))
        screen.type(answer)
        wait_for(lambda: newcomer.x.count("token"))
        screen.type(ENTER)
        screen.type(ENTER)
        screen.expect("Is this the bot? [Y/n] ")
        screen.type("n")
        assert screen.end() == 4
    assert not newcomer.path.exists()


@on_a_terminal
def test_a_pasted_denial_ends_the_login(newcomer: Bot) -> None:
    with Screen(newcomer) as screen:
        screen.type(decide(screen.url(), "cancel", follow=False).headers["location"])
        assert screen.end() == 4
    assert "access_denied" in screen.text


@on_a_terminal
def test_ctrl_c_ends_the_wait(newcomer: Bot) -> None:
    with Screen(newcomer) as screen:
        screen.url()
        screen.press("c")
        assert screen.end() == 130
    assert "Interrupted" in screen.text
    assert "Traceback" not in screen.text


@on_a_terminal
def test_ctrl_d_does_not_end_the_wait_for_the_browser(newcomer: Bot) -> None:
    with Screen(newcomer, "--account", "dogfacts") as screen:
        url = screen.url()
        screen.press("d")
        decide(url)
        assert screen.end() == 0


@on_a_terminal
@pytest.mark.parametrize(
    ("question", "key"), [("client id: ", "d"), ("client secret", "c"), ("client secret", "d")]
)
def test_a_question_can_be_left(newcomer: Bot, question: str, key: str) -> None:
    newcomer.environ |= {"TWEETBOT_CLIENT_ID": "", "TWEETBOT_CLIENT_SECRET": ""}
    with Screen(newcomer) as screen:
        screen.expect("client id: ")
        if question == "client secret":
            screen.type("an-id")
            screen.expect(question)
        screen.press(key)
        assert screen.end() == 130
    assert "Traceback" not in screen.text
    assert newcomer.x.requests == ()


@on_a_terminal
def test_while_the_login_lasts_the_browser_that_comes_again_is_answered_again(
    newcomer: Bot,
) -> None:
    with Screen(newcomer) as screen:
        redirect = redirect_of(screen.url())
        assert CLOSING_WORDS in visit(redirect).text
        screen.expect("[Y/n] ")
        time.sleep(1.2)
        assert CLOSING_WORDS in visit(redirect).text
        screen.type(ENTER)
        assert screen.end() == 0


@on_a_terminal
@pytest.mark.parametrize("key", ["c", "d"])
def test_a_login_that_is_left_at_the_last_question_is_withdrawn(newcomer: Bot, key: str) -> None:
    with Screen(newcomer) as screen:
        decide(screen.url())
        screen.expect("[Y/n] ")
        screen.press(key)
        assert screen.end() == 130
    assert "Traceback" not in screen.text
    assert not newcomer.path.exists()
    assert alive(newcomer.x) == set()


@on_a_terminal
def test_without_a_display_no_browser_is_started(newcomer: Bot, tmp_path: Path) -> None:
    for name in TEXT_BROWSERS + GRAPHICAL_BROWSERS:
        program(tmp_path / "bin", name)
    newcomer.environ["PATH"] = str(tmp_path / "bin")
    port = urlsplit(newcomer.environ["TWEETBOT_REDIRECT_URI"]).port
    with Screen(newcomer, "--account", "dogfacts") as screen:
        decide(screen.url())
        assert screen.end() == 0
    assert calls(tmp_path / "bin") == []
    ports = (port, urlsplit(newcomer.x.authorize_url).port)
    forwarded = " ".join(f"-L {port}:127.0.0.1:{port}" for port in ports)
    assert f"  ssh {forwarded} THIS_MACHINE" in screen.text


@on_a_terminal
def test_a_text_browser_is_not_started_on_a_display_either(newcomer: Bot, tmp_path: Path) -> None:
    for name in TEXT_BROWSERS:
        program(tmp_path / "bin", name)
    newcomer.environ |= {"PATH": str(tmp_path / "bin"), "DISPLAY": ":99"}
    with Screen(newcomer, "--account", "dogfacts") as screen:
        decide(screen.url())
        assert screen.end() == 0
    assert calls(tmp_path / "bin") == []
    assert "Opening the browser" not in screen.text


@on_a_terminal
@pytest.mark.parametrize("display", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_a_graphical_browser_is_started_beside_the_printed_address(
    newcomer: Bot, tmp_path: Path, display: str
) -> None:
    program(tmp_path / "bin", "xdg-open")
    newcomer.environ |= {"PATH": str(tmp_path / "bin"), display: "99"}
    with Screen(newcomer, "--account", "dogfacts") as screen:
        url = screen.url()
        wait_for(lambda: calls(tmp_path / "bin"))
        decide(url)
        assert screen.end() == 0
    assert calls(tmp_path / "bin") == [f"xdg-open {url}"]
    assert "ssh -L" not in screen.text


TEXT_BROWSERS = ("w3m", "lynx", "links", "elinks", "www-browser")
GRAPHICAL_BROWSERS = ("xdg-open", "x-www-browser", "firefox", "chromium", "google-chrome")


def program(folder: Path, name: str) -> Path:
    """Put a program into `folder` that writes down how it was called."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho \"{name} $*\" >> '{folder}/calls'\n")
    path.chmod(0o755)
    return path


def calls(folder: Path) -> list[str]:
    """How the programs in `folder` were called."""
    path = folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


# --- afterwards --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("api_url", "is_told"), [(DEFAULT_API_URL, True), ("http://127.0.0.1:8000", False)]
)
def test_what_schedules_the_bot_is_told_last_and_not_in_a_rehearsal(
    bot: Bot, api_url: str, is_told: bool
) -> None:
    settings = read_settings({"TWEETBOT_API_URL": api_url, "HOME": "/"}, profile="news")
    told = next_steps(bot.store.load(), settings, bot.store)
    last = told.splitlines()[-1]
    assert last.startswith("To post by itself: `tweetbot schedule -p news`") == is_told
    assert ("tweetbot schedule" in told) == is_told


def test_a_bot_that_has_posted_is_not_told_what_comes_before_the_first_post(bot: Bot) -> None:
    assert "Before the first post:" in log_in(bot).err
    bot.take_callback()
    assert bot.run("post", "Hello").code == 0
    cure = log_in(bot)
    assert (cure.code, "first post" in cure.err) == (0, False)
    assert f"Saved in {bot.path}." in cure.err


# --- the budget and the lock-out ------------------------------------------------------------


@on_a_terminal
@pytest.mark.parametrize(("answer", "code"), [(ENTER, 0), (CTRL_C, 130)])
def test_no_answer_to_the_budget_is_no_limit(newcomer: Bot, answer: str, code: int) -> None:
    newcomer.environ |= {"TWEETBOT_CLIENT_ID": "", "TWEETBOT_CLIENT_SECRET": ""}
    with Screen(newcomer, "--account", "dogfacts") as screen:
        screen.expect("OAuth 2.0 client id: ")
        screen.type(newcomer.x.public_client_id)
        screen.expect("client secret")
        screen.type(ENTER)
        decide(screen.url())
        screen.expect("in USD (empty = no limit): ")
        screen.press("c") if answer == CTRL_C else screen.type(answer)
        assert screen.end() == code
    assert newcomer.document["spend"]["budget_usd"] is None


def test_an_option_sets_the_budget_and_a_later_login_keeps_it(newcomer: Bot) -> None:
    assert log_in(newcomer, "--budget", "5").code == 0
    assert log_in(newcomer).code == 0
    assert newcomer.document["spend"]["budget_usd"] == 5


def test_a_login_that_is_refused_does_not_lock_the_bot_out(bot: Bot) -> None:
    run = log_in(bot, "--account", "catfacts")
    assert run.code == 4
    assert "stays logged in as @dogfacts" in run.err
    bot.make_due()
    assert bot.run("post", "Hello").code == 0
