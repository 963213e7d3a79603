"""A pool whose idle connections may all have been cut, as after a restart of PostgreSQL, without anybody being told to come back."""

from __future__ import annotations

from time import monotonic

from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool


class Pool(ConnectionPool):
    """As the base class, save that connections found broken follow each other without a pause.

    Given a check of its own, the base class pauses for a second after the second broken connection, which is as long as a request waits: with two idle
    connections in each web worker, one request to each was refused.
    """

    def getconn(self, timeout: float | None = None) -> Connection:
        """Take a connection that answers: an idle one, else a new one.

        :param timeout: seconds; by default those of the pool.
        Raises psycopg_pool.PoolTimeout where there is none within that time.
        """
        ends = monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            found = super().getconn(ends - monotonic())
            try:
                self.check_connection(found)
            except OperationalError:
                self.putconn(found)  # The pool sees that it is broken, closes it and makes another.
            else:
                return found
