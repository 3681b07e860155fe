"""What is wrong with a certificate, in words that say what to look at."""

from __future__ import annotations

import os
import re
import time

_OTHERS_CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

_CERTIFICATE = re.compile(r"certificate verify failed: (?P<why>[^(]+?)\s*(\(_ssl|$)")
_CLOCK = ("expired", "not yet valid")


def certificate_cause(said: str) -> str:
    """Say what to look at where a certificate is refused; else the library's words."""
    found = _CERTIFICATE.search(said)
    if not found:
        return said
    why = found["why"].rstrip(".")
    if any(word in why for word in _CLOCK):
        today = time.strftime("%Y-%m-%d %H:%M", time.localtime())
        return (
            f"its certificate is not accepted ({why}); this machine's clock says {today}, and a"
            " wrong clock is the usual cause"
        )
    hint = "SSL_CERT_FILE names a file with the certificates to trust"
    if any(os.environ.get(name) for name in _OTHERS_CERTIFICATES):
        hint += "; REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE are not read here"
    return f"its certificate is not accepted ({why}); {hint}"
