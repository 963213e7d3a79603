"""Datasets by program: list them, freeze a version, read what it is made of, fetch its files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import signed_in
from accounts.models import ApiToken, User
from accounts.permissions import IsResearcher, scope
from accounts.serializers import RefusalSerializer
from exports import access, downloads, gates, holding_out, lives, measuring, offered, publishing, splits, tasks
from exports.choices import BadChoice, Choice
from exports.forms import campaigns_of
from exports.gate_kinds import Figure, Threshold
from exports.models import Dataset, DatasetFile, DatasetVersion
from exports.recording import Right


class FileSerializer(serializers.ModelSerializer[DatasetFile]):
    class Meta:
        model = DatasetFile
        fields = ["name", "size", "sha256", "rows_count"]


class VersionSerializer(serializers.ModelSerializer[DatasetVersion]):
    """A version in short. Its id is the SHA-256 of its manifest.json."""

    id = serializers.CharField(source="manifest_sha256")
    dataset = serializers.CharField(source="dataset.name")

    class Meta:
        model = DatasetVersion
        fields = ["id", "dataset", "number", "state", "rows_count", "frozen_at"]


class GateFigureSerializer(serializers.Serializer[Figure]):
    value = serializers.FloatField(allow_null=True, help_text="A share is a fraction. Null: it could not be measured.")
    low = serializers.FloatField(allow_null=True, help_text="Of the 95 % interval, where there is one.")
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(allow_null=True, help_text="What it was counted over.")


class ThresholdSerializer(serializers.Serializer[Threshold]):
    low = serializers.FloatField(allow_null=True, help_text="The least that passes; null: anything. A share is a fraction.")
    high = serializers.FloatField(allow_null=True, help_text="The most that passes; null: anything.")


class GateSerializer(serializers.Serializer[gates.Gate]):
    """A check before release. `state` is passed, failed, waived, unmeasured or not applicable; failed and unmeasured stand in the way."""

    key = serializers.CharField()
    name = serializers.CharField()
    state = serializers.CharField()
    passed = serializers.BooleanField()
    blocks = serializers.BooleanField(help_text="It stands in the way of a release.")
    threshold = ThresholdSerializer()
    figure = GateFigureSerializer()
    previous = GateFigureSerializer(allow_null=True, help_text="Of the version before.")
    found = serializers.CharField(help_text="What was found, in a sentence.")


class WholeVersionSerializer(VersionSerializer):
    manifest = serializers.JSONField(help_text="What manifest.json holds: counts, rule, rubric versions, policies, splits, hashes.")
    files = FileSerializer(many=True)
    gates = serializers.SerializerMethodField()
    is_current = serializers.SerializerMethodField(help_text="It is the one of its dataset to use.")
    successor = serializers.SerializerMethodField(help_text="Of a withdrawn version: the number of the one to use instead, where there is one.")

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "is_current", "successor", "manifest", "files", "gates"]

    @extend_schema_field(GateSerializer(many=True))
    def get_gates(self, version: DatasetVersion) -> list[dict[str, Any]]:
        return [dict(GateSerializer(gate).data) for gate in gates.check(version)]

    def get_is_current(self, version: DatasetVersion) -> bool:
        return lives.current(version.dataset) == version

    def get_successor(self, version: DatasetVersion) -> int | None:
        instead = lives.successor(version)
        return instead.number if instead else None


class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    class Meta:
        model = Dataset
        fields = ["name", "description", "shares", "last_number", "created_at"]


class WholeDatasetSerializer(DatasetSerializer):
    versions = VersionSerializer(many=True)
    current = serializers.SerializerMethodField(help_text="The number of the version to use now; null where none is in use.")

    class Meta(DatasetSerializer.Meta):
        fields = [*DatasetSerializer.Meta.fields, "current", "versions"]

    def get_current(self, dataset: Dataset) -> int | None:
        found = lives.current(dataset)
        return found.number if found else None


class ChoiceSerializer(serializers.Serializer[dict[str, Any]]):
    """Which of the settled pairs are wanted; what is left out bars nothing."""

    rubric_versions = serializers.ListField(child=serializers.CharField(max_length=200), required=False, help_text="rubric@number")
    standings = serializers.ListField(child=serializers.ChoiceField(["agreed", "adjudicated"]), required=False)
    least_agreement = serializers.FloatField(required=False, allow_null=True, help_text="0 to 1: of the labels that count, so many say the verdict.")
    least_strength = serializers.FloatField(required=False, allow_null=True, help_text="0 to 3: the least margin.")
    policies = serializers.ListField(child=serializers.CharField(max_length=200), required=False, help_text="name@revision: both sides are by one of them.")
    slices = serializers.DictField(child=serializers.ListField(child=serializers.CharField(max_length=200)), required=False)
    cap_per_person = serializers.IntegerField(required=False, allow_null=True, help_text="So many labels of one person count at most.")


class FreezeSerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.SlugField(max_length=80, help_text="Of the dataset: a new one, or one that has versions already.")
    campaigns = serializers.ListField(child=serializers.SlugField(), min_length=1, max_length=100, help_text="In each of them you are a researcher.")
    description = serializers.CharField(default="", allow_blank=True, max_length=300, help_text="Counts for a new dataset.")
    shares = serializers.DictField(
        child=serializers.FloatField(), required=False, help_text="Of train, validation and test; they add up to 1. Counts for a new dataset."
    )

    choice = ChoiceSerializer(required=False)
    hold_out = serializers.ListField(
        child=serializers.CharField(max_length=150),
        default=list,
        max_length=1000,
        help_text="Names of labelers: what they judged makes rows in the test split alone, in this version and all later ones.",
    )

    def validate_choice(self, value: dict[str, Any]) -> Choice:
        try:
            choice = Choice.from_filters(value)
            offered.refuse_unknown(choice)
        except BadChoice as error:
            raise ValidationError(str(error)) from error
        return choice

    def validate_shares(self, value: dict[str, float]) -> dict[str, float]:
        try:
            splits.check(value)
        except splits.BadShares as error:
            raise ValidationError(str(error)) from error
        return value


NAME = OpenApiParameter("name", str, OpenApiParameter.PATH, description="Of the dataset.")
NUMBER = OpenApiParameter("number", int, OpenApiParameter.PATH, description="Of the version.")
READ: list[type[BasePermission]] = [IsAuthenticated, IsResearcher, scope("read")]


@extend_schema(methods=["GET"], responses=DatasetSerializer(many=True), operation_id="datasets_list")
@extend_schema(methods=["POST"], request=FreezeSerializer, responses={201: WholeVersionSerializer, 409: RefusalSerializer}, operation_id="datasets_freeze")
@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated, IsResearcher, scope("read", "write")])
def datasets(request: Request) -> Response:
    """List the datasets; or freeze the settled pairs of campaigns into a dataset's next version. 409: nothing can be frozen, and why."""
    if request.method == "GET":
        demand(request, "read")
        return Response(DatasetSerializer(Dataset.objects.order_by("name"), many=True).data)
    demand(request, "write")
    form = FreezeSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    try:
        made = publishing.publish(order_of(form.validated_data, signed_in(request)))
    except (publishing.NothingToFreeze, publishing.NotPublished) as refusal:
        return Response({"detail": str(refusal)}, status=status.HTTP_409_CONFLICT)
    measuring.measure(made, at=timezone.now())
    tasks.ring_for_check(made)
    return Response(WholeVersionSerializer(made).data, status=status.HTTP_201_CREATED)


@extend_schema(parameters=[NAME], responses=WholeDatasetSerializer, operation_id="datasets_retrieve")
@api_view(["GET"])
@permission_classes(READ)
def dataset(request: Request, name: str) -> Response:
    """Return a dataset with its versions, the newest first."""
    versions = Prefetch("versions", DatasetVersion.objects.select_related("dataset").order_by("-number"))
    found = get_object_or_404(Dataset.objects.prefetch_related(versions), name=name)
    return Response(WholeDatasetSerializer(found).data)


@extend_schema(parameters=[NAME, NUMBER], responses=WholeVersionSerializer, operation_id="datasets_version")
@api_view(["GET"])
@permission_classes(READ)
def version(request: Request, name: str, number: int) -> Response:
    """Return a version: its manifest, its files with their hashes, and its gates. Of a withdrawn one, what to use instead; its files are gone."""
    return Response(WholeVersionSerializer(version_named(name, number)).data)


def version_named(name: str, number: int) -> DatasetVersion:
    """Return the version, measured. Raises Http404."""
    found = get_object_or_404(DatasetVersion.objects.select_related("dataset").prefetch_related("files"), dataset__name=name, number=number)
    measuring.measure(found, at=timezone.now())
    return found


class TakesAnyAccept(BaseContentNegotiation):
    """A file is what it is, whatever the caller would rather have; refusals are JSON."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        return None

    def select_renderer(self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type


class GoneSerializer(RefusalSerializer):
    successor = serializers.IntegerField(allow_null=True, help_text="The number of the version to use instead.")


class FileView(APIView):
    permission_classes = [IsAuthenticated, scope("read", "download")]
    content_negotiation_class = TakesAnyAccept
    http_method_names = ["get", "head", "options"]

    @extend_schema(
        parameters=[NAME, NUMBER, OpenApiParameter("file", str, OpenApiParameter.PATH), OpenApiParameter("Range", str, OpenApiParameter.HEADER)],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            304: None,
            403: RefusalSerializer,
            410: GoneSerializer,
            416: None,
        },
        operation_id="datasets_file",
    )
    def get(self, request: Request, name: str, number: int, file: str) -> HttpResponseBase:
        """Return a file of a version, or a range of its bytes. Its ETag is its SHA-256.

        403: it is of the private split, and you are not named. 410: the version was withdrawn, and which one to use instead. Every download is written down.
        """
        user = signed_in(request)
        found = access.open_file(user, name, number, file)
        if found.version.state == DatasetVersion.State.WITHDRAWN:
            return Response(gone(found.version), status=status.HTTP_410_GONE)
        return downloads.send(request._request, found, right=Right.of_token(user, token_of(request)))


def token_of(request: Request) -> ApiToken:
    """Return the token that a call came with. (Its permissions have asked for one.)"""
    if not isinstance(request.auth, ApiToken):
        raise PermissionDenied
    return request.auth


def gone(version: DatasetVersion) -> dict[str, Any]:
    instead = lives.successor(version)
    return {"detail": downloads.why_gone(version), "successor": instead.number if instead else None}


def demand(request: Request, name: str) -> None:
    """Raise PermissionDenied unless the token has the scope."""
    needed = scope(name)()
    if not needed.has_permission(request, APIView()):
        raise PermissionDenied(getattr(needed, "message", None))


def order_of(said: dict[str, Any], user: User) -> publishing.Order:
    """Return what was asked for. Raises ValidationError for a campaign in which the person is no researcher, which may not even exist, and for a labeler
    whom they do not know."""
    campaigns = list(campaigns_of(user).filter(slug__in=said["campaigns"]))
    if unknown := set(said["campaigns"]) - {campaign.slug for campaign in campaigns}:
        raise ValidationError({"campaigns": f"No such campaign, or you are no researcher in it: {', '.join(sorted(unknown))}."})
    try:
        people = holding_out.named(said["hold_out"], campaigns)
    except holding_out.CannotHoldOut as error:
        raise ValidationError({"hold_out": str(error)}) from error
    return publishing.Order(
        dataset=said["name"],
        campaigns=campaigns,
        by=user,
        at=timezone.now(),
        description=said["description"],
        shares=said.get("shares", splits.DEFAULT_SHARES),
        choice=said.get("choice") or Choice(),
        hold_out=people,
    )
