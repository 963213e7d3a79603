from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from exports import api

urlpatterns = [
    path("datasets", login_not_required(api.datasets), name="api-datasets"),
    path("datasets/<slug:name>", login_not_required(api.dataset), name="api-dataset"),
    path("datasets/<slug:name>/versions/<int:number>", login_not_required(api.version), name="api-dataset-version"),
    path("datasets/<slug:name>/versions/<int:number>/files/<str:file>", login_not_required(api.FileView.as_view()), name="api-download-file"),
]
