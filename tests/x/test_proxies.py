"""Which proxy a request goes through, told by the variables as curl reads them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tweetbot.errors import ConfigurationError
from tweetbot.x.proxies import proxy_for

X = "https://api.x.com/2/tweets"
PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, "proxy:3128"),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, "proxy:3128"),
        ({"https_proxy": "", "HTTPS_PROXY": PROXY}, "proxy:3128"),
        ({"ALL_PROXY": "socks5h://proxy"}, "proxy:1080"),
        ({"ALL_PROXY": "http://other:1", "https_proxy": PROXY}, "proxy:3128"),
        ({"HTTPS_PROXY": "proxy:3128"}, "proxy:3128"),
        ({"HTTPS_PROXY": "http://user:word@[fd00::1]:8"}, "[fd00::1]:8"),
        ({"HTTPS_PROXY": "https://proxy"}, "proxy:443"),
        ({"HTTPS_PROXY": "http://proxy"}, "proxy:1080"),
        ({"HTTP_PROXY": PROXY, "http_proxy": PROXY}, None),
    ],
)
def test_the_variables_mean_what_they_mean_to_curl(
    environ: dict[str, str], address: str | None
) -> None:
    proxy = proxy_for(X, environ)
    assert (proxy and proxy.address) == address
    assert "word" not in repr(proxy)


@pytest.mark.parametrize(
    ("host", "no_proxy", "is_exempt"),
    [
        ("api.x.com", "*", True),
        ("api.x.com", "x.com", True),
        ("api.x.com", ".x.com", True),
        ("api.x.com", "a.b, X.COM.", True),
        ("api.x.com", "localhost 127.0.0.1 x.com", True),
        ("api.x.com", "pi.x.com", False),
        ("api.x.com", "*.x.com", False),
        ("api.x.com", "fd07::/64,[::1],127.0.0.0/8,10.0.0.0/99,,.", False),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "2.3", False),
        ("10.1.2.3", "fd00::/8", False),
        ("[fd07::5]", "fd07::/64", True),
        ("[fd07::5]", "[fd07::5]", True),
        ("[fd07::5]", "[fd07::]/64", True),
        ("[fd07::5]", "fd08::/64", False),
        ("localhost", "", True),
        ("127.1.2.3", "", True),
        ("[::1]", "", True),
    ],
)
def test_no_proxy_takes_names_by_suffix_and_addresses_by_network(
    host: str, no_proxy: str, is_exempt: bool
) -> None:
    environ = {"HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}
    assert (proxy_for(f"https://{host}:8443/2", environ) is None) == is_exempt


@pytest.mark.parametrize(
    "value", ["ftp://proxy", "http://", "http://proxy:port", "http://pröxy", "http://[::1", "a\nb"]
)
def test_what_is_no_proxy_is_named_by_its_variable(value: str) -> None:
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY"):
        proxy_for(X, {"HTTPS_PROXY": value})
    assert proxy_for("http://127.0.0.1:1", {"HTTPS_PROXY": value, "http_proxy": value}) is None


def test_a_missing_socks_package_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "socksio.py").write_text("raise ImportError")
    script = "from tweetbot.cli import main; main()"
    environ = {
        "PYTHONPATH": str(tmp_path),
        "TWEETBOT_CONFIG_DIR": str(tmp_path),
        "ALL_PROXY": "socks5://user:pass-word@127.0.0.1:1080",
    }
    run = subprocess.run(
        [sys.executable, "-c", script, "renew"], env=environ, capture_output=True, text=True
    )
    assert run.returncode == 2, run.stderr
    assert "pass-word" not in run.stderr
    for command in ("pip install", "pipx install", "uv tool install"):
        assert f"{command}" in run.stderr
    assert run.stderr.count("tweetbot-cli[socks]") == 3
