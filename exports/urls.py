"""Datasets, their versions, the files of these, and what people decide about them."""

from __future__ import annotations

from django.urls import path

from exports.views import access, cards, checks, diff, freezing, gates, layouts, life, pushes, reading, versions

OF_DATASET = "datasets/<slug:name>/"
OF_VERSION = "datasets/<slug:name>/<int:number>/"

urlpatterns = [
    path("datasets/", versions.datasets, name="datasets"),
    path("datasets/freeze", freezing.freeze, name="freeze-version"),
    path(OF_DATASET, versions.dataset, name="dataset"),
    path(f"{OF_DATASET}gates", gates.dataset_gates, name="dataset-gates"),
    path(f"{OF_DATASET}golden-pairs", gates.mark_golden, name="mark-golden"),
    path(f"{OF_DATASET}golden-pairs/<int:pk>/let-go", gates.let_go, name="let-golden-go"),
    path(f"{OF_DATASET}access", access.dataset_access, name="dataset-access"),
    path(f"{OF_DATASET}access/ask", access.ask_for_access, name="ask-for-access"),
    path(f"{OF_DATASET}downloads", access.dataset_downloads, name="dataset-downloads"),
    path(f"{OF_DATASET}links/<int:pk>/revoke", access.revoke_link, name="revoke-link"),
    path(OF_VERSION, versions.version, name="dataset-version"),
    path(f"{OF_VERSION}files/<str:file>", versions.download, name="download-file"),
    path(f"{OF_VERSION}card", cards.data_card, name="data-card"),
    path(f"{OF_VERSION}diff", diff.diff, name="version-diff"),
    path(f"{OF_VERSION}release", life.release, name="release-version"),
    path(f"{OF_VERSION}waive", life.waive, name="waive-gate"),
    path(f"{OF_VERSION}change", life.change, name="change-version"),
    path(f"{OF_VERSION}read/<slug:sample>", reading.read_rows, name="read-rows"),
    path(f"{OF_VERSION}texts", checks.texts, name="version-texts"),
    path(f"{OF_VERSION}texts/decide", checks.decide_flags, name="decide-flags"),
    path(f"{OF_VERSION}layouts", layouts.layouts, name="version-layouts"),
    path(f"{OF_VERSION}links", access.make_link, name="make-link"),
    path(f"{OF_VERSION}push", pushes.push, name="push-version"),
    path("fetch/<str:secret>/<str:file>", access.fetch_by_link, name="fetch-by-link"),
]
