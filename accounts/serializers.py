"""What every API answers alike."""

from __future__ import annotations

from rest_framework import serializers


class RefusalSerializer(serializers.Serializer[dict[str, str]]):
    """Why not, in words."""

    detail = serializers.CharField()
