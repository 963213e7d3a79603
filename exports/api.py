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
from accounts.models import User
from accounts.permissions import IsResearcher, scope
from accounts.serializers import RefusalSerializer
from exports import downloads, gates, publishing, splits
from exports.forms import campaigns_of
from exports.models import Dataset, DatasetFile, DatasetVersion


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


class GateSerializer(serializers.Serializer[gates.Gate]):
    name = serializers.CharField()
    passed = serializers.BooleanField()
    found = serializers.CharField(help_text="What was found, in a sentence.")


class WholeVersionSerializer(VersionSerializer):
    manifest = serializers.JSONField(help_text="What manifest.json holds: counts, rule, rubric versions, policies, splits, hashes.")
    files = FileSerializer(many=True)
    gates = serializers.SerializerMethodField()

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "manifest", "files", "gates"]

    @extend_schema_field(GateSerializer(many=True))
    def get_gates(self, version: DatasetVersion) -> list[dict[str, Any]]:
        return [dict(GateSerializer(gate).data) for gate in gates.check(version)]


class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    class Meta:
        model = Dataset
        fields = ["name", "description", "shares", "last_number", "created_at"]


class WholeDatasetSerializer(DatasetSerializer):
    versions = VersionSerializer(many=True)

    class Meta(DatasetSerializer.Meta):
        fields = [*DatasetSerializer.Meta.fields, "versions"]


class FreezeSerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.SlugField(max_length=80, help_text="Of the dataset: a new one, or one that has versions already.")
    campaigns = serializers.ListField(child=serializers.SlugField(), min_length=1, max_length=100, help_text="In each of them you are a researcher.")
    description = serializers.CharField(default="", allow_blank=True, max_length=300, help_text="Counts for a new dataset.")
    shares = serializers.DictField(
        child=serializers.FloatField(), required=False, help_text="Of train, validation and test; they add up to 1. Counts for a new dataset."
    )

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
    """Return a version: its manifest, its files with their hashes, and its gates."""
    found = get_object_or_404(DatasetVersion.objects.select_related("dataset").prefetch_related("files"), dataset__name=name, number=number)
    return Response(WholeVersionSerializer(found).data)


class TakesAnyAccept(BaseContentNegotiation):
    """A file is what it is, whatever the caller would rather have; refusals are JSON."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        return None

    def select_renderer(self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type


class FileView(APIView):
    permission_classes = READ
    content_negotiation_class = TakesAnyAccept
    http_method_names = ["get", "head", "options"]

    @extend_schema(
        parameters=[NAME, NUMBER, OpenApiParameter("file", str, OpenApiParameter.PATH), OpenApiParameter("Range", str, OpenApiParameter.HEADER)],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            304: None,
            416: None,
        },
        operation_id="datasets_file",
    )
    def get(self, request: Request, name: str, number: int, file: str) -> HttpResponseBase:
        """Return a file of a version, or a range of its bytes. Its ETag is its SHA-256."""
        return downloads.send(request._request, downloads.find(name, number, file))


def demand(request: Request, name: str) -> None:
    """Raise PermissionDenied unless the token has the scope."""
    needed = scope(name)()
    if not needed.has_permission(request, APIView()):
        raise PermissionDenied(getattr(needed, "message", None))


def order_of(said: dict[str, Any], user: User) -> publishing.Order:
    """Return what was asked for. Raises ValidationError for a campaign in which the person is no researcher, which may not even exist."""
    campaigns = list(campaigns_of(user).filter(slug__in=said["campaigns"]))
    if unknown := set(said["campaigns"]) - {campaign.slug for campaign in campaigns}:
        raise ValidationError({"campaigns": f"No such campaign, or you are no researcher in it: {', '.join(sorted(unknown))}."})
    return publishing.Order(
        dataset=said["name"],
        campaigns=campaigns,
        by=user,
        at=timezone.now(),
        description=said["description"],
        shares=said.get("shares", splits.DEFAULT_SHARES),
    )
