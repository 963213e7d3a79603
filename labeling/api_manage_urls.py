from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from labeling import api_figures, api_gold, api_manage, api_pairs, api_people, api_queue, api_settings

urlpatterns = [
    path("rubrics", login_not_required(api_manage.rubrics), name="api-rubrics"),
    path("rubrics/<slug:name>", login_not_required(api_manage.rubric), name="api-rubric"),
    path("rubrics/<slug:name>/versions", login_not_required(api_manage.rubric_versions), name="api-rubric-versions"),
    path("campaigns", login_not_required(api_manage.campaigns), name="api-campaigns"),
    path("campaigns/<slug:slug>", login_not_required(api_settings.campaign), name="api-campaign"),
    path("campaigns/<slug:slug>/preview", login_not_required(api_settings.campaign_preview), name="api-campaign-preview"),
    path("campaigns/<slug:slug>/queue", login_not_required(api_queue.campaign_queue), name="api-campaign-queue"),
    path("campaigns/<slug:slug>/findings", login_not_required(api_queue.campaign_findings), name="api-campaign-findings"),
    path("findings/<int:pk>/decision", login_not_required(api_queue.decide_finding), name="api-decide-finding"),
    path("campaigns/<slug:slug>/labelers", login_not_required(api_queue.campaign_labelers), name="api-campaign-labelers"),
    path("campaigns/<slug:slug>/skills", login_not_required(api_people.campaign_skills), name="api-campaign-skills"),
    path("campaigns/<slug:slug>/assignments-by-name", login_not_required(api_people.assignments_by_name), name="api-assign-by-name"),
    path("campaigns/<slug:slug>/assignments-by-name/release", login_not_required(api_people.release_from_name), name="api-release-from-name"),
    path("campaigns/<slug:slug>/pairs/<int:pk>/withdraw", login_not_required(api_people.withdraw_pair), name="api-withdraw-pair"),
    path("campaigns/<slug:slug>/pairs/<int:pk>/bring-back", login_not_required(api_people.bring_back_pair), name="api-bring-back-pair"),
    path("campaigns/<slug:slug>/gold", login_not_required(api_gold.campaign_gold), name="api-gold"),
    path("campaigns/<slug:slug>/gold/<int:pk>", login_not_required(api_gold.gold_item), name="api-gold-item"),
    path("campaigns/<slug:slug>/runs", login_not_required(api_manage.campaign_runs), name="api-campaign-runs"),
    path("campaigns/<slug:slug>/pairs", login_not_required(api_pairs.campaign_pairs), name="api-campaign-pairs"),
    path("campaigns/<slug:slug>/progress", login_not_required(api_figures.campaign_progress), name="api-campaign-progress"),
    path("campaigns/<slug:slug>/agreement", login_not_required(api_figures.campaign_agreement), name="api-campaign-agreement"),
]
