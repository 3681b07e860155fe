"""Frozen dataclasses that take no time at the start of a run.

`dataclasses` writes the source of six methods for each class and compiles it: half a millisecond
each, a fifth of all that a run does before its first request. Here all classes share their methods.
What is made is a dataclass: `field`, `fields`, `replace` and `__post_init__` are the library's, and
a type checker sees the library's `dataclass`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen, kw_only=False):
        """Make a class a frozen dataclass; the library does the ones that are not frozen."""

        def made(cls):
            cls.__doc__ = (
                cls.__doc__ or cls.__name__
            )  # else the library writes one, in a millisecond
            cls = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=kw_only)(cls)
            cls.__dataclass_params__.frozen = frozen
            cls._entries = dataclasses.fields(cls)
            for name, method in _METHODS.items():
                if name == "__init__" or name not in cls.__dict__:
                    setattr(cls, name, method)
            return cls

        return made


def _init(self: Any, *args: object, **given: object) -> None:
    fields = self._entries
    placed = dict(zip((entry.name for entry in fields if not entry.kw_only), args, strict=False))
    if len(placed) < len(args) or not placed.keys().isdisjoint(given):
        raise TypeError(f"{type(self).__name__} is given too much")
    given |= placed
    state = self.__dict__
    for entry in fields:
        state[entry.name] = given.pop(entry.name) if entry.name in given else _default(entry)
    if given:
        raise TypeError(f"{type(self).__name__} has no {', '.join(given)}")
    if hasattr(self, "__post_init__"):
        self.__post_init__()


def _default(entry: dataclasses.Field[Any]) -> Any:
    if entry.default_factory is not dataclasses.MISSING:
        return entry.default_factory()
    if entry.default is dataclasses.MISSING:
        raise TypeError(f"{entry.name} is missing")
    return entry.default


def _repr(self: Any) -> str:
    shown = (entry.name for entry in self._entries if entry.repr)
    values = (f"{name}={getattr(self, name)!r}" for name in shown)
    return f"{type(self).__qualname__}({', '.join(values)})"


def _key(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, entry.name) for entry in self._entries if entry.compare)


def _eq(self: Any, other: object) -> bool:
    return _key(self) == _key(other) if type(self) is type(other) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_key(self))


def _frozen(self: Any, name: str, *_: object) -> None:
    raise dataclasses.FrozenInstanceError(f"{type(self).__name__}.{name} cannot be changed")


_METHODS = {
    "__init__": _init,
    "__repr__": _repr,
    "__eq__": _eq,
    "__hash__": _hash,
    "__setattr__": _frozen,
    "__delattr__": _frozen,
}
