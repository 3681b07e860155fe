"""What a person sees: the frame of every page, the consent page, and X's error page."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from typing import Final

from tweetbot.sandbox.messages import Answer, html_answer

_STYLE = """
:root { color-scheme: light; --line: #dde3e8; --quiet: #5b6b79; --accent: #1b66c4; }
* { box-sizing: border-box; }
body { font: 17px/1.5 system-ui, sans-serif; max-width: 38rem; margin: 0 auto;
       padding: 1.5rem 1rem 3rem; background: #f4f6f8; color: #14191e; }
h1 { font-size: 1.35rem; margin: .5rem 0; }
h1 a { color: inherit; }
a { color: var(--accent); text-decoration: none; }
a:hover, a:focus { text-decoration: underline; }
.quiet, a.quiet { color: var(--quiet); font-size: .88em; }
.card { background: #fff; border: 1px solid var(--line); border-radius: 14px;
        padding: 1rem 1.2rem; margin: 0 0 1rem; }
.post { position: relative; padding-left: 3.4rem; }
.post + .post { margin-top: 1.3rem; }
.here { background: #e9f2fd; box-shadow: 0 0 0 .5rem #e9f2fd; border-radius: 6px; }
.goes-on::before { content: ""; position: absolute; left: 1.2rem; top: 2.9rem;
        bottom: -1rem; width: 2px; background: var(--line); }
.post p { margin: .2rem 0; }
.head { line-height: 1.3; }
.head a { white-space: nowrap; }
.place { float: right; color: var(--quiet); font-size: .82em; }
.face { position: absolute; left: 0; top: 0; width: 2.5rem; height: 2.5rem; line-height: 2.5rem;
        border-radius: 50%; text-align: center; font-weight: 600; color: #fff; }
.c0 { background: #1b66c4; } .c1 { background: #94570b; } .c2 { background: #19734d; }
.c3 { background: #8b3fa8; } .c4 { background: #b03060; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
.media { display: grid; gap: .6rem; margin: .6rem 0; }
.of2, .of3, .of4 { grid-template-columns: 1fr 1fr; }
.of3 figure:first-child { grid-column: 1 / 3; }
figure { margin: 0; position: relative; }
figure img { display: block; max-width: 100%; height: auto; max-height: 30rem; width: auto;
        border-radius: 10px; border: 1px solid var(--line); background: #eef1f4; }
.of2 img, .of3 img, .of4 img { width: 100%; aspect-ratio: 4 / 3; object-fit: cover; }
.of3 figure:first-child img { aspect-ratio: 16 / 9; }
.video { aspect-ratio: 16 / 9; display: grid; place-content: center; justify-items: center;
        border-radius: 10px; background: #1d252d; color: #e8edf2; font-size: .88em; }
.play { font-size: 2.4rem; line-height: 1.3; }
.alt { color: var(--quiet); font-size: .82em; line-height: 1.35; margin-top: .25rem;
        overflow-wrap: anywhere; }
.alt b { color: #14191e; border: 1px solid var(--line); border-radius: 4px; padding: 0 .25rem;
        font-size: .85em; }
.alt.none { color: #a33c00; }
.poll { list-style: none; padding: 0; margin: .6rem 0 .3rem; }
.poll li { display: flex; justify-content: space-between; border: 1px solid var(--line);
        border-radius: 8px; padding: .35rem .8rem; margin: 0 0 .4rem; background: #f4f6f8; }
.poll span { color: var(--quiet); }
.label { display: inline-block; border: 1px solid var(--line); border-radius: 99px;
        padding: 0 .6rem; margin: .3rem .4rem 0 0; font-size: .82em; color: var(--quiet); }
@media (max-width: 30rem) {
        body { padding: 1rem .6rem 2rem; }
        .card { padding: .8rem .9rem; }
        .post { padding-left: 2.6rem; }
        .face { width: 2rem; height: 2rem; line-height: 2rem; font-size: .85em; }
        .goes-on::before { left: .95rem; top: 2.4rem; }
}
button { font: inherit; font-weight: 600; border-radius: 99px; padding: .5rem 1.4rem;
         border: 1px solid var(--line); background: none; color: inherit; cursor: pointer; }
#authorize { background: var(--accent); border-color: var(--accent); color: #fff; }
"""
# Nothing but this style and our own pictures; a consent page's form may end at an app's address.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'",
        "img-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def page_answer(status: int, html: str, *, note: str = "") -> Answer:
    """Return a page that can do nothing but be looked at, and send its own form."""
    return html_answer(status, html, note=note).having({"content-security-policy": _POLICY})


def consent(*, app: str, username: str, scopes: Sequence[str], nonce: str) -> str:
    """Ask the account that is logged in whether the app may."""
    items = "".join(f"<li>{escape(scope)}</li>" for scope in scopes)
    return page(
        "Authorize app",
        f"""<div class="card">
<h1>{escape(app)} wants to access your account</h1>
<p>You are logged in as <strong>@{escape(username)}</strong>.</p>
<p>The app will be able to:</p>
<ul>{items}</ul>
<form method="post" action="/i/oauth2/authorize">
<input type="hidden" name="nonce" value="{escape(nonce)}">
<button id="authorize" name="decision" value="authorize">Authorize app</button>
<button id="cancel" name="decision" value="cancel">Cancel</button>
</form>
</div>""",
    )


def no_access() -> str:
    """Say what X says for every fault in an authorization request; it never says which."""
    return page(
        "Something went wrong",
        """<div class="card">
<h1>Something went wrong</h1>
<p>You weren't able to give access to the App. Go back and try logging in again.</p>
</div>""",
    )


def page(title: str, body: str, *, head: str = "") -> str:
    """Return a whole page; no script may run in it, and nothing comes from elsewhere."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{head}
<title>{escape(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
{body}
<p class="quiet">This is a rehearsal on your own machine, not x.com.</p>
</body>
</html>
"""
