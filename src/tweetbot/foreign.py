"""Words that others wrote, before they are shown: X, a gateway, a command, a list, a document.

They reach terminals and the logs of a CI. So what is no printable character is taken out, and
so is what looks like a token: some servers show the secrets of a request, or those of their own
answer. Pure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssl import SSLCertVerificationError

HIDDEN = "[hidden]"

# Zero-width joiner and non-joiner: emoji and several scripts are made of them, terminals are not
# steered by them.
_JOINERS = "\u200c\u200d"
# Expressions are compiled when they are first used: most runs show nobody else's words.
# Tokens are longer (RFC 6749 §10.10 asks for 128 bits); few other words of servers are.
_RUN = r"[A-Za-z0-9_.~+/=:%-]{20,}"
_WORD = (
    r"(?:[A-Z]?[a-z]{1,19}(?:[A-Z][a-z]{2,19}){0,3}[0-9]{0,2}|[A-Z]{1,8}|[0-9]{1,4}|[0-9]{15,19})"
)
# Names such as unauthorized_client, times, the URL of a post.
_WORDS = rf"[./:_-]*{_WORD}(?:[./:_=-]+{_WORD})*[./:_=-]*"
_NUMBER = r"[0-9.,:]{1,24}"  # the id of a post
# What stands behind these names is a secret, whatever it looks like.
_NAMES = "access_token|refresh_token|id_token|client_secret|code_verifier"
_NAMED = rf"(?i)\b({_NAMES})(\\?[\"']?\s*[=:]\s*\\?[\"']?)[^\s\"'&,;<>\\{{}}]{{4,}}"
_SCHEME = r"(?i)\b(bearer|basic)\s+(?=\S*[0-9A-Z=])[^\s\"'<>,;]{8,}"

_AGAINST_RFC_5280 = range(80, 95)  # openssl/x509_vfy.h: what its X509_V_FLAG_X509_STRICT looks for


def printable(text: str) -> str:
    """Return `text` without control characters, bidi controls and line separators.

    Each becomes a space; a line feed stays, for the text's lines are shown as lines.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c == "\n" or c in _JOINERS else " " for c in text)


def one_line(text: str) -> str:
    """Return `text` as a part of a message: printable, on one line, with single spaces.

    A CI would take a line of its own for a command.
    """
    return " ".join(printable(text).split())


def without_tokens(text: str) -> str:
    """Take out whatever looks like a token or stands where one stands."""
    text = re.sub(_SCHEME, rf"\1 {HIDDEN}", re.sub(_NAMED, rf"\1\2{HIDDEN}", text))
    return re.sub(_RUN, _unless_words, text)


def address(url: str, *, whole: bool = False) -> str:
    """Return a URL as a message has it: no user, nothing that looks like a token.

    Unless it has to be `whole`, what follows a `?` stays away: there some have the key of a reader.
    """
    url = one_line(url)
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if not whole:
        path = path.partition("?")[0].partition("#")[0]
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{without_tokens(path)}"


def _unless_words(found: re.Match[str]) -> str:
    run = found[0]
    return run if re.fullmatch(_WORDS, run) or re.fullmatch(_NUMBER, run) else HIDDEN


def against_rfc_5280(error: SSLCertVerificationError) -> str:
    """Return what mends a certificate that Python refuses since 3.13; empty if it is another fault.

    It is `VERIFY_X509_STRICT` in `ssl.create_default_context`: to trust the certificate is no help.
    """
    if error.verify_code not in _AGAINST_RFC_5280:
        return ""
    return (
        "Since version 3.13 Python wants certificates as RFC 5280 has them: whoever made this one,"
        " or its authority's, has to make it anew. Python 3.12 takes it as it is."
    )
