"""People at the same moment: real commits, each actor in a thread with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event
from time import sleep
from typing import Any

from django.db import connection, connections, transaction


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Do these at the same moment. Returns what each returned; raises what one of them raised."""
    gate = Barrier(len(acts))

    def do(act: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            gate.wait(20)
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as crowd:
        return [done.result() for done in [crowd.submit(do, act) for act in acts]]


def while_uncommitted(act: Callable[[], Any], *others: Callable[[], Any]) -> list[Any]:
    """Do the one in a transaction, and the others before it commits; those that wait for it do so for half a second. Returns what each returned."""
    is_done = Event()

    def first() -> Any:
        with transaction.atomic():
            returned = act()
            is_done.set()
            sleep(0.5)
        return returned

    def then(other: Callable[[], Any]) -> Any:
        assert is_done.wait(20)
        return other()

    return at_once(first, *[partial(then, other) for other in others])
