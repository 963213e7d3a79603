"""Django's PostgreSQL backend, with a pool that hands out no connection that PostgreSQL has cut."""
