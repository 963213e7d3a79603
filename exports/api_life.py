"""A version's life by program: release it, waive a gate, roll back, withdraw; thresholds, golden pairs, readings, and what happened."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import owner, researcher
from accounts.permissions import IsResearcher, scope
from accounts.serializers import RefusalSerializer
from exports import access, gatekeeping, golden_pairs, proofreading, readings, records, releasing
from exports.api import NAME, NUMBER, READ, ThresholdSerializer, WholeVersionSerializer, demand, version_named
from exports.gate_kinds import KINDS, Threshold
from exports.models import PRIVATE, Dataset, GateThreshold, GoldenPair, RowReading, SampleRow, VersionEvent, Waiver
from exports.thresholds import thresholds_of

WRITE: list[type[BasePermission]] = [IsAuthenticated, IsResearcher, scope("write")]
LONGEST = 500


class EventSerializer(serializers.ModelSerializer[VersionEvent]):
    who = serializers.CharField(source="actor.username", default="", help_text="Empty: an operator.")
    successor = serializers.IntegerField(source="successor.number", default=None, allow_null=True)

    class Meta:
        model = VersionEvent
        fields = ["kind", "who", "reason", "successor", "detail", "at"]


class ReleaseSerializer(serializers.Serializer[dict[str, Any]]):
    reason = serializers.CharField(default="", allow_blank=True, max_length=LONGEST)


class BlockedSerializer(RefusalSerializer):
    reasons = serializers.ListField(child=serializers.CharField(), help_text="One for each gate that stands in the way.")


class WaiveSerializer(serializers.Serializer[dict[str, Any]]):
    gate = serializers.ChoiceField(list(KINDS))
    reason = serializers.CharField(max_length=LONGEST)


class WaiverSerializer(serializers.ModelSerializer[Waiver]):
    owner = serializers.CharField(source="actor.username")

    class Meta:
        model = Waiver
        fields = ["gate", "owner", "reason", "found", "at"]


class ChangeSerializer(serializers.Serializer[dict[str, Any]]):
    reason = serializers.CharField(max_length=LONGEST)


class WithdrawSerializer(ChangeSerializer):
    successor = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=2**31 - 1, help_text="The number of the version to use instead."
    )


class SetThresholdSerializer(ThresholdSerializer):
    gate = serializers.ChoiceField(list(KINDS))
    reason = serializers.CharField(max_length=LONGEST)


class GateThresholdSerializer(serializers.Serializer[dict[str, Any]]):
    gate = serializers.CharField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class MarkSerializer(serializers.Serializer[dict[str, Any]]):
    number = serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text="Of a version of the dataset.")
    position = serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text="Of a row of it.")
    why = serializers.CharField(max_length=LONGEST)


class GoldenPairSerializer(serializers.ModelSerializer[GoldenPair]):
    pair = serializers.CharField(source="pair.external_id", help_text="The id that came with the pair; empty where none did.")
    verdict = serializers.CharField(allow_null=True, help_text="a or b: the side that must stay the better one. Null: it was let go.")

    class Meta:
        model = GoldenPair
        fields = ["id", "pair", "verdict", "why", "at"]


class ReadingSerializer(serializers.Serializer[Any]):
    sample = serializers.CharField()
    drawn = serializers.IntegerField()
    fine = serializers.IntegerField()
    wrong = serializers.IntegerField()
    unsure = serializers.IntegerField()


class ReadSerializer(serializers.Serializer[dict[str, Any]]):
    sample = serializers.ChoiceField(SampleRow.Sample.choices)
    place = serializers.IntegerField(min_value=1, max_value=2**31 - 1, help_text="Of the row in its sample, from 1.")
    verdict = serializers.ChoiceField(RowReading.Verdict.choices)
    note = serializers.CharField(default="", allow_blank=True, max_length=LONGEST)


class RecordSerializer(serializers.Serializer[records.Record]):
    """What is on record of a version, in sentences as cards print them."""

    state = serializers.CharField()
    gates = serializers.ListField(child=serializers.CharField())
    waivers = serializers.ListField(child=serializers.CharField())
    readings = serializers.ListField(child=serializers.CharField())
    events = serializers.ListField(child=serializers.CharField())
    approved_by = serializers.CharField(help_text="Who released it; empty where it is not released.")


def refusal(error: Exception, code: int = status.HTTP_409_CONFLICT) -> Response:
    return Response({"detail": str(error)}, status=code)


def checked(form: serializers.Serializer[Any]) -> dict[str, Any]:
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


@extend_schema(
    parameters=[NAME, NUMBER], request=ReleaseSerializer, responses={200: WholeVersionSerializer, 409: BlockedSerializer}, operation_id="versions_release"
)
@api_view(["POST"])
@permission_classes(WRITE)
def release(request: Request, name: str, number: int) -> Response:
    """Make a frozen version the current one. 409: gates stand in its way, and which; or it is not frozen any more."""
    version, said = version_named(name, number), checked(ReleaseSerializer(data=request.data))
    try:
        releasing.release(version, actor=researcher(request), reason=said["reason"], at=timezone.now())
    except releasing.Blocked as blocked:
        return Response({"detail": "Gates stand in the way.", "reasons": blocked.reasons}, status=status.HTTP_409_CONFLICT)
    except releasing.NotPossible as error:
        return Response({"detail": str(error), "reasons": []}, status=status.HTTP_409_CONFLICT)
    return Response(WholeVersionSerializer(version).data)


@extend_schema(parameters=[NAME, NUMBER], methods=["GET"], responses=WaiverSerializer(many=True), operation_id="versions_waivers")
@extend_schema(
    parameters=[NAME, NUMBER],
    methods=["POST"],
    request=WaiveSerializer,
    responses={201: WaiverSerializer, 409: RefusalSerializer},
    operation_id="versions_waive",
)
@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated, scope("read", "write")])
def waivers(request: Request, name: str, number: int) -> Response:
    """List the waivers of a version; or let it pass a gate that it failed, as an owner, by name and with a reason."""
    if request.method == "GET":
        demand(request, "read")
        access.reader(request)
        return Response(WaiverSerializer(version_named(name, number).waivers.select_related("actor").order_by("pk"), many=True).data)
    demand(request, "write")
    actor = owner(request)
    version, said = version_named(name, number), checked(WaiveSerializer(data=request.data))
    try:
        waiver = gatekeeping.waive(version, said["gate"], actor=actor, reason=said["reason"], at=timezone.now())
    except gatekeeping.NotPossible as error:
        return refusal(error)
    return Response(WaiverSerializer(waiver).data, status=status.HTTP_201_CREATED)


@extend_schema(parameters=[NAME, NUMBER], request=ChangeSerializer, responses={200: EventSerializer, 409: RefusalSerializer}, operation_id="versions_roll_back")
@api_view(["POST"])
@permission_classes(WRITE)
def roll_back(request: Request, name: str, number: int) -> Response:
    """Make the version that was current before this one the current one again. Nothing is deleted."""
    version, said = version_named(name, number), checked(ChangeSerializer(data=request.data))
    try:
        return Response(EventSerializer(releasing.roll_back(version, actor=researcher(request), reason=said["reason"], at=timezone.now())).data)
    except releasing.NotPossible as error:
        return refusal(error)


@extend_schema(parameters=[NAME, NUMBER], request=ChangeSerializer, responses={200: EventSerializer, 409: RefusalSerializer}, operation_id="versions_reinstate")
@api_view(["POST"])
@permission_classes(WRITE)
def reinstate(request: Request, name: str, number: int) -> Response:
    """Make a released version the current one again."""
    version, said = version_named(name, number), checked(ChangeSerializer(data=request.data))
    try:
        return Response(EventSerializer(releasing.reinstate(version, actor=researcher(request), reason=said["reason"], at=timezone.now())).data)
    except releasing.NotPossible as error:
        return refusal(error)


@extend_schema(
    parameters=[NAME, NUMBER], request=WithdrawSerializer, responses={200: EventSerializer, 409: RefusalSerializer}, operation_id="versions_withdraw"
)
@api_view(["POST"])
@permission_classes(WRITE)
def withdraw(request: Request, name: str, number: int) -> Response:
    """Say that nobody is to use the version any more: its files answer 410. Said of a withdrawn version, name what to use instead."""
    version, said, actor = version_named(name, number), checked(WithdrawSerializer(data=request.data)), researcher(request)
    instead = get_object_or_404(version.dataset.versions, number=said["successor"]) if said.get("successor") else None
    try:
        if version.state == version.State.WITHDRAWN and instead:
            event = releasing.name_successor(version, successor=instead, actor=actor, reason=said["reason"], at=timezone.now())
        else:
            event = releasing.withdraw(version, actor=actor, reason=said["reason"], at=timezone.now(), successor=instead)
    except releasing.NotPossible as error:
        return refusal(error)
    return Response(EventSerializer(event).data)


@extend_schema(parameters=[NAME, NUMBER], responses=EventSerializer(many=True), operation_id="versions_events")
@api_view(["GET"])
@permission_classes(READ)
def events(request: Request, name: str, number: int) -> Response:
    """Return what became of a version, first to last."""
    return Response(EventSerializer(version_named(name, number).events.select_related("actor", "successor").order_by("pk"), many=True).data)


@extend_schema(parameters=[NAME, NUMBER], responses=RecordSerializer, operation_id="versions_record")
@api_view(["GET"])
@permission_classes(READ)
def record(request: Request, name: str, number: int) -> Response:
    """Return what is on record of a version besides its bytes: gates, waivers, readings, events, in sentences."""
    return Response(RecordSerializer(records.record_of(version_named(name, number))).data)


@extend_schema(parameters=[NAME, NUMBER], methods=["GET"], responses=ReadingSerializer(many=True), operation_id="versions_readings")
@extend_schema(
    parameters=[NAME, NUMBER],
    methods=["POST"],
    request=ReadSerializer,
    responses={201: ReadingSerializer, 404: RefusalSerializer},
    operation_id="versions_read",
)
@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated, IsResearcher, scope("read", "write")])
def row_readings(request: Request, name: str, number: int) -> Response:
    """Return how far the reading of both samples is; or store what a person found who read a row."""
    version = version_named(name, number)
    if request.method == "GET":
        demand(request, "read")
        return Response(ReadingSerializer(list(readings.readings_of(version).values()), many=True).data)
    demand(request, "write")
    said = checked(ReadSerializer(data=request.data))
    row = get_object_or_404(version.sample_rows, sample=said["sample"], place=said["place"])
    proofreading.read(row, verdict=RowReading.Verdict(said["verdict"]), note=said["note"], reader=researcher(request), at=timezone.now())
    return Response(ReadingSerializer(readings.readings_of(version)[said["sample"]]).data, status=status.HTTP_201_CREATED)


@extend_schema(parameters=[NAME], methods=["GET"], responses=GateThresholdSerializer(many=True), operation_id="datasets_thresholds")
@extend_schema(
    parameters=[NAME],
    methods=["POST"],
    request=SetThresholdSerializer,
    responses={201: GateThresholdSerializer, 403: RefusalSerializer, 409: RefusalSerializer},
    operation_id="datasets_set_threshold",
)
@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated, scope("read", "write")])
def thresholds(request: Request, name: str) -> Response:
    """Return what the gates of a dataset ask for; or change one, as an owner or as who made the dataset."""
    user, dataset = access.reader(request), get_object_or_404(Dataset, name=name)
    if request.method == "GET":
        demand(request, "read")
        return Response([{"gate": key, "low": asks.low, "high": asks.high} for key, asks in thresholds_of(dataset).items()])
    demand(request, "write")
    if not access.may_decide(user, dataset):
        return refusal(PermissionError("An owner or the dataset’s maker changes what gates ask for."), status.HTTP_403_FORBIDDEN)
    said = checked(SetThresholdSerializer(data=request.data))
    try:
        row: GateThreshold = gatekeeping.set_threshold(
            dataset, said["gate"], Threshold(said["low"], said["high"]), actor=user, reason=said["reason"], at=timezone.now()
        )
    except gatekeeping.NotPossible as error:
        return refusal(error)
    return Response({"gate": row.gate, "low": row.low, "high": row.high}, status=status.HTTP_201_CREATED)


@extend_schema(parameters=[NAME], methods=["GET"], responses=GoldenPairSerializer(many=True), operation_id="datasets_golden_pairs")
@extend_schema(
    parameters=[NAME],
    methods=["POST"],
    request=MarkSerializer,
    responses={201: GoldenPairSerializer, 404: RefusalSerializer},
    operation_id="datasets_mark_golden",
)
@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated, IsResearcher, scope("read", "write")])
def golden(request: Request, name: str) -> Response:
    """Return the pairs whose verdict must stay; or mark the pair of a row so."""
    dataset = get_object_or_404(Dataset, name=name)
    if request.method == "GET":
        demand(request, "read")
        return Response(GoldenPairSerializer(golden_pairs.marked(dataset), many=True).data)
    demand(request, "write")
    user, said = researcher(request), checked(MarkSerializer(data=request.data))
    row = golden_pairs.row_at(dataset, number=said["number"], position=said["position"])
    if row is None or (row.split == PRIVATE and not access.is_named(user, dataset)):
        return Response({"detail": "There is no such row that you may read."}, status=status.HTTP_404_NOT_FOUND)
    mark = gatekeeping.mark_golden(row, actor=user, why=said["why"], at=timezone.now())
    return Response(GoldenPairSerializer(mark).data, status=status.HTTP_201_CREATED)


@extend_schema(parameters=[NAME], request=ChangeSerializer, responses={200: GoldenPairSerializer}, operation_id="datasets_let_golden_go")
@api_view(["POST"])
@permission_classes(WRITE)
def let_golden_go(request: Request, name: str, pk: int) -> Response:
    """Say that the verdict of a golden pair may change again."""
    mark = get_object_or_404(GoldenPair.objects.select_related("pair", "dataset"), dataset__name=name, pk=pk)
    said = checked(ChangeSerializer(data=request.data))
    return Response(GoldenPairSerializer(gatekeeping.let_go(mark, actor=researcher(request), why=said["reason"], at=timezone.now())).data)
