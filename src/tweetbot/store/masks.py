"""What the log of a CI has to hide: the secrets of a document, told before they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tweetbot.profile import Profile


class Masks:
    """Tells `mask` each secret once."""

    def __init__(self, mask: Callable[[str], None]) -> None:
        self._mask = mask
        self._hidden: set[str] = set()

    def hide(self, profile: Profile) -> None:
        """Let the log hide what is secret in `profile`, from now on."""
        for secret in set(secrets_of(profile)) - self._hidden:
            self._mask(secret)
            self._hidden.add(secret)


def secrets_of(profile: Profile) -> Iterator[str]:
    """Yield the tokens and the client secret, those of a login that was replaced, too."""
    replaced = profile.replaced
    for token in (profile.token, replaced and replaced.token):
        if token:
            yield token.access_token
            yield token.refresh_token
    for client in (profile.client, replaced and replaced.client):
        if client and client.client_secret:
            yield client.client_secret
