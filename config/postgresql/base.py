"""The backend, under the name by which Django looks for it."""

from __future__ import annotations

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base

from config.postgresql.pool import Pool


class DatabaseWrapper(base.DatabaseWrapper):
    """Takes its connections from a `Pool`."""

    _connection_pools: dict[str, Pool]
    """Of this process, by alias: the base class has it, and closes them."""

    @property
    def pool(self) -> Pool | None:
        """The connections of this process, opened with the first; None where DB_POOL is 0."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        if self.alias not in self._connection_pools:
            how = {**self.get_connection_params(), "autocommit": True}
            made = Pool(kwargs=how, open=False, configure=self._configure_connection, **options)  # type: ignore[attr-defined]  # missing in its stubs alone
            self._connection_pools.setdefault(self.alias, made)
        return self._connection_pools[self.alias]
