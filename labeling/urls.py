"""The desk, the adjudicator's page, and the pages of those who run a campaign."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from labeling.views import adjudicate, before_work, keys, own_work, told, work

of_pair: list[URLPattern | URLResolver] = [
    path("", work.reopened, name="reopened"),
    path("draft", work.draft, name="save-draft"),
    path("undo", work.undo, name="undo-label"),
    path("report", work.report, name="report-pair"),
    path("ask", work.ask, name="ask-adjudicator"),
    path("read", work.read_answers, name="read-answers"),
    path("label", work.submit, name="submit-label"),
    path("skip", work.skip, name="skip-pair"),
    path("park", work.park, name="park-pair"),
]
"""The desk's scripts know that all of these differ in their last part alone."""
desk: list[URLPattern | URLResolver] = [
    path("<uuid:key>/", include(of_pair)),
    path("", work.work, name="work"),
    path("read", before_work.acknowledge_rubric, name="acknowledge-rubric"),
    path("consent", before_work.consent_at_desk, name="consent-at-desk"),
    path("decisions/", own_work.own_decisions, name="own-decisions"),
]
urlpatterns = [
    path("c/<slug:slug>/work/", include(desk)),  # first, since it is asked for most
    path("", include("labeling.urls_manage")),
    path("", include("labeling.urls_people")),
    path("keys/", keys.keys, name="keys"),
    path("keys/set", keys.set_keys, name="set-keys"),
    path("c/<slug:slug>/adjudicate/", adjudicate.adjudicate, name="adjudicate"),
    path("c/<slug:slug>/adjudicate/questions/", told.questions, name="questions"),
    path("c/<slug:slug>/adjudicate/questions/<int:pk>/answer", told.answer_question, name="answer-question"),
    path("c/<slug:slug>/reports/", told.reports, name="reports"),
    path("c/<slug:slug>/adjudicate/<uuid:key>/verdict", adjudicate.submit_adjudication, name="submit-adjudication"),
    path("c/<slug:slug>/adjudicate/<uuid:key>/back", adjudicate.give_back, name="give-back-adjudication"),
    path("c/<slug:slug>/adjudicate/<uuid:key>/", adjudicate.show_adjudication, name="show-adjudication"),
]
