"""/api/v1/, app by app, with its OpenAPI document."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

urlpatterns = [
    path("schema/", login_not_required(SpectacularAPIView.as_view()), name="api-schema"),
    path("", include("policies.api_urls")),
    path("", include("labeling.api_urls")),
    path("", include("exports.api_urls")),
]
