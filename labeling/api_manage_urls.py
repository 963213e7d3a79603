from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from labeling import api_figures, api_manage, api_pairs

urlpatterns = [
    path("rubrics", login_not_required(api_manage.rubrics), name="api-rubrics"),
    path("rubrics/<slug:name>", login_not_required(api_manage.rubric), name="api-rubric"),
    path("rubrics/<slug:name>/versions", login_not_required(api_manage.rubric_versions), name="api-rubric-versions"),
    path("campaigns", login_not_required(api_manage.campaigns), name="api-campaigns"),
    path("campaigns/<slug:slug>", login_not_required(api_manage.campaign), name="api-campaign"),
    path("campaigns/<slug:slug>/runs", login_not_required(api_manage.campaign_runs), name="api-campaign-runs"),
    path("campaigns/<slug:slug>/pairs", login_not_required(api_pairs.campaign_pairs), name="api-campaign-pairs"),
    path("campaigns/<slug:slug>/progress", login_not_required(api_figures.campaign_progress), name="api-campaign-progress"),
    path("campaigns/<slug:slug>/agreement", login_not_required(api_figures.campaign_agreement), name="api-campaign-agreement"),
]
