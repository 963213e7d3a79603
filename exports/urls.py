"""Datasets, their versions, and the files of these."""

from __future__ import annotations

from django.urls import path

from exports import views

urlpatterns = [
    path("datasets/", views.datasets, name="datasets"),
    path("datasets/freeze", views.freeze, name="freeze-version"),
    path("datasets/<slug:name>/", views.dataset, name="dataset"),
    path("datasets/<slug:name>/<int:number>/", views.version, name="dataset-version"),
    path("datasets/<slug:name>/<int:number>/files/<str:file>", views.download, name="download-file"),
]
