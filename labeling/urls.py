"""The desk, the adjudicator's page, and the pages of those who run a campaign."""

from __future__ import annotations

from django.urls import include, path

from labeling.views import adjudicate, before_work, keys, own_work, told, work

urlpatterns = [
    path("", include("labeling.urls_manage")),
    path("", include("labeling.urls_people")),
    path("keys/", keys.keys, name="keys"),
    path("keys/set", keys.set_keys, name="set-keys"),
    path("c/<slug:slug>/work/", work.work, name="work"),
    path("c/<slug:slug>/work/read", before_work.acknowledge_rubric, name="acknowledge-rubric"),
    path("c/<slug:slug>/work/consent", before_work.consent_at_desk, name="consent-at-desk"),
    path("c/<slug:slug>/work/decisions/", own_work.own_decisions, name="own-decisions"),
    path("c/<slug:slug>/work/<uuid:key>/", work.reopened, name="reopened"),
    path("c/<slug:slug>/work/<uuid:key>/draft", work.draft, name="save-draft"),
    path("c/<slug:slug>/work/<uuid:key>/undo", work.undo, name="undo-label"),
    path("c/<slug:slug>/work/<uuid:key>/report", work.report, name="report-pair"),
    path("c/<slug:slug>/work/<uuid:key>/ask", work.ask, name="ask-adjudicator"),
    path("c/<slug:slug>/work/<uuid:key>/read", work.read_answers, name="read-answers"),
    path("c/<slug:slug>/work/<uuid:key>/label", work.submit, name="submit-label"),
    path("c/<slug:slug>/work/<uuid:key>/skip", work.skip, name="skip-pair"),
    path("c/<slug:slug>/work/<uuid:key>/park", work.park, name="park-pair"),
    path("c/<slug:slug>/adjudicate/", adjudicate.adjudicate, name="adjudicate"),
    path("c/<slug:slug>/adjudicate/questions/", told.questions, name="questions"),
    path("c/<slug:slug>/adjudicate/questions/<int:pk>/answer", told.answer_question, name="answer-question"),
    path("c/<slug:slug>/reports/", told.reports, name="reports"),
    path("c/<slug:slug>/adjudicate/<uuid:key>/verdict", adjudicate.submit_adjudication, name="submit-adjudication"),
    path("c/<slug:slug>/adjudicate/<uuid:key>/back", adjudicate.give_back, name="give-back-adjudication"),
    path("c/<slug:slug>/adjudicate/<uuid:key>/", adjudicate.show_adjudication, name="show-adjudication"),
]
