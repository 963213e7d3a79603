"""Generation runs by program."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import signed_in
from policies import generating, runs, tasks
from policies.api.common import READ, READ_OR_WRITE, demand
from policies.forms import random_seed
from policies.generating import CannotStart
from policies.models import GenerationRun, Policy, PromptSet

A_PAGE = 100


class RunLineSerializer(serializers.Serializer[runs.RunLine]):
    """A generation run in short, in requests."""

    id = serializers.IntegerField(source="run.pk")
    prompt_set = serializers.CharField(source="run.prompt_set.name")
    policy_a = serializers.CharField(source="run.policy_a.name")
    policy_b = serializers.CharField(source="run.policy_b.name")
    seed = serializers.IntegerField(source="run.seed")
    created_at = serializers.DateTimeField(source="run.created_at")
    stopped_at = serializers.DateTimeField(source="run.stopped_at", allow_null=True)
    total = serializers.IntegerField()
    stored = serializers.IntegerField()
    failed = serializers.IntegerField()
    stopped = serializers.IntegerField()
    open = serializers.IntegerField(help_text="Queued or running.")


class PolicyProgressSerializer(serializers.Serializer[runs.PolicyProgress]):
    policy = serializers.CharField(source="policy.name")
    queued = serializers.IntegerField()
    running = serializers.IntegerField()
    stored = serializers.IntegerField()
    failed = serializers.IntegerField()
    stopped = serializers.IntegerField()
    cut = serializers.IntegerField(allow_null=True, help_text="Responses that ended at the most tokens allowed.")
    tokens = serializers.FloatField(allow_null=True, help_text="Mean length of a response.")


class FailureSerializer(serializers.Serializer[runs.Failure]):
    reason = serializers.CharField()
    detail = serializers.CharField()
    requests = serializers.IntegerField()
    attempts = serializers.IntegerField()
    last_seen = serializers.DateTimeField()
    is_final = serializers.BooleanField(help_text="False: queued, and tried again.")
    advice = serializers.CharField()


class WorkerSerializer(serializers.Serializer[runs.WorkerAtWork]):
    name = serializers.CharField()
    holds = serializers.IntegerField()
    last_beat = serializers.DateTimeField()
    is_alive = serializers.BooleanField()


class ProgressSerializer(serializers.Serializer[runs.Progress]):
    """How far a generation run is, in requests."""

    id = serializers.IntegerField(source="run.pk")
    prompt_set = serializers.CharField(source="run.prompt_set.name")
    seed = serializers.IntegerField(source="run.seed")
    created_at = serializers.DateTimeField(source="run.created_at")
    stopped_at = serializers.DateTimeField(source="run.stopped_at", allow_null=True)
    state = serializers.CharField(help_text="queued, running, stopping, stopped, failed or done.")
    is_over = serializers.BooleanField()
    total = serializers.IntegerField()
    queued = serializers.IntegerField()
    running = serializers.IntegerField()
    stored = serializers.IntegerField()
    failed = serializers.IntegerField()
    stopped = serializers.IntegerField()
    tokens_a_second = serializers.FloatField(allow_null=True, help_text="Over the last minute; null where no engine says.")
    ends_about = serializers.DateTimeField(allow_null=True)
    lacks_a_worker = serializers.BooleanField(help_text="Requests wait, and no worker has taken them for 30 seconds.")
    by_policy = PolicyProgressSerializer(many=True)
    failures = FailureSerializer(many=True)
    workers = WorkerSerializer(many=True)


class NewRunSerializer(serializers.Serializer[dict[str, Any]]):
    prompt_set = serializers.CharField()
    policies = serializers.ListField(
        child=serializers.CharField(),
        min_length=1,
        max_length=2,
        help_text="Two names; the first one's responses become A. One is asked twice.",
    )
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**63 - 1, help_text="Left out: a random one.")

    def validate_prompt_set(self, value: str) -> PromptSet:
        found = PromptSet.objects.filter(name=value).first()
        if found is None:
            raise ValidationError("There is no prompt set of that name.")
        return found

    def validate_policies(self, value: list[str]) -> list[Policy]:
        found = {policy.name: policy for policy in Policy.objects.filter(name__in=value)}
        if unknown := [name for name in value if name not in found]:
            raise ValidationError(f"There is no policy {unknown[0]!r}.")
        return [found[name] for name in value]


RUN_KEY = OpenApiParameter("id", int, OpenApiParameter.PATH)
BEFORE = OpenApiParameter("before", int, description="Only runs with a lower id: the last one of the page before.")


@extend_schema(methods=["GET"], parameters=[BEFORE], responses=RunLineSerializer(many=True), operation_id="generation_runs_list")
@extend_schema(methods=["POST"], request=NewRunSerializer, responses={201: ProgressSerializer}, operation_id="generation_runs_start")
@api_view(["GET", "POST"])
@permission_classes(READ_OR_WRITE)
def generation_runs(request: Request) -> Response:
    """List the generation runs, newest first, a hundred at a time; or start one, for a gpu worker to answer."""
    if request.method == "GET":
        demand(request, "read")
        lines: Any = runs.lines_of(page_of_runs(request))
        return Response(RunLineSerializer(lines, many=True).data)
    demand(request, "write")
    form = NewRunSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    asked: list[Policy] = form.validated_data["policies"]
    try:
        run = generating.start_run(
            prompt_set=form.validated_data["prompt_set"],
            policy_a=asked[0],
            policy_b=asked[-1],
            seed=form.validated_data.get("seed", random_seed()),
            by=signed_in(request),
            at=timezone.now(),
        )
    except CannotStart as refusal:
        raise ValidationError({"non_field_errors": [str(refusal)]}) from refusal
    tasks.ring(run.pk)
    return Response(ProgressSerializer(runs.progress_of(run, at=timezone.now())).data, status=status.HTTP_201_CREATED)


def page_of_runs(request: Request) -> QuerySet[GenerationRun]:
    before = request.query_params.get("before", "")
    if before and not (before.isascii() and before.isdigit()):
        raise ParseError("before: give the id of a run.")
    newest = GenerationRun.objects.order_by("-pk")
    keys = list((newest.filter(pk__lt=int(before)) if before else newest).values_list("pk", flat=True)[:A_PAGE])
    return GenerationRun.objects.filter(pk__in=keys).order_by("-pk")


@extend_schema(parameters=[RUN_KEY], responses=ProgressSerializer, operation_id="generation_runs_retrieve")
@api_view(["GET"])
@permission_classes(READ)
def generation_run(request: Request, pk: int) -> Response:
    """Return how far a run is, its failures with their reasons, and who works on it."""
    found = get_object_or_404(GenerationRun.objects.select_related("prompt_set", "policy_a", "policy_b"), pk=pk)
    return Response(ProgressSerializer(runs.progress_of(found, at=timezone.now())).data)
