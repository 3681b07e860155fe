"""The text of an item, made by a template such as `{title} {link}`; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from tweetbot.draft import Part, Terms
from tweetbot.errors import ConfigurationError, TextRefused
from tweetbot.text import measure, shorten
from tweetbot.values import dataclass

_FIRST = ("summary", "title")  # to be shortened, where a text is too long
_NAME = re.compile(r"\{([^{}\n]+)\}")


@dataclass(frozen=True)
class Template:
    """A text with names in braces, without regard to case; any other brace is itself."""

    written: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names that it has, in lower case, each once."""
        return tuple(dict.fromkeys(name.strip().lower() for name in _NAME.findall(self.written)))

    def check(self, known: Collection[str], *, what: str) -> None:
        """Raise `ConfigurationError` for a name that no item of `what` has."""
        there = {name.lower() for name in known}
        if unknown := [name for name in self.names if name not in there]:
            raise ConfigurationError(
                f"The template has {_braced(unknown)}, and {what} does not.",
                f"It has {_braced(known)}." if known else "It has no names.",
            )

    def filled(self, values: Mapping[str, str]) -> str:
        """Put the values in the place of their names; what is missing or empty leaves no gap."""
        lower = {name.lower(): value for name, value in values.items()}

        def value(found: re.Match[str]) -> str:
            return lower.get(found[1].strip().lower(), "")

        text = _NAME.sub(value, self.written)
        if all(lower.get(name) for name in self.names):
            return text.strip()
        lines = (re.sub(r"[ \t]{2,}", " ", line).strip() for line in text.strip().split("\n"))
        return "\n".join(lines)

    def part(
        self, values: Mapping[str, str], terms: Terms, *, refused: TextRefused | None = None
    ) -> Part:
        """Make a post of it; to fit, the summary is shortened first, then the title, no link."""
        text = self.filled(values)
        if terms.fit:
            for name in self._shortened(values):
                values = self._with_less(values, name, terms.limit)
        made = Part.of(self.filled(values), terms, refused=refused)
        return replace(made, cut=made.cut or _missing(text, made.text))

    def _shortened(self, values: Mapping[str, str]) -> list[str]:
        """Return the names in the order in which their values are shortened; no link is."""
        lengths = {name.lower(): len(value) for name, value in values.items()}
        rest = sorted({*self.names} - {*_FIRST}, key=lambda name: -lengths.get(name, 0))
        return [*_FIRST, *rest]

    def _with_less(self, values: Mapping[str, str], wanted: str, limit: int) -> Mapping[str, str]:
        """Return the values with as much of one as there is room for."""
        name = next((name for name in values if name.lower() == wanted), "")
        count = len(re.findall(rf"(?i)\{{\s*{re.escape(wanted)}\s*\}}", self.written))
        if not count or not values.get(name) or _is_link(values[name]):
            return values
        if measure(self.filled(values), limit=limit).weighted_length <= limit:
            return values
        without = measure(self.filled({**values, name: "…"}), limit=limit).weighted_length
        room = (limit - without) // count + measure("…").weighted_length
        while room > 2:
            fitting = {**values, name: shorten(values[name], limit=room)[0]}
            excess = measure(self.filled(fitting), limit=limit).weighted_length - limit
            if excess <= 0:
                return fitting
            room -= max(1, excess // count)  # beside something else, it weighs more
        return {**values, name: ""}


def template_of(written: str | None) -> Template:
    """Return a feed's template; without one of its own, the usual one."""
    return Template("{title} {link}" if written is None else written)


def _is_link(value: str) -> bool:
    return [link.text for link in measure(value).links] == [value]


def _missing(whole: str, text: str) -> str:
    """Return what a shortened text has left out, as far as it goes to say so."""
    kept = text.partition("…")[0]
    return "" if whole == text else whole[len(kept) :].strip()


def _braced(names: Iterable[str]) -> str:
    return " ".join(f"{{{name}}}" for name in names)
