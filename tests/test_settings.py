"""Options and variables: what is read, what is refused, and that every fault is named at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tweetbot.errors import ConfigurationError
from tweetbot.settings import (
    DEFAULT_API_URL,
    DEFAULT_AUTHORIZE_URL,
    Settings,
    credential,
    duration,
    profile_name,
    read_settings,
    server_url,
    user_state_dir,
)

FOLDER = {"TWEETBOT_CONFIG_DIR": "/srv/bots"}


def read(profile: str | None = None, **environ: str) -> Settings:
    return read_settings({**FOLDER, **environ}, profile=profile)


def fault(profile: str | None = None, **environ: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(profile, **environ)
    assert caught.value.code == 2
    return str(caught.value)


# --- all of them ----------------------------------------------------------------------------


def test_an_empty_environment_has_every_default() -> None:
    settings = read()
    assert settings == Settings(
        profile="default",
        config_dir=Path("/srv/bots"),
        client_id=None,
        client_secret=None,
        redirect_uri=None,
        api_url="https://api.x.com",
        authorize_url="https://x.com/i/oauth2/authorize",
        check_after=(3, 10),
    )
    assert settings.path == Path("/srv/bots/default.json")


def test_every_variable_is_read() -> None:
    assert read(
        TWEETBOT_PROFILE="dogfacts",
        TWEETBOT_CONFIG_DIR="/srv/my bots",
        TWEETBOT_CLIENT_ID="an-id",
        TWEETBOT_CLIENT_SECRET="a-secret",
        TWEETBOT_REDIRECT_URI="http://localhost:1/cb",
        TWEETBOT_API_URL="http://127.0.0.1:8080",
        TWEETBOT_AUTHORIZE_URL="https://example.com/authorize",
        TWEETBOT_CHECK_AFTER="1",
    ) == Settings(
        profile="dogfacts",
        config_dir=Path("/srv/my bots"),
        client_id="an-id",
        client_secret="a-secret",
        redirect_uri="http://localhost:1/cb",
        api_url="http://127.0.0.1:8080",
        authorize_url="https://example.com/authorize",
        check_after=(1,),
        is_named=True,
    )


@pytest.mark.parametrize(
    "name",
    ["PROFILE", "CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI", "API_URL", "AUTHORIZE_URL"],
)
@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_variable_counts_as_unset(name: str, empty: str) -> None:
    assert read(**{f"TWEETBOT_{name}": empty}) == read()


def test_white_space_around_a_value_is_dropped() -> None:
    settings = read(
        TWEETBOT_PROFILE=" dogfacts\n",
        TWEETBOT_CLIENT_ID="an-id\r\n",
        TWEETBOT_CLIENT_SECRET="\ta-secret\n",
        TWEETBOT_API_URL="https://api.x.com\n",
        TWEETBOT_CHECK_AFTER="1, 2\n",
    )
    assert settings.profile == "dogfacts"
    assert (settings.client_id, settings.client_secret) == ("an-id", "a-secret")
    assert settings.api_url == DEFAULT_API_URL
    assert settings.check_after == (1, 2)


def test_the_option_wins_over_the_variable() -> None:
    assert read("one", TWEETBOT_PROFILE="two").profile == "one"
    assert read("one", TWEETBOT_PROFILE="../two").profile == "one"


def test_every_fault_is_named_at_once() -> None:
    said = fault(
        TWEETBOT_PROFILE="..",
        TWEETBOT_CLIENT_ID="an id",
        TWEETBOT_CLIENT_SECRET="a secret",
        TWEETBOT_API_URL="http://api.x.com",
        TWEETBOT_AUTHORIZE_URL="x.com",
        TWEETBOT_CHECK_AFTER="soon",
    )
    for name in (
        "PROFILE",
        "CLIENT_ID",
        "CLIENT_SECRET",
        "API_URL",
        "AUTHORIZE_URL",
        "CHECK_AFTER",
    ):
        assert said.count(f"TWEETBOT_{name}: ") == 1


def test_a_faulty_secret_is_not_repeated() -> None:
    assert "hunter" not in fault(TWEETBOT_CLIENT_SECRET="hunter 2")
    assert "hunter" not in fault(TWEETBOT_CLIENT_ID="hunter 2")


def test_settings_do_not_show_their_secret() -> None:
    assert "a-secret" not in repr(read(TWEETBOT_CLIENT_SECRET="a-secret"))


# --- one by one -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "0", "Dog.Facts_2-b", "a" * 64, "con"])
def test_a_good_profile_name_is_kept(name: str) -> None:
    assert profile_name(name) == name
    assert read(name).path == Path(f"/srv/bots/{name}.json")


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".a", "-a", "_a", "a/b", "../a", "a\\b", "a b", "a\nb", "é", "a" * 65]
)
def test_a_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="up to 64 letters"):
        profile_name(name)
    assert fault(name).startswith("-p: ")


@pytest.mark.parametrize("text", ["abc", "a-b_c.~:/+=", "!~", " abc", "abc\n", "\r\nabc\t"])
def test_a_credential_is_kept_without_white_space_around_it(text: str) -> None:
    assert credential(text) == text.strip()


@pytest.mark.parametrize("text", ["a b", "a\nb", "a\x00b", "a\x7fb", "schlüssel", "\u200babc"])
def test_a_credential_with_odd_characters_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="white space or characters"):
        credential(text)


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_an_empty_credential_is_called_empty(text: str) -> None:
    with pytest.raises(ValueError, match="it is empty"):
        credential(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.x.com", "https://api.x.com"),
        ("https://api.x.com/", "https://api.x.com"),
        ("https://example.com:8443/x//", "https://example.com:8443/x"),
        ("HTTPS://api.x.com", "HTTPS://api.x.com"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1:1/", "http://127.0.0.1:1"),
        ("http://127.255.0.1", "http://127.255.0.1"),
        ("http://[::1]:9", "http://[::1]:9"),
        ("https://x_y.example./", "https://x_y.example."),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://93.184.215.14/a%20b", "https://93.184.215.14/a%20b"),
    ],
)
def test_a_server_is_https_or_this_machine(text: str, url: str) -> None:
    assert server_url(text) == url
    settings = read(TWEETBOT_API_URL=text, TWEETBOT_AUTHORIZE_URL=text)
    assert (settings.api_url, settings.authorize_url) == (url, url)


@pytest.mark.parametrize(
    "text",
    [
        "api.x.com",
        "//api.x.com",
        "/2",
        "ftp://api.x.com",
        "http://api.x.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.0.0.1@example.com",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://[::2]",
        "https://",
        "https://user@api.x.com",
        "https://user:word@api.x.com",
        "https://:word@api.x.com",
        "https://api.x.com?a=b",
        "https://api.x.com/?",
        "https://api.x.com/#a",
        "https://api x.com",
        "https://api.x.com/\u202e",
        "https://api.x.com:port",
        "https://api.x.com:70000",
        "https://[api",
        "https://☃.net",
        "https://bücher.example",
        "https://x。com",
        "https://[v1.x]",
        "https://[fe80::1%25eth0]",
        "https://999.1.1.1",
        "https://1.2.3",
        "http://127.999.0.1",
        "http://127.0.0.٣",
        "https://api.x.com:٤٤٣",
        "https://api.x.com:0",
        "https://a..b",
        "https://-a.example",
        "https://" + "a" * 64 + ".example",
        "https://" + "a." * 130 + "example",
        "https://a%20b.example",
        "https://api.x.com/☃",
        "https://api.x.com\\a",
        "https://api.x.com/<a>",
    ],
)
def test_any_other_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"it (is|must)"):
        server_url(text)
    assert "TWEETBOT_API_URL: it " in fault(TWEETBOT_API_URL=text)
    assert "TWEETBOT_AUTHORIZE_URL: it " in fault(TWEETBOT_AUTHORIZE_URL=text)


@pytest.mark.parametrize(
    ("text", "pauses"),
    [
        ("", ()),
        (" ", ()),
        ("0", (0,)),
        ("3,10", (3, 10)),
        ("0.5, 2 ,600", (0.5, 2, 600)),
    ],
)
def test_pauses_are_seconds_and_empty_means_never(text: str, pauses: tuple[float, ...]) -> None:
    assert read(TWEETBOT_CHECK_AFTER=text).check_after == pauses


@pytest.mark.parametrize(
    "text", ["soon", "3;10", "3,", ",", "-1", "601", "nan", "inf", "1e9", "3 10"]
)
def test_pauses_that_are_none_are_refused(text: str) -> None:
    assert fault(TWEETBOT_CHECK_AFTER=text).startswith("TWEETBOT_CHECK_AFTER: ")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("45m", 2700), ("36h", 129600), ("7d", 604800), ("0s", 0)]
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "36", "h", "1.5h", "-1h", "1 h", "1w", "1H", "٣h x", "1h30m"])
def test_a_duration_without_a_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="as in 36h"):
        duration(text)


# --- folders --------------------------------------------------------------------------------


def test_the_folder_of_profiles_is_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    folder = read_settings({}).folder
    assert folder.name == "tweetbot"
    assert tmp_path in folder.parents
    state = user_state_dir()
    assert state
    assert state.name == "tweetbot"
    assert tmp_path in state.parents
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_used_as_it_is_given() -> None:
    for text in ("/srv/my bots", "/srv/~bots", "/srv/it's", "/srv/5$"):
        assert read(TWEETBOT_CONFIG_DIR=f" {text} ").config_dir == Path(text)


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        ("~/bots", "~"),
        ("~", "~"),
        ("~bot/x", "~"),
        ("$HOME/bots", "$"),
        ("${HOME}/bots", "$"),
        ("/srv/$USER", "$"),
        ('"/srv/bots"', "quotes"),
        ("'~/bots'", "quotes"),
        ("/srv/bots'", "quotes"),
        ("bots", "absolute"),
        ("./bots", "absolute"),
        ("%h/bots", "absolute"),
    ],
)
def test_a_folder_that_no_shell_has_read_is_a_slip(text: str, slip: str) -> None:
    said = fault(TWEETBOT_CONFIG_DIR=text)
    assert said.startswith("TWEETBOT_CONFIG_DIR: it ")
    assert slip in said
    elsewhere = read_settings({**FOLDER, "XDG_CONFIG_HOME": text})
    assert elsewhere.folder == Path(FOLDER["TWEETBOT_CONFIG_DIR"])
    with pytest.raises(ConfigurationError, match=r"XDG_CONFIG_HOME: it .*TWEETBOT_CONFIG_DIR"):
        _ = read_settings({"XDG_CONFIG_HOME": text}).folder


def test_the_consent_page_is_not_on_the_api_host() -> None:
    assert DEFAULT_AUTHORIZE_URL == "https://x.com/i/oauth2/authorize"
