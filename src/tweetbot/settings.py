"""Options and environment, read once into one frozen value."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from tweetbot.errors import ConfigurationError
from tweetbot.values import dataclass

DEFAULT_PROFILE = "default"
DEFAULT_REDIRECT_URI = "http://127.0.0.1:8910/callback"
DEFAULT_API_URL = "https://api.x.com"
# Not api.x.com/2/oauth2/authorize, which X's OpenAPI document alone names
# (docs.x.com, fundamentals/authentication/oauth-2-0/user-access-token).
DEFAULT_AUTHORIZE_URL = "https://x.com/i/oauth2/authorize"
DEFAULT_CHECK_AFTER = "3,10"

_T = TypeVar("_T")
_PROFILE_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
# RFC 6749 appendix A.1, A.2: VSCHAR; a space inside one is always a slip.
_CREDENTIAL = r"[\x21-\x7e]+"
_LOOPBACK_HOST = r"localhost|127(\.[0-9]{1,3}){3}|::1"
_URL = r"[!#-;=?-\[\]_a-z~]+"  # RFC 3986 §2: what a URL can hold
_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"  # of a host's name, RFC 1123 §2.1


@dataclass(frozen=True)
class Settings:
    """What the options and the environment say; checked, with the defaults filled in.

    `check_after` holds the pauses, in seconds, before each look at the timeline. `is_named` says
    whether the option or the variable named the profile; if not, it is the default. `no_folder`
    says why there is no `config_dir`, for whoever needs it.
    """

    profile: str
    config_dir: Path | None
    client_id: str | None
    client_secret: str | None = field(repr=False)
    redirect_uri: str | None
    api_url: str
    authorize_url: str
    check_after: tuple[float, ...]
    is_named: bool = False
    no_folder: str = ""

    @property
    def path(self) -> Path:
        """The profile's document, as the person knows it (a symbolic link stays one)."""
        return self.folder / f"{self.profile}.json"

    @property
    def folder(self) -> Path:
        """The folder of the documents; raises `ConfigurationError` if there is no home for it."""
        if self.config_dir is None:
            raise ConfigurationError(self.no_folder)
        return self.config_dir


def read_settings(environ: Mapping[str, str], *, profile: str | None = None) -> Settings:
    """Read the variables of `environ`; `profile` is the option, which wins.

    An empty variable counts as unset, except `TWEETBOT_CHECK_AFTER`, where empty means "never
    look". Raises `ConfigurationError` that names every fault at once.
    """
    faults: list[str] = []

    def read(name: str, parse: Callable[[str], _T], default: _T) -> _T:
        text = environ.get(name, "").strip()
        try:
            return parse(text) if text else default
        except ValueError as fault:
            option = profile is not None and name == "TWEETBOT_PROFILE"
            faults.append(f"{'-p' if option else name}: {fault}.")
            return default

    if profile is not None:
        environ = {**environ, "TWEETBOT_PROFILE": profile or "?"}
    given = read("TWEETBOT_CONFIG_DIR", folder, None)
    usual = _user_config_dir(environ) if given is None else given
    settings = Settings(
        profile=read("TWEETBOT_PROFILE", profile_name, DEFAULT_PROFILE),
        config_dir=usual if isinstance(usual, Path) else None,
        no_folder=usual if isinstance(usual, str) else "",
        client_id=read("TWEETBOT_CLIENT_ID", credential, None),
        client_secret=read("TWEETBOT_CLIENT_SECRET", credential, None),
        redirect_uri=read("TWEETBOT_REDIRECT_URI", str, None),
        api_url=read("TWEETBOT_API_URL", server_url, DEFAULT_API_URL),
        authorize_url=read("TWEETBOT_AUTHORIZE_URL", server_url, DEFAULT_AUTHORIZE_URL),
        check_after=read("TWEETBOT_CHECK_AFTER", _pauses, ())
        if "TWEETBOT_CHECK_AFTER" in environ
        else _pauses(DEFAULT_CHECK_AFTER),
        is_named=bool(environ.get("TWEETBOT_PROFILE", "").strip()),
    )
    if faults:
        raise ConfigurationError(" ".join(faults))
    return settings


def is_profile_name(text: str) -> bool:
    """Whether `text` can name a profile."""
    return bool(re.fullmatch(_PROFILE_NAME, text))


def profile_name(text: str) -> str:
    """Return `text` if it can name a profile; it becomes part of a file's name."""
    if not is_profile_name(text):
        raise ValueError(
            "a profile's name is up to 64 letters, digits, dots, dashes and underscores, "
            "and begins with a letter or digit"
        )
    return text


def credential(text: str) -> str:
    """Return a client id or secret without the white space around it.

    A newline at the end of a secret makes X answer "Missing valid authorization header".
    """
    if not text.strip():
        raise ValueError("it is empty")
    if not re.fullmatch(_CREDENTIAL, text.strip()):
        raise ValueError("it contains white space or characters that X never uses")
    return text.strip()


def duration(text: str) -> float:
    """Read a time span such as 90s, 45m, 36h or 7d; returns seconds."""
    match = re.fullmatch(r"(\d{1,9})([smhd])", text.strip())
    if not match:
        raise ValueError("it must be a number with s, m, h or d behind it, as in 36h")
    return int(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]


_QUOTES = "\"'"


def folder(text: str) -> Path:
    """Return the folder that `text` names; no shell has been there, and cron stands anywhere."""
    if text[0] in _QUOTES or (text[-1] in _QUOTES and text.count(text[-1]) % 2):
        raise ValueError("it has quotes in it; write it without them")
    if text.startswith("~") or re.search(r"\$[{(A-Za-z_]", text):
        raise ValueError("it has a ~ or $ in it that nothing replaces here; write it out")
    if not Path(text).is_absolute():
        raise ValueError("it must be an absolute path; else it leads wherever the scheduler stands")
    return Path(text)


def server_url(text: str) -> str:
    """Return `text` without a slash at its end; https, or http for loopback hosts alone."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError("it is no URL") from error
    plain = parts.scheme == "http" and re.fullmatch(_LOOPBACK_HOST, parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or plain):
        raise ValueError("it must be an https:// URL (http:// for loopback hosts alone)")
    if "@" in parts.netloc or set("?# ") & set(text) or not text.isprintable():
        raise ValueError("it must have no user, query or fragment")
    if not _is_host(parts.hostname, parts.netloc) or port == 0 or not re.fullmatch(_URL, text):
        raise ValueError("it must have a host that can be one, in ASCII (xn--…), and a path so")
    return text.rstrip("/")


def _is_host(host: str, netloc: str) -> bool:
    """Whether `host`, in lower case, can be an address or a name."""
    labels = host.removesuffix(".").split(".")
    if "[" in netloc or re.fullmatch("[0-9]+", labels[-1]):
        import ipaddress

        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return "%" not in host  # an address of one network card is no server's
    return len(host) <= 253 and all(re.fullmatch(_LABEL, label) for label in labels)


def _pauses(text: str) -> tuple[float, ...]:
    try:
        pauses = tuple(float(pause) for pause in text.split(","))
    except ValueError as error:
        raise ValueError('it must be seconds, as in "3,10"') from error
    if not all(0 <= pause <= 600 for pause in pauses):
        raise ValueError("each pause must be from 0 to 600 seconds")
    return pauses


def user_state_dir() -> Path | None:
    """Return the folder for what has no better place; `None` if there is no home folder."""
    import platformdirs

    return _at_home(lambda: platformdirs.user_state_dir("tweetbot", appauthor=False))


def _user_config_dir(environ: Mapping[str, str]) -> Path | str:
    """Return the user's folder for tweetbot, or why there is none.

    What no shell has read is passed over by some versions of platformdirs and used by others; in
    either case the bots would lie elsewhere than the person thinks.
    """
    import platformdirs  # late: 25 ms that TWEETBOT_CONFIG_DIR saves

    base = environ.get("XDG_CONFIG_HOME", "").strip()
    if base and sys.platform != "win32":
        try:
            folder(base)
        except ValueError as fault:
            return f"XDG_CONFIG_HOME: {fault}. Or set TWEETBOT_CONFIG_DIR."
    found = _at_home(lambda: platformdirs.user_config_dir("tweetbot", appauthor=False))
    return found or "There is no home folder. Set TWEETBOT_CONFIG_DIR."


def _at_home(find: Callable[[], str]) -> Path | None:
    """Return a folder of this user; neither HOME nor the password database may have one."""
    try:
        found = Path(find())
    except RuntimeError:
        return None
    return found if found.is_absolute() else None
