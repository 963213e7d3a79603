"""Rendered texts, by the hash of the text: made once, and made again when the renderer changes."""

from __future__ import annotations

from django.db import models

from labeling.models.campaign import Campaign


class Rendering(models.Model):
    """Safe HTML of one text under one renderer version. Only ever a cache: it can be thrown away."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    renderer = models.CharField(max_length=20)
    html = models.TextField(help_text="As Markdown.")
    raw = models.TextField(help_text="As it was written, with hidden characters shown.")

    def __str__(self) -> str:
        return self.sha256[:12]


class Preparation(models.Model):
    """How far a campaign's texts were rendered ahead, and by which renderer: an older one is begun again."""

    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, primary_key=True, related_name="+")
    renderer = models.CharField(max_length=20)
    reached = models.BigIntegerField(default=0, help_text="The pair that was rendered last; all before it are.")

    def __str__(self) -> str:
        return f"campaign {self.campaign_id} to pair {self.reached}"
