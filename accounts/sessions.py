"""Sessions and the people behind them, read by one statement each: every request of the desk begins with the two."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.utils import timezone

from accounts import statements
from accounts.models import User

SESSION = "SELECT session_data FROM django_session WHERE session_key = %(key)s AND expire_date > %(now)s"
PERSON = f"SELECT {statements.columns(User, 'person')} FROM accounts_user AS person WHERE id = %(pk)s"  # noqa: S608 - the model's own columns


class SessionStore(db.SessionStore):
    """Sessions in PostgreSQL, where ending one ends it. (In Redis they would cost as much, and go when it goes.)"""

    def load(self) -> dict[str, Any]:
        row = statements.one(SESSION, key=self.session_key, now=timezone.now())
        if row is None:
            self._session_key = None
            return {}
        return self.decode(row[0])


class PersonBackend(ModelBackend):
    """Sign-in by name and password, as Django has it."""

    def get_user(self, user_id: int) -> User | None:
        row = statements.one(PERSON, pk=user_id)
        user = statements.instance(User, row) if row else None
        return user if self.user_can_authenticate(user) else None
