"""The key that opens the documents of the git store: `TWEETBOT_KEY`.

A document is encrypted by Fernet (AES-128-CBC and HMAC-SHA256;
github.com/fernet/spec). Its keys are 32 bytes; several may be given, the newest first: the first
one encrypts, each of them opens.
"""

from __future__ import annotations

import base64
import re
from dataclasses import field
from typing import TYPE_CHECKING

from tweetbot.errors import ConfigurationError
from tweetbot.values import dataclass

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

VARIABLE = "TWEETBOT_KEY"
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in base64, without padding
_SEALED = re.compile(rb"\s*gAAAA[\w-]+={0,2}\s*")  # Fernet's version and the time's first bytes


def new_key() -> str:
    """Make a key."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def is_sealed(document: bytes) -> bool:
    """Whether `document` is an encrypted one."""
    return bool(_SEALED.fullmatch(document))


@dataclass(frozen=True)
class Keys:
    """The keys in force, the newest first; `remedy` says where they are set."""

    keys: tuple[str, ...] = field(repr=False)
    remedy: str = ""
    named: str = VARIABLE

    @classmethod
    def read(cls, text: str, *, remedy: str, named: str = VARIABLE) -> Keys:
        """Read `TWEETBOT_KEY`; raises `ConfigurationError` that names it."""
        if not text.split():
            raise ConfigurationError(f"{named} is not set, or empty.", remedy)
        return cls(tuple(_normal(key, remedy) for key in text.split()), remedy, named)

    def __str__(self) -> str:
        """Return them as `TWEETBOT_KEY` holds them."""
        return " ".join(self.keys)

    @property
    def newest(self) -> str:
        """The key that encrypts."""
        return self.keys[0]

    def seal(self, document: bytes) -> bytes:
        """Encrypt a document; twice the same gives two different results."""
        return self._fernet.encrypt(document)

    def open(self, sealed: bytes, *, where: object) -> bytes:
        """Decrypt; raises `ConfigurationError` if no key fits, naming `where` it lies."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed.strip())
        except InvalidToken:
            raise ConfigurationError(
                f"{self.named} does not open {where}: it is another key, or what lies there is"
                " damaged.",
                self.remedy,
            ) from None

    @property
    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(key) for key in self.keys])


def _normal(key: str, remedy: str) -> str:
    """Return a key in the alphabet that Fernet wants, with its padding."""
    bare = key.rstrip("=").translate(str.maketrans("+/", "-_"))
    if not _KEY.fullmatch(bare) or len(base64.urlsafe_b64decode(bare + "=")) != 32:
        raise ConfigurationError(
            f"{VARIABLE} is no key: it has to be 32 bytes in base64 (43 characters), and one of"
            f" its words has {len(key)} characters.",
            remedy,
        )
    return bare + "="
