"""Every address, app by app."""

from __future__ import annotations

from django.urls import include, path

from config.accessibility import accessibility
from config.health import healthz, readyz

handler500 = "accounts.errors.server_error"

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accessibility/", accessibility, name="accessibility"),
    path("api/v1/", include("config.api_urls")),
    path("", include("labeling.urls")),
    path("", include("accounts.urls")),
    path("", include("policies.urls")),
    path("", include("exports.urls")),
]
