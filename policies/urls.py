from __future__ import annotations

from django.urls import path

from policies.views import policies, prompts, runs

urlpatterns = [
    path("prompts/", prompts.prompt_sets, name="prompt-sets"),
    path("prompts/import", prompts.import_prompts, name="import-prompts"),
    path("prompts/<slug:name>/", prompts.prompt_set, name="prompt-set"),
    path("policies/", policies.policies, name="policies"),
    path("policies/register", policies.register_policy, name="register-policy"),
    path("policies/<int:pk>/", policies.policy, name="policy"),
    path("runs/", runs.run_list, name="runs"),
    path("runs/new", runs.start_run, name="start-run"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/progress", runs.run_progress, name="run-progress"),
    path("runs/<int:pk>/stop", runs.stop_run, name="stop-run"),
    path("runs/<int:pk>/resume", runs.resume_run, name="resume-run"),
    path("runs/<int:pk>/retry", runs.retry_failed, name="retry-failed"),
]
