"""Counts what was refused by address, so that a flood of wrong deliveries costs little and fills no
log. Deliveries that are verified are never counted and never limited."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final

PERIOD_S: Final = 60.0
_MOST_REFUSED: Final = 60
_MOST_ADDRESSES: Final = 10_000
# Who has one address of IPv6 has a network of this size (RFC 6177).
_ONE_SITE: Final = 64
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Networks = Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]


def networks(texts: Iterable[str]) -> Networks:
    return tuple(ipaddress.ip_network(text) for text in texts)


def sender(peer: str, forwarded: str, trusted: Networks) -> str:
    """Who sent a request that came from `peer`: for a proxy of ours, whom it or a proxy before it
    was asked by (`X-Forwarded-For`), up to the first that is not ours. What is left of that, and
    whatever is no address, was written by strangers."""
    found = _address(peer)
    for hop in reversed(forwarded.split(",")):
        if found is None or not any(found in each for each in trusted):
            break
        before = _address(hop.strip())
        if before is None:
            break
        found = before
    return str(found) if found else peer


def _address(text: str) -> _Address | None:
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped) or found


def _site(address: str) -> str:
    """What is counted as one."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address, _ONE_SITE), strict=False))


class Refusals:
    """How often each address was refused lately; too many addresses lose the oldest one."""

    def __init__(self, most: int = _MOST_REFUSED) -> None:
        self._most = most
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()

    def too_many(self, address: str) -> bool:
        """Count one more; whether this address was refused too often by now."""
        now, site = time.monotonic(), _site(address)
        with self._lock:
            since, number = self._seen.pop(site, (now, 0))
            if now - since >= PERIOD_S:
                since, number = now, 0
            self._seen[site] = (since, number + 1)
            if len(self._seen) > _MOST_ADDRESSES:
                self._seen.popitem(last=False)
            return number >= self._most
