"""A pool whose idle connections may all have been cut, as after a restart of PostgreSQL, without anybody being told to come back."""

from __future__ import annotations

import select
from time import monotonic

from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool


class Pool(ConnectionPool):
    """As the base class, save for how a broken connection is found, and for what follows.

    PostgreSQL says nothing to who asks nothing: a connection with something to be read was cut, or is about to be, and only such a one is asked whether it
    still works. (The base class asks each one, each time: one answer more to wait for in every request. A network that drops connections without a word
    is found out by TCP's keepalive, or by the request.) And broken ones follow each other without a pause: the base class pauses for a second after the second,
    which is as long as a request waits, so that with two idle connections in each web worker one request to each was refused.
    """

    def getconn(self, timeout: float | None = None) -> Connection:
        """Take a connection that answers: an idle one, else a new one.

        :param timeout: seconds; by default those of the pool.
        Raises psycopg_pool.PoolTimeout where there is none within that time.
        """
        ends = monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            found = super().getconn(ends - monotonic())
            if not has_something_to_read(found):
                return found
            try:
                self.check_connection(found)
            except OperationalError:
                self.putconn(found)  # The pool sees that it is broken, closes it and makes another.
            else:
                return found


def has_something_to_read(connection: Connection) -> bool:
    """Look without waiting, and without reading it. True also for a connection that is closed on this side."""
    if connection.closed:
        return True
    watched = select.poll()  # `select.select` fails from the 1,024th file of a process on
    watched.register(connection.fileno(), select.POLLIN)
    return bool(watched.poll(0))
