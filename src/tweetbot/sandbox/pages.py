"""What a person sees: the consent page, X's error page, and the timeline."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from html import escape

from tweetbot.sandbox.timeline import Post

_STYLE = """
:root { color-scheme: light dark; }
body { font: 17px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem; }
.card { border: 1px solid #8886; border-radius: 14px; padding: 1rem 1.4rem; margin: 0 0 1rem; }
.quiet { color: #888; font-size: .88em; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0; }
button { font: inherit; font-weight: 600; border-radius: 99px; padding: .5rem 1.4rem;
         border: 1px solid #8886; background: none; color: inherit; cursor: pointer; }
#authorize { background: #1d6fd1; border-color: #1d6fd1; color: #fff; }
"""


def consent(*, app: str, username: str, scopes: Sequence[str], nonce: str) -> str:
    """Ask the account that is logged in whether the app may."""
    items = "".join(f"<li>{escape(scope)}</li>" for scope in scopes)
    return _page(
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
    return _page(
        "Something went wrong",
        """<div class="card">
<h1>Something went wrong</h1>
<p>You weren't able to give access to the App. Go back and try logging in again.</p>
</div>""",
    )


def timeline(posts: Iterable[tuple[Post, str]]) -> str:
    """Show posts, each with the username of its account, in the order given."""
    cards = "\n".join(_card(post, username) for post, username in posts)
    return _page(
        "The local X",
        f"<h1>The local X</h1>\n{cards or '<p>Nothing was posted yet.</p>'}",
        head='<meta http-equiv="refresh" content="2">',
    )


def _card(post: Post, username: str) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(post.at))
    link = f"/{escape(username)}/status/{escape(post.id)}"
    return f"""<article class="card"><strong>@{escape(username)}</strong>
<p class="text">{escape(post.sent_text)}</p>
<a class="quiet" href="{link}">{at}</a></article>"""


def _page(title: str, body: str, *, head: str = "") -> str:
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
