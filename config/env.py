"""Read the operator's settings from the environment, and stop with one clear sentence where a value makes no sense."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE, FALSE = {"1", "on", "true", "yes"}, {"", "0", "off", "false", "no"}


def flag(name: str, *, default: bool) -> bool:
    """Return a yes-or-no setting. Raises ImproperlyConfigured for any other word."""
    value = os.environ.get(name, "on" if default else "off").strip().lower()
    if value not in TRUE | FALSE:
        raise ImproperlyConfigured(f"{name}={value!r}: say on or off.")
    return value in TRUE


def number(name: str, *, default: int, least: int = 0) -> int:
    """Return a whole number. Raises ImproperlyConfigured for anything else, and below `least`."""
    value = os.environ.get(name, str(default)).strip()
    if not value.lstrip("-").isdigit() or int(value) < least:
        raise ImproperlyConfigured(f"{name}={value!r}: give a whole number of at least {least}.")
    return int(value)


def words(name: str, *, default: str = "") -> list[str]:
    """Return a list given with commas between."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def named(name: str, *, default: str = "") -> dict[str, str]:
    """Return `name=value` pairs given with commas between, as in MODEL_ROOTS=demo=/models,big=/srv/big."""
    pairs = [word.partition("=") for word in words(name, default=default)]
    if wrong := [key for key, sign, value in pairs if not (key and sign and value)]:
        raise ImproperlyConfigured(f"{name}: {wrong[0]!r} is not of the form name=value.")
    return {key.strip(): value.strip() for key, _, value in pairs}


def secret_key(var: Path, *, debug: bool) -> str:
    """Return SECRET_KEY, or the one made for this installation and kept in var/, readable by its owner alone."""
    if given := os.environ.get("SECRET_KEY"):
        if not debug and (len(given) < 32 or given.startswith("django-insecure-")):
            raise ImproperlyConfigured("SECRET_KEY is too short or a default one: give at least 32 random characters.")
        return given
    path = var / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        keep_first(path, secrets.token_urlsafe(48))
    return path.read_text().strip()


def keep_first(path: Path, text: str) -> None:
    """Write a private file whole, unless another process was first."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def database(url: str, *, pool_size: int) -> dict[str, Any]:
    """Turn `postgresql://user:password@host:port/name?option=value` into Django's entry, with psycopg's pool.

    A unix socket's folder is given as `?host=/folder`, or percent-encoded as the host.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured(f"DATABASE_URL begins with {parts.scheme!r}: only postgresql:// is supported.")
    options = dict(parse_qsl(parts.query))
    # Left to itself, the pool tries again after 1, 2, 4, ... seconds, with requests waiting for it: PostgreSQL was away for 1.3 s, Tiebreak for 3.7. So it
    # forgets a connection that cannot be made, the next request has it try again, and who waited for a second is told when to come back.
    pool = {"pool": {"min_size": 1, "max_size": pool_size, "timeout": 1, "reconnect_timeout": 0}} if pool_size else {}
    return {
        "ENGINE": "config.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "") if "%" not in parts.netloc else unquote(parts.netloc.rpartition("@")[2])),
        "PORT": str(parts.port or options.pop("port", "")),
        # The statements of accounts.statements are prepared at once and planned once. Left to choose, PostgreSQL plans the lease anew each time (0.9 ms),
        # because a plan for known values looks cheaper. The ORM binds values on this side and never prepares, so its queries are not concerned.
        "OPTIONS": {"prepare_threshold": 0, "options": "-c plan_cache_mode=force_generic_plan", **pool, **options},
    }
