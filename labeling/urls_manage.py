"""Home, campaigns and rubrics, for those who run them."""

from __future__ import annotations

from django.urls import path

from labeling.views import home, manage, rubrics

urlpatterns = [
    path("", home.home, name="home"),
    path("campaigns/new/", manage.new_campaign, name="new-campaign"),
    path("campaigns/make", manage.make_campaign, name="make-campaign"),
    path("c/<slug:slug>/", manage.campaign, name="campaign"),
    path("c/<slug:slug>/settings/", manage.campaign_settings, name="campaign-settings"),
    path("c/<slug:slug>/settings/change", manage.change_settings, name="change-settings"),
    path("c/<slug:slug>/settings/state", manage.change_state, name="change-state"),
    path("c/<slug:slug>/settings/overlap", manage.change_overlap, name="change-overlap"),
    path("c/<slug:slug>/settings/run", manage.attach_run, name="attach-run"),
    path("c/<slug:slug>/pairs/", manage.add_pairs, name="add-pairs"),
    path("c/<slug:slug>/pairs/import", manage.import_pairs, name="import-pairs"),
    path("rubrics/", rubrics.rubrics, name="rubrics"),
    path("rubrics/new/", rubrics.new_rubric, name="new-rubric"),
    path("rubrics/new/add", rubrics.add_rubric, name="add-rubric"),
    path("rubrics/<slug:name>/", rubrics.rubric, name="rubric"),
    path("rubrics/<slug:name>/versions/<int:number>/", rubrics.rubric_version, name="rubric-version"),
    path("rubrics/<slug:name>/versions/new/", rubrics.new_rubric_version, name="new-rubric-version"),
    path("rubrics/<slug:name>/versions/add", rubrics.add_rubric_version, name="add-rubric-version"),
]
