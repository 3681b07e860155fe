"""A certificate that is not accepted: whose, why, and what to look at."""

from __future__ import annotations

import os
import ssl
import time

from tweetbot.errors import ConfigurationError
from tweetbot.foreign import against_rfc_5280, one_line

_OTHERS_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


def certificate_fault(error: BaseException, whose: str) -> ConfigurationError | None:
    """Return what to raise if a certificate is behind `error`; it does not mend itself.

    `whose` is X, or a proxy.
    """
    cause: BaseException | None = error
    while not isinstance(cause, ssl.SSLCertVerificationError):
        if cause is None:
            return None
        cause = cause.__cause__ or cause.__context__
    why = one_line(cause.verify_message).rstrip(".")
    return ConfigurationError(
        f"The certificate of {whose} is not accepted: {why}.",
        against_rfc_5280(cause) or _remedy(why),
    )


def _remedy(why: str) -> str:
    if "expired" in why or "not yet valid" in why:
        today = time.strftime("%Y-%m-%d %H:%M", time.localtime())
        return f"This machine's clock says {today}, and a wrong clock is the usual cause."
    if "mismatch" in why:
        return (
            "Somebody else answers there: check TWEETBOT_API_URL, the proxy, and whether this"
            " network asks for a login first."
        )
    remedy = "Let SSL_CERT_FILE name a file with the certificates to trust (a company's, say)"
    if any(os.environ.get(name) for name in _OTHERS_CERTIFICATES):
        remedy += "; REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE are not read here"
    return f"{remedy}."
