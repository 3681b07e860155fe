"""A Redis server that is asked: its client, what its errors mean, and whether it keeps things."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from tweetbot.errors import ConfigurationError
from tweetbot.store.pointed import STORE_VARIABLE
from tweetbot.store.redis_errors import foreign, meaning
from tweetbot.store.redis_server import DEADLINE, connect, is_volatile, library, shown

# What is good for a document that never expires; `volatile-*` evicts keys that do, such as a lock.
_NEEDED = {
    "appendonly": ("yes",),
    "appendfsync": ("always", "everysec"),
    "maxmemory-policy": (
        "noeviction",
        "volatile-lru",
        "volatile-lfu",
        "volatile-lrm",
        "volatile-random",
        "volatile-ttl",
    ),
}


class Server:
    """One client for all that this process asks; `url` is redis:// or rediss://.

    `named` is what gave it: where a person corrects it.
    """

    def __init__(
        self, url: str, *, named: str = STORE_VARIABLE, deadline: float = DEADLINE
    ) -> None:
        self._url = url
        self._named = named
        self._deadline = deadline
        self._is_durable = False

    def __str__(self) -> str:
        return shown(self._url)

    @cached_property
    def client(self) -> Any:
        """What redis-py asks by; it connects when it is first used."""
        return connect(self._url, named=self._named, deadline=self._deadline)

    def close(self) -> None:
        """End the connection; the next question opens another."""
        self.client.close()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Translate what redis-py raises inside into errors of ours."""
        redis = library()
        try:
            yield
        except redis.RedisError as error:
            raise meaning(
                error,
                shown(self._url),
                is_away=isinstance(error, redis.ConnectionError | redis.TimeoutError),
                said=self._without_password(str(error)),
                url=self._url,
                named=self._named,
            ) from None

    def _without_password(self, said: str) -> str:
        password = self.client.connection_pool.connection_kwargs.get("password")
        return said.replace(password, "[hidden]") if password else said

    def check_durability(self) -> None:
        """Raise `ConfigurationError` if the server could forget a login; one look is enough."""
        if self._is_durable or is_volatile(self._url, named=self._named):
            return
        for name, good in _NEEDED.items():
            found = self._config(name)
            if found is not None and found not in good:
                raise ConfigurationError(
                    f"{shown(self._url)} may forget a login: its {name} is {foreign(found)}.",
                    f"Set {name} to {good[0]}; or accept that by ?volatile=ok in {self._named}.",
                )
        self._is_durable = True

    def _config(self, name: str) -> str | None:
        """Read a setting of the server; `None` if it does not let it be read."""
        redis = library()
        with self.errors():
            try:
                return str(self.client.config_get(name)[name])
            except (redis.ResponseError, KeyError):
                return None
