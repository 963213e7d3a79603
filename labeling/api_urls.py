from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from labeling import api, api_reading

urlpatterns = [
    path("", include("labeling.api_manage_urls")),
    path("campaigns/<slug:slug>/next", login_not_required(api.next_pair), name="api-next"),
    path("campaigns/<slug:slug>/rubric-changes", login_not_required(api_reading.rubric_changes), name="api-rubric-changes"),
    path("campaigns/<slug:slug>/acknowledge", login_not_required(api_reading.acknowledge), name="api-acknowledge"),
    path("assignments/<uuid:key>/label", login_not_required(api.label), name="api-label"),
    path("assignments/<uuid:key>/skip", login_not_required(api.skip), name="api-skip"),
    path("assignments/<uuid:key>/report", login_not_required(api.report), name="api-report"),
    path("assignments/<uuid:key>/undo", login_not_required(api.undo), name="api-undo"),
    path("assignments/<uuid:key>/park", login_not_required(api.park), name="api-park"),
]
