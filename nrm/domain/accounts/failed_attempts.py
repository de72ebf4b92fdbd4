"""How long to wait after failed attempts: longer each time, but never for ever.

A failure is forgiven after a while. Failures are counted for the sign-in name and the network, whether the name exists
or not. A browser in which this person signed in before waits only for its own failures, so that nobody can lock out a
colleague by failing in their name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

# Few lengths, and the page names the whole length, so that pages of two names that were tried as often look the same.
DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 30))


class TooSoon(Exception):
    """Tried again before the time was up. `delay`: the whole wait; `left`: seconds of it that are left, at least 1."""

    def __init__(self, delay: timedelta, left: timedelta) -> None:
        super().__init__("too soon")
        self.delay = delay
        self.left = max(1, -int(-left.total_seconds() // 1))


@dataclass(frozen=True, slots=True)
class Limit:
    """`free` failures cost nothing; one is forgiven each time `forgiven_every` has passed."""

    free: int
    forgiven_every: timedelta


ACCOUNT = Limit(10, timedelta(minutes=3))
# All people in an office share one network, and everybody mistypes sometimes.
NETWORK = Limit(100, timedelta(seconds=20))
MOST_WRONG_CODES = 100
"""After so many wrong codes with the right password the account waits for a colleague. Of a million codes three are
right at a time: a hundred tries find one in 0.03 % of cases, and waiting between them alone would not end them."""
MISTYPED_CODES = 3
"""So many wrong codes in a strange browser are forgiven by a sign-in: people mistype on computers that forget them."""


def counted(number: int, last_at: datetime, now: datetime, limit: Limit) -> int:
    """How many of the failures still count."""
    forgiven = int(max(now - last_at, timedelta()) / limit.forgiven_every)
    # No more failures are kept than it takes to reach the longest wait: even a long attack is forgiven in minutes.
    most = limit.free + len(DELAYS) * limit.free
    return max(0, min(number, most) - forgiven)


def delay_after(number: int, limit: Limit) -> timedelta:
    """How long after the last failure the next try may come."""
    beyond = number - limit.free
    if beyond < 0:
        return timedelta()
    return DELAYS[min(beyond // max(1, limit.free // 2), len(DELAYS) - 1)]


def check(number: int, last_at: datetime, now: datetime, limit: Limit) -> None:
    """Raise TooSoon while the wait after the last failure lasts."""
    delay = delay_after(counted(number, last_at, now, limit), limit)
    if now - last_at < delay:
        raise TooSoon(delay, last_at + delay - now)


def check_all(number: int, last_at: datetime, now: datetime, limit: Limit) -> None:
    """Raise TooSoon while all free failures of the limit count: no try is left until one of them is forgiven."""
    beyond = counted(number, last_at, now, limit) - limit.free + 1
    if beyond > 0:
        passed = max(now - last_at, timedelta()) % limit.forgiven_every
        raise TooSoon(limit.forgiven_every, beyond * limit.forgiven_every - passed)


def network_of(address: str | None) -> str:
    """The network an address belongs to: /24 of IPv4, /64 of IPv6; `unknown` for what is no address."""
    try:
        ip = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is None:
            return str(ip_network((ip, 64), strict=False))
        ip = ip.ipv4_mapped
    return str(ip_network((ip, 24), strict=False))
