"""Home, campaigns and rubrics, for those who run them."""

from __future__ import annotations

from django.urls import path

from labeling.views import campaign_people, campaign_rubric, campaign_settings, gold, home, manage, queue, rubrics, withdrawn

urlpatterns = [
    path("", home.home, name="home"),
    path("campaigns/new/", manage.new_campaign, name="new-campaign"),
    path("campaigns/make", manage.make_campaign, name="make-campaign"),
    path("c/<slug:slug>/", manage.campaign, name="campaign"),
    path("c/<slug:slug>/queue/", queue.queue, name="queue"),
    path("c/<slug:slug>/findings/", queue.findings_list, name="findings"),
    path("c/<slug:slug>/findings/<int:pk>/", queue.finding, name="finding"),
    path("c/<slug:slug>/findings/<int:pk>/decide", queue.decide_finding, name="decide-finding"),
    path("c/<slug:slug>/settings/", campaign_settings.campaign_settings, name="campaign-settings"),
    path("c/<slug:slug>/settings/preview", campaign_settings.preview_settings, name="preview-settings"),
    path("c/<slug:slug>/settings/change", campaign_settings.change_settings, name="change-settings"),
    path("c/<slug:slug>/settings/state", campaign_settings.change_state, name="change-state"),
    path("c/<slug:slug>/settings/rubric/", campaign_rubric.campaign_rubric, name="campaign-rubric"),
    path("c/<slug:slug>/settings/rubric/preview", campaign_rubric.preview_rubric, name="preview-rubric"),
    path("c/<slug:slug>/settings/rubric/move", campaign_rubric.move_rubric, name="move-rubric"),
    path("c/<slug:slug>/settings/run", campaign_settings.attach_run, name="attach-run"),
    path("c/<slug:slug>/people/", campaign_people.campaign_people, name="campaign-people"),
    path("c/<slug:slug>/people/<int:pk>/", campaign_people.campaign_labeler, name="campaign-labeler"),
    path("c/<slug:slug>/people/<int:pk>/skills", campaign_people.set_skills, name="set-skills"),
    path("c/<slug:slug>/people/<int:pk>/keep", campaign_people.assign_by_name, name="assign-by-name"),
    path("c/<slug:slug>/people/<int:pk>/release", campaign_people.release_from_name, name="release-from-name"),
    path("c/<slug:slug>/people/<int:pk>/let-in", campaign_people.let_in, name="let-in"),
    path("c/<slug:slug>/gold/", gold.gold, name="gold"),
    path("c/<slug:slug>/gold/new/", gold.new_gold, name="new-gold"),
    path("c/<slug:slug>/gold/make", gold.make_gold, name="make-gold"),
    path("c/<slug:slug>/gold/promote", gold.promote_to_gold, name="promote-to-gold"),
    path("c/<slug:slug>/gold/<int:pk>/", gold.gold_item, name="gold-item"),
    path("c/<slug:slug>/gold/<int:pk>/revise", gold.revise_gold, name="revise-gold"),
    path("c/<slug:slug>/gold/<int:pk>/retire", gold.retire_gold, name="retire-gold"),
    path("c/<slug:slug>/pairs/", manage.add_pairs, name="add-pairs"),
    path("c/<slug:slug>/pairs/import", manage.import_pairs, name="import-pairs"),
    path("c/<slug:slug>/pairs/withdrawn/", withdrawn.withdrawn_pairs, name="withdrawn-pairs"),
    path("c/<slug:slug>/pairs/withdraw", withdrawn.withdraw_pair, name="withdraw-pair"),
    path("c/<slug:slug>/pairs/<int:pk>/bring-back", withdrawn.bring_back, name="bring-back-pair"),
    path("rubrics/", rubrics.rubrics, name="rubrics"),
    path("rubrics/new/", rubrics.new_rubric, name="new-rubric"),
    path("rubrics/new/add", rubrics.add_rubric, name="add-rubric"),
    path("rubrics/<slug:name>/", rubrics.rubric, name="rubric"),
    path("rubrics/<slug:name>/versions/<int:number>/", rubrics.rubric_version, name="rubric-version"),
    path("rubrics/<slug:name>/versions/new/", rubrics.new_rubric_version, name="new-rubric-version"),
    path("rubrics/<slug:name>/versions/add", rubrics.add_rubric_version, name="add-rubric-version"),
]
