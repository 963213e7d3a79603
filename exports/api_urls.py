from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from exports import api, api_access, api_layouts, api_life

OF_DATASET = "datasets/<slug:name>/"
OF_VERSION = "datasets/<slug:name>/versions/<int:number>/"

urlpatterns = [
    path("datasets", login_not_required(api.datasets), name="api-datasets"),
    path("datasets/<slug:name>", login_not_required(api.dataset), name="api-dataset"),
    path(f"{OF_DATASET}thresholds", login_not_required(api_life.thresholds), name="api-thresholds"),
    path(f"{OF_DATASET}golden-pairs", login_not_required(api_life.golden), name="api-golden-pairs"),
    path(f"{OF_DATASET}golden-pairs/<int:pk>/let-go", login_not_required(api_life.let_golden_go), name="api-let-golden-go"),
    path(f"{OF_DATASET}access", login_not_required(api_access.split_access), name="api-split-access"),
    path(f"{OF_DATASET}access/decide", login_not_required(api_access.decide_access), name="api-decide-access"),
    path(f"{OF_DATASET}downloads", login_not_required(api_access.downloads), name="api-downloads"),
    path(f"{OF_DATASET}links/<int:pk>/revoke", login_not_required(api_access.revoke_link), name="api-revoke-link"),
    path("datasets/<slug:name>/versions/<int:number>", login_not_required(api.version), name="api-dataset-version"),
    path(f"{OF_VERSION}release", login_not_required(api_life.release), name="api-release-version"),
    path(f"{OF_VERSION}waivers", login_not_required(api_life.waivers), name="api-waivers"),
    path(f"{OF_VERSION}roll-back", login_not_required(api_life.roll_back), name="api-roll-back"),
    path(f"{OF_VERSION}reinstate", login_not_required(api_life.reinstate), name="api-reinstate"),
    path(f"{OF_VERSION}withdraw", login_not_required(api_life.withdraw), name="api-withdraw-version"),
    path(f"{OF_VERSION}events", login_not_required(api_life.events), name="api-version-events"),
    path(f"{OF_VERSION}record", login_not_required(api_life.record), name="api-version-record"),
    path(f"{OF_VERSION}readings", login_not_required(api_life.row_readings), name="api-row-readings"),
    path(f"{OF_VERSION}layouts", login_not_required(api_layouts.layouts), name="api-layouts"),
    path(f"{OF_VERSION}links", login_not_required(api_access.links), name="api-links"),
    path(f"{OF_VERSION}files/<str:file>", login_not_required(api.FileView.as_view()), name="api-download-file"),
]
