"""The keys of the desk as one person wants them."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class KeyMap(models.Model):
    """Other keys than the usual ones, by the usual one. Changed at will: it says nothing of anybody's work."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="key_map")
    keys: models.JSONField[dict[str, str]] = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"keys of {self.user_id}"
