from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from policies.api import policies, prompts, runs

urlpatterns = [
    path("prompt-sets", login_not_required(prompts.prompt_sets), name="api-prompt-sets"),
    path("prompt-sets/<slug:name>", login_not_required(prompts.prompt_set), name="api-prompt-set"),
    path("policies", login_not_required(policies.policies), name="api-policies"),
    path("policies/<int:pk>", login_not_required(policies.policy), name="api-policy"),
    path("generation-runs", login_not_required(runs.generation_runs), name="api-generation-runs"),
    path("generation-runs/<int:pk>", login_not_required(runs.generation_run), name="api-generation-run"),
]
