"""What a person sees of the posts: threads, polls, pictures with their alt texts, labels."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from tweetbot.sandbox.creation import Poll
from tweetbot.sandbox.links import LINK
from tweetbot.sandbox.media import Media
from tweetbot.sandbox.pages import page
from tweetbot.sandbox.threads import Part, Thread
from tweetbot.sandbox.timeline import Post

_COLOURS: Final = 5
_MAY_REPLY: Final = {
    "following": "Accounts that @{} follows can reply",
    "mentionedUsers": "Accounts that are mentioned can reply",
    "subscribers": "Subscribers of @{} can reply",
    "verified": "Verified accounts can reply",
}

Naming = Callable[[str], str]


def timeline_page(threads: Sequence[Thread], *, name_of: Naming) -> str:
    """Show every thread, and look again every other second."""
    posts = sum(map(len, threads))
    count = "Nothing was posted yet." if not posts else f"{posts} post{'s' * (posts > 1)}."
    return page(
        "The local X",
        f'<h1>The local X</h1>\n<p class="quiet">{count}</p>\n{_all(threads, name_of)}',
        head='<meta http-equiv="refresh" content="2">',
    )


def post_page(threads: Sequence[Thread], post_id: str, *, name_of: Naming) -> str:
    """Show the thread that a post stands in."""
    shown = _all(threads, name_of, here=post_id) or "<p>There is no such post.</p>"
    return page("A post", f'<h1><a href="/">The local X</a></h1>\n{shown}')


def _all(threads: Sequence[Thread], name_of: Naming, *, here: str = "") -> str:
    return "\n".join(_thread(thread, name_of, here) for thread in threads)


def _thread(thread: Thread, name_of: Naming, here: str) -> str:
    label = f' aria-label="A thread of {len(thread)} posts"' if len(thread) > 1 else ""
    here = here if label else ""
    following = [*(part.answers is None for part in thread[1:]), False]
    parts = "\n".join(
        _part(
            part,
            name_of(part.post.account_id),
            place=f"{number}/{len(thread)}" if label else "",
            kinds=["post", *["goes-on"] * goes_on, *["here"] * (here == part.post.id)],
        )
        for number, (part, goes_on) in enumerate(zip(thread, following, strict=True), 1)
    )
    return f'<section class="card thread"{label}>\n{parts}\n</section>'


def _part(part: Part, username: str, *, place: str, kinds: Sequence[str]) -> str:
    post, name = part.post, escape(username)
    at = time.strftime("%d %b, %H:%M:%S", time.localtime(post.at))
    place = f' <span class="place">{place}</span>' if place else ""
    colour = sum(map(ord, username)) % _COLOURS
    return f"""<article class="{" ".join(kinds)}" id="p{post.id}">
<span class="face c{colour}" aria-hidden="true">{name[:1].upper()}</span>
<p class="head"><strong>@{name}</strong> <a class="quiet" href="/{name}/status/{post.id}">\
<time>{at}</time></a>{place}</p>
{_answers(part)}{_text(post)}{_media(post)}{_poll(post)}{_notes(post, name)}</article>"""


def _answers(part: Part) -> str:
    """Name what a post answers where that is not the one right above."""
    if part.answers is None:
        return ""
    if isinstance(part.answers, str):
        return '<p class="quiet">Answers a post that is gone.</p>\n'
    begin = part.answers.sent_text[:60]
    return f'<p class="quiet">Answers <a href="#p{part.answers.id}">“{escape(begin)}”</a></p>\n'


def _text(post: Post) -> str:
    return f'<p class="text">{_linked(post.sent_text)}</p>\n' if post.sent_text else ""


def _linked(text: str) -> str:
    """Return the text with its links to be followed."""
    pieces, end = [], 0
    for link in LINK.finditer(text):
        address = escape(link[0])
        pieces += [escape(text[end : link.start()]), f'<a href="{address}">{address}</a>']
        end = link.end()
    return "".join([*pieces, escape(text[end:])])


def _media(post: Post) -> str:
    if not post.media:
        return ""
    figures = "\n".join(map(_figure, post.media))
    return f'<div class="media of{len(post.media)}">\n{figures}\n</div>\n'


def _figure(media: Media) -> str:
    alt = escape(media.alt_text or "")
    kind = "<b>GIF</b> " if media.media_type == "image/gif" else ""
    said = f"{kind}<b>ALT</b> {alt}" if alt else f"{kind}without a description"
    caption = f'<figcaption class="{"alt" if alt else "alt none"}">{said}</figcaption>'
    return f"<figure>\n{_picture(media, alt)}\n{caption}\n</figure>"


def _picture(media: Media, alt: str) -> str:
    if media.category == "tweet_video":
        kind = media.media_type.partition("/")[2].upper()
        label = f"{alt} (video)" if alt else "A video"
        size = f"{media.size / 1_000_000:.1f} MB"
        return (
            f'<div class="video" role="img" aria-label="{label}">'
            f'<span class="play">▶</span>Video, {kind}, {size}</div>'
        )
    width, height = media.dimensions
    size = f' width="{width}" height="{height}"' if width and height else ""
    address = f"/media/{media.id}"
    return f'<a href="{address}"><img src="{address}" alt="{alt}"{size}></a>'


def _poll(post: Post) -> str:
    if post.poll is None:
        return ""
    options = "\n".join(f"<li>{escape(option)}<span>0%</span></li>" for option in post.poll.options)
    return f'<ul class="poll">\n{options}\n</ul>\n<p class="quiet">{_closes(post, post.poll)}</p>\n'


def _closes(post: Post, poll: Poll) -> str:
    end = time.localtime(post.at + 60 * poll.duration_minutes)
    return f"A poll · 0 votes · open until {time.strftime('%d %b, %H:%M', end)}"


def _notes(post: Post, name: str) -> str:
    labels = [
        label
        for label, has in (
            ("Made with AI", post.made_with_ai),
            ("Paid partnership", post.paid_partnership),
        )
        if has
    ]
    tags = "".join(f'<span class="label">{label}</span>' for label in labels)
    notes = f"<p>{tags}</p>\n" if tags else ""
    if post.reply_settings:
        who = _MAY_REPLY[post.reply_settings].format(name)
        notes += f'<p class="quiet">{who}.</p>\n'
    return notes
