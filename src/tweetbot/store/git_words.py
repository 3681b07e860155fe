"""What git's words mean: which error, and what mends it, here and in a job of GitHub Actions.

git has one exit status for nearly everything, so its words are read (`LC_ALL=C`). Whatever fits
no row is taken for a fault that passes by itself.
"""

from __future__ import annotations

import re

from tweetbot.errors import ConfigurationError, Temporary, TweetbotError
from tweetbot.foreign import one_line, without_tokens
from tweetbot.store.git_program import DEADLINE, GitFailed
from tweetbot.values import dataclass

_LONGEST = 300  # characters of git's words
_WRITE = "give the job `permissions: contents: write`"


@dataclass(frozen=True)
class _Row:
    """Words of git's, and what they mean."""

    words: str
    error: type[TweetbotError]
    remedy: str
    in_actions: str = ""


# The first that fits. Sources: git 2.39 to 2.55 (builtin/push.c, transport.c, remote-curl.c,
# setup.c, credential.c), OpenSSH 9.2 (sshconnect.c, authfile.c), and what GitHub and GitLab answer.
_ROWS = (
    _Row(
        "cannot lock ref|failed to update ref|stale info|Unable to create '.*\\.lock'",
        Temporary,
        "Run again later.",
    ),
    _Row(
        "dubious ownership",
        ConfigurationError,
        "The folder belongs to somebody else; if that is right, allow it:"
        " git config --global --add safe.directory FOLDER",
    ),
    _Row(
        "not a git repository|Unable to read current working directory",
        ConfigurationError,
        "Run it in a clone; or name the repository by its URL: git:https://HOST/REPOSITORY",
        "actions/checkout has to come before this step.",
    ),
    _Row(
        "No such remote",
        ConfigurationError,
        "`git remote` shows the names that there are; or name the repository by its URL:"
        " git:https://HOST/REPOSITORY",
    ),
    _Row(
        "cannot run |ssh: (command )?not found",
        ConfigurationError,
        "Install ssh (Debian's package is openssh-client); if git is told of another program, by"
        " GIT_SSH_COMMAND or core.sshCommand, look whether it is there.",
    ),
    _Row(
        "Permissions .* are too open|bad permissions",
        ConfigurationError,
        "Let nobody else read the key: chmod 600 KEY",
    ),
    _Row(
        "could not read (Username|Password)|unable to get password from user|Authentication failed"
        "|Invalid username or|returned error: 401|Permission denied \\(|HTTP Basic: Access denied",
        ConfigurationError,
        "git has no access there. See that `git push` works there without a question, by the URL"
        " outside of a clone, too: by a credential helper (git config --global), an ssh key without"
        " a passphrase, or a token in the URL.",
        "Let actions/checkout keep its credentials (no `persist-credentials: false`), and"
        f" {_WRITE}.",
    ),
    _Row(
        "Host key for .* has changed|HOST IDENTIFICATION HAS CHANGED",
        ConfigurationError,
        "It is not the key in known_hosts: ask whoever runs it. If it has a new one, drop the old"
        " one by `ssh-keygen -R HOST`, and connect once by hand with ssh.",
    ),
    _Row(
        "Host key verification failed",
        ConfigurationError,
        "Put the host's key into known_hosts: connect once by hand with ssh.",
    ),
    _Row(
        "[Rr]epository not found|repository '.*' not found|returned error: 404|not exported",
        ConfigurationError,
        "Check its address, and that whoever runs this may see it.",
    ),
    _Row(
        "subject name|target host name|[Hh]ostname mismatch",
        ConfigurationError,
        "Name the server as its certificate does.",
    ),
    _Row(
        "[Cc]ertificate|CAfile|CA cert",
        ConfigurationError,
        "Give git the certificate of the authority that signed it: http.sslCAInfo, GIT_SSL_CAINFO;"
        " if it has that, look at this machine's clock.",
    ),
    _Row(
        "\\b407\\b|[Uu]nsupported proxy",
        ConfigurationError,
        "git's own settings name the proxy, with user and password: http.proxy, https_proxy.",
    ),
    _Row(
        "remote helper|transport '.*' not allowed",
        ConfigurationError,
        "git knows no such kind of address: use https://, ssh:// or a folder.",
    ),
    _Row(
        "returned error: 403|remote rejected|[Pp]ermission|[Dd]enied|(?i:read[- ]only)"
        "|not allowed to (push|write|upload)|not have write access",
        ConfigurationError,
        "Let whoever runs this push there.",
        f"{_WRITE.capitalize()}.",
    ),
    _Row("does not appear to be a git repository", Temporary, "Check its address, or run later."),
)
_CHATTER = re.compile(
    "hint:|To |Done$|error: failed to push some refs|Please make sure|and the"
    "|fatal: Could not read from remote repository|@|IT IS POSSIBLE|Someone could be"
    "|It is (also|required)|Please contact|Add correct|Offending|Permission denied, please"
)
_USER = re.compile(r"(?<=://)[^/@\s]*@")


def refusal(failed: GitFailed, where: str, *, branch: str, in_actions: bool) -> TweetbotError:
    """Return what `failed` means, about the repository shown as `where`.

    `branch` is the store that keeps the documents on branches; empty if this one does.
    """
    if failed.code is None:
        return Temporary(f"{where} did not answer within {DEADLINE:g} s.", "Run again later.")
    words = _words(failed.said)
    row = next((row for row in _ROWS if re.search(row.words, failed.said)), None)
    if row is None or row.error is Temporary:
        remedy = row.remedy if row else "Run again later."
        return Temporary(f"{where} cannot be used now: {words}.", remedy)
    remedy = (in_actions and row.in_actions) or row.remedy
    if "rejected" in failed.said and branch:
        remedy += f" If it takes no refs outside of refs/heads, keep it on a branch: {branch}."
    return row.error(f"{where} refused: {words}.", remedy)


def _words(said: str) -> str:
    """Return what git and the server said, on one line, free of secrets."""
    lines = [line.strip() for line in said.splitlines()]
    told = [line.replace("\t", " ") for line in lines if line and not _CHATTER.match(line)] or lines
    words = without_tokens(one_line(_USER.sub("", "; ".join(told)))).rstrip(".")
    return words if len(words) <= _LONGEST else words[:_LONGEST] + "…"
