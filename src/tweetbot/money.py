"""What a post costs, and how amounts are read and shown; US dollars everywhere."""

from __future__ import annotations

import math
import re

# docs.x.com, x-api/getting-started/pricing, August 2026.
PRICE_POST = 0.015
PRICE_LINK = 0.200
PRICE_ALT = 0.005  # "Media Metadata"
PRICE_DELETE = 0.010  # "Interaction: Delete"; as "Content: Manage" it would be 0.005

_MOST = 1_000_000


def dollars(usd: float) -> str:
    """Write an amount: $5, $0.51, and where cents are not enough $0.015."""
    cents = round(usd * 100, 1)
    if cents % 100 == 0:
        return f"${usd:.0f}"
    return f"${usd:.2f}" if cents.is_integer() else f"${usd:.3f}"


def budget(text: str) -> float:
    """Read what a bot may spend in a month: 5, $2.50, or `none` for no limit (infinity)."""
    amount = text.strip().removeprefix("$")
    if amount.lower() == "none":
        return math.inf
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{0,9})?|\.[0-9]{1,9}", amount):
        raise ValueError("it must be an amount in USD, as in 5 or 2.50, or none")
    if not (usd := float(amount)) <= _MOST:
        raise ValueError(f"it must be {dollars(_MOST)} at most, or none")
    return usd
