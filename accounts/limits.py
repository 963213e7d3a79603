"""How often a sign-in may fail before it has to wait. The counters are in Redis; without it everybody may try.

Written here rather than taken from a package: two counters are less than a middleware, a backend, and tables of every try.
"""

from __future__ import annotations

import ipaddress
import logging
import unicodedata

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis import RedisError

from accounts.models import digest

log = logging.getLogger(__name__)

# An office or a university sits behind one address: it may fail more often than one account.
ADDRESS_ALLOWANCE = 5


def too_many(*, name: str, address: str) -> bool:
    """Count a try, before it is tried, and say whether it is one too many.

    Counted first, so that a hundred tries at once are a hundred. From the last allowed failure on, the cool-off begins anew.
    """
    try:
        tries = [(count(key, allowed), allowed) for key, allowed in counters(name, address)]
    except RedisError as error:
        log.warning("sign-ins are not limited while Redis is away: %s", error)
        return False
    return any(number > allowed for number, allowed in tries)


def forgive(*, name: str, address: str) -> None:
    """Take a try that succeeded out of the counts. The account starts again from nothing."""
    try:
        for key, _ in counters(name, address)[1:]:
            cache.decr(key)
        cache.delete(counters(name, address)[0][0])
    except (RedisError, ValueError) as error:  # ValueError: the count has run out meanwhile
        log.info("a sign-in was not taken out of the counts: %s", error)


def counters(name: str, address: str) -> list[tuple[str, int]]:
    """Return the keys that a try counts under, the account's first, each with how many are allowed."""
    account = digest(unicodedata.normalize("NFKC", name).casefold().strip())
    keys = [(f"sign-in:account:{account}", settings.SIGN_IN_FAILURES)]
    return keys + ([(f"sign-in:address:{address}", settings.SIGN_IN_FAILURES * ADDRESS_ALLOWANCE)] if address else [])


def count(key: str, allowed: int) -> int:
    """Add one, and return how many that makes within the cool-off."""
    cache.add(key, 0, timeout=settings.SIGN_IN_COOL_OFF)
    try:
        number = cache.incr(key)
    except ValueError:  # it ran out in between
        return 1
    if number == allowed:
        cache.touch(key, settings.SIGN_IN_COOL_OFF)
    return number


def address_of(request: HttpRequest) -> str:
    """Return where the request came from: an IPv4 address, the /64 of an IPv6 one (a household has all of it), or nothing.

    Behind a proxy that the settings name it is what the proxy added last; what stands before that, the client may have written.
    """
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    text = forwarded.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(address.ipv4_mapped or ipaddress.ip_network((address, 64), strict=False).network_address)
