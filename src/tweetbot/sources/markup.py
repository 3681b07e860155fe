"""What a stranger's title or summary says, as text: no tags, no entities, nobody called; pure.

Every expression stops at the next `<`, so that the time grows with the length alone (the standard
library's HTMLParser takes 12 s for 30 kB of `<a <a <a`).
"""

from __future__ import annotations

import html
import re

from tweetbot.text import measure

LONGEST = 30_000  # characters; the longest post has 25,000
_SILENT = re.compile(r"script|style|template|head|noscript|iframe|svg|object")
_BLOCK = re.compile(
    r"address|article|aside|blockquote|body|br|center|d[dlt]|div|fig(?:caption|ure)|footer|h[1-6r]"
    r"|header|html|li|main|[ou]l|p|pre|section|table|t[dhr]"
)
_INLINE = re.compile(
    r"a|abbr|b|bd[io]|big|cite|code|del|dfn|em|font|i|img|ins|kbd|mark|nobr|q|s|samp|small|span"
    r"|strike|strong|su[bp]|tt|u|wbr"
)
_TAG = re.compile(r"""<(/?)([A-Za-z][\w:-]*)((?:[\s/](?:"[^"<]*"|'[^'<]*'|[^<>])*+)?)>|<!--""")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_END_OF_BLOCK = re.compile(r"(?i)</(?:p|div|ul|ol|table|blockquote)>")
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
# What shows nothing: the soft hyphen, zero-width space and no-break space, marks of direction, and
# the control characters that X refuses. Joiners stay: emoji and several scripts are made of them.
_INVISIBLE = re.compile(
    "[\xad\u200b\u2060\ufeff\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"
)


def said(value: str, *, is_html: bool) -> str:
    """Return what `value` says: a line for each paragraph, single spaces, no mention.

    What is not declared as HTML is taken for it if it has tags or entities.
    """
    value = value[:LONGEST]
    if is_html or _has_tags(value) or _ENTITY.search(value):
        value = _unescaped(_without_tags(_CDATA.sub("", value)))
        # All of it may have been escaped twice.
        value = _unescaped(_without_tags(value) if _END_OF_BLOCK.search(value) else value)
    lines = (" ".join(line.split()) for line in _INVISIBLE.sub("", value).splitlines())
    return uncalled("\n".join(line for line in lines if line))


def one_line(value: str) -> str:
    """Return a text as a title."""
    return " ".join(value.split())


def uncalled(value: str) -> str:
    """Take the @ from whatever would call an account: to call strangers unasked is spam."""
    if "@" not in value and "\uff20" not in value:
        return value
    while mentions := measure(value).mentions:
        for mention in reversed(mentions):
            value = value[: mention.start] + value[mention.start + 1 :]
    return value


def _unescaped(value: str) -> str:
    return _ENTITY.sub(lambda found: html.unescape(found[0]), value)


def _has_tags(value: str) -> bool:
    return any(_is_known((found[2] or "").lower()) for found in _TAG.finditer(value))


def _is_known(name: str) -> bool:
    return any(kind.fullmatch(name) for kind in (_SILENT, _BLOCK, _INLINE))


def _without_tags(value: str) -> str:
    """Take out tags and what is not shown; a block begins a line, other white space is a space."""
    parts, silent, position = [], "", 0
    while found := _TAG.search(value, position):
        before = value[position : found.start()]
        position = found.end()
        if not silent:
            parts.append(re.sub(r"\s+", " ", before))
            parts.append(_instead(found))
        if found[2] is None:
            end = value.find("-->", position)
            position = len(value) if end < 0 else end + 3
        else:
            silent = _silent_after(found, silent)
    if not silent:
        parts.append(re.sub(r"\s+", " ", value[position:]))
    return "".join(parts)


def _silent_after(tag: re.Match[str], silent: str) -> str:
    """Return the element whose content is not shown, behind this tag."""
    name = tag[2].lower()
    if silent:
        return "" if tag[1] and name == silent else silent
    opens = not tag[1] and not tag[3].endswith("/")
    return name if opens and _SILENT.fullmatch(name) else ""


def _instead(tag: re.Match[str]) -> str:
    """Return what a tag stands for: a line's end, nothing, or itself where it is none."""
    name = (tag[2] or "").lower()
    if _BLOCK.fullmatch(name):
        return "\n"
    # `<T>` and `x <y and z> w` are words.
    is_tag = not name or _is_known(name) or ":" in name or "=" in tag[3] or tag[3].endswith("/")
    return "" if is_tag else tag[0]
