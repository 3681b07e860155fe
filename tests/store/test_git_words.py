"""What passes by itself and what a person has to mend, in the words of git and of Redis."""

from __future__ import annotations

from ssl import SSLCertVerificationError

import pytest

from tweetbot.errors import ConfigurationError, Temporary, TweetbotError
from tweetbot.store.git_program import GitFailed
from tweetbot.store.git_words import refusal
from tweetbot.store.redis_errors import meaning
from tweetbot.x.certificates import certificate_fault

ACCESS = "fatal: unable to access 'https://git.example/x.git/': "
TOKEN = "dG9rZW4tMTIzNDU2Nzg5MDEyMzQ1Njc4OTA"


# As git 2.39 to 2.55 say it, with GnuTLS and with OpenSSL.
@pytest.mark.parametrize(
    ("said", "error", "advice"),
    [
        ("server certificate verification failed. CAfile: none", ConfigurationError, "sslCAInfo"),
        ("SSL certificate problem: certificate has expired", ConfigurationError, "clock"),
        ("Problem with the SSL CA cert (path? access rights?)", ConfigurationError, "sslCAInfo"),
        ("error setting certificate file: /nope.pem", ConfigurationError, "sslCAInfo"),
        (
            "SSL: certificate subject name (a) does not match target host name 'b'",
            ConfigurationError,
            "as its certificate does",
        ),
        (
            "SSL: no alternative certificate subject name matches target host name 'b'",
            ConfigurationError,
            "as its certificate does",
        ),
        ("Received HTTP code 407 from proxy after CONNECT", ConfigurationError, "http.proxy"),
        ("CONNECT tunnel failed, response 407", ConfigurationError, "http.proxy"),
        ("CONNECT tunnel failed, response 403", Temporary, "later"),
        ("Could not resolve host: git.example", Temporary, "later"),
        ("Failed to connect to git.example port 443: Connection refused", Temporary, "later"),
    ],
)
def test_a_certificate_of_the_git_server_is_a_person_s_to_mend(
    said: str, error: type[TweetbotError], advice: str
) -> None:
    failed = GitFailed(128, ACCESS + said)
    found = refusal(failed, "git:origin", branch="", in_actions=False)
    assert (type(found), advice in found.remedy) == (error, True), found
    assert "git:origin" in found.happened


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", 2),
        ("fatal: unable to get password from user", 2),  # since 2.47
        ("sh: 1: ssh: not found", 2),
        ("ERROR: The key you are authenticating with has been marked as read only.", 2),
        ("remote: GitLab: You are not allowed to push code to this project.", 2),
        ("ERROR: This deploy key does not have write access to this project.", 2),
        ("kex_exchange_identification: Connection closed by remote host", 6),
        ("ssh: connect to host h port 22: No route to host", 6),
    ],
)
def test_whom_git_does_not_let_in_a_person_lets_in(said: str, error: int) -> None:
    last = "\nfatal: Could not read from remote repository."
    found = refusal(GitFailed(128, said + last), "git:origin", branch="", in_actions=False)
    assert (found.code, said.rstrip(".") in found.happened) == (error, True), found
    assert "Could not read" not in found.happened


def test_a_server_that_gives_no_reason_is_told_in_git_s_words() -> None:
    failed = GitFailed(128, "fatal: Could not read from remote repository.\n")
    found = refusal(failed, "git:origin", branch="", in_actions=False)
    assert "Could not read from remote" in found.happened


@pytest.mark.parametrize(("code", "is_old"), [(19, False), (80, True), (85, True), (94, True)])
def test_to_trust_a_certificate_of_the_old_kind_is_no_cure(code: int, is_old: bool) -> None:
    """Python 3.13 looks whether it keeps to RFC 5280; 19 is a self-signed authority."""
    error = SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "Missing Authority Key Identifier"
    at_x, place = certificate_fault(error, "X"), "rediss://h"
    in_redis = meaning(error, place, is_away=True, said="", url=place, named="--to")
    for found, trusting in ((at_x, "SSL_CERT_FILE"), (in_redis, "ssl_ca_certs")):
        assert found
        assert "is not accepted: Missing Authority" in found.happened
        assert ("make it anew" in found.remedy) == is_old
        assert (trusting in found.remedy) != is_old


def test_what_redis_says_cannot_steer_and_shows_no_token() -> None:
    said = f"ERR good \x1b[2J\n::add-mask::x refresh_token={TOKEN}"
    place = "redis://h"
    found = meaning(Exception(said), place, is_away=False, said=said, url=place, named="--to")
    assert found.happened.startswith("redis://h refused: ERR good")
    assert found.happened.isprintable()
    assert TOKEN not in str(found)
