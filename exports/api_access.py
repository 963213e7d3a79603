"""Who may fetch what, by program: the private split, links, and the ledger of downloads."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import api_view, permission_classes
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import researcher
from accounts.models import User
from accounts.permissions import IsResearcher, scope
from accounts.serializers import RefusalSerializer
from exports import access, granting, linking
from exports.api import NAME, NUMBER, READ, demand, version_named
from exports.api_life import LONGEST, WRITE, checked, refusal
from exports.linking import MOST_DAYS
from exports.models import Dataset, DatasetFile, Download, DownloadLink, SplitAccess


class StandingSerializer(serializers.Serializer[Any]):
    """How a person stands towards the private split."""

    person = serializers.CharField(source="person.username")
    named = serializers.BooleanField(help_text="They may download it.")
    waits = serializers.BooleanField(help_text="They have asked, and nobody has decided.")
    since = serializers.DateTimeField(source="last.at")
    reason = serializers.CharField(source="last.reason", allow_null=True, help_text="Null once erased.")


class AskForAccessSerializer(serializers.Serializer[dict[str, Any]]):
    reason = serializers.CharField(max_length=LONGEST)


class DecideAccessSerializer(serializers.Serializer[dict[str, Any]]):
    person = serializers.CharField(max_length=150)
    kind = serializers.ChoiceField([kind.value for kind in access.DECISIONS])
    reason = serializers.CharField(max_length=LONGEST)


class SplitAccessSerializer(serializers.ModelSerializer[SplitAccess]):
    person = serializers.CharField(source="person.username")
    by = serializers.CharField(source="actor.username", default="", help_text="Empty: an operator.")

    class Meta:
        model = SplitAccess
        fields = ["person", "kind", "by", "reason", "at"]


class DownloadSerializer(serializers.ModelSerializer[Download]):
    version = serializers.IntegerField(source="version.number")
    person = serializers.CharField(source="person.username", default="", help_text="Empty: by a link; who held it is not known.")
    token = serializers.CharField(source="token.name", default="")
    link = serializers.SerializerMethodField(help_text="For whom the link was made.")

    class Meta:
        model = Download
        fields = ["version", "name", "sha256", "size", "first_byte", "last_byte", "how", "person", "token", "link", "address", "sent_to", "at"]

    @extend_schema_field(OpenApiTypes.STR)
    def get_link(self, download: Download) -> str:
        return (download.link.for_whom or "") if download.link else ""


class MakeLinkSerializer(serializers.Serializer[dict[str, Any]]):
    file = serializers.CharField(max_length=120)
    for_whom = serializers.CharField(max_length=120)
    days = serializers.IntegerField(default=7, min_value=1, max_value=MOST_DAYS)


class LinkSerializer(serializers.ModelSerializer[DownloadLink]):
    """A link. Its address is told once, when it is made."""

    made_by = serializers.CharField(source="made_by.username")

    class Meta:
        model = DownloadLink
        fields = ["id", "name", "shown", "for_whom", "made_by", "created_at", "expires_at", "revoked_at"]


class MadeLinkSerializer(LinkSerializer):
    url = serializers.SerializerMethodField()

    class Meta(LinkSerializer.Meta):
        fields = [*LinkSerializer.Meta.fields, "url"]

    def get_url(self, link: DownloadLink) -> str:
        return str(self.context["url"])


class Ledger(CursorPagination):
    ordering = "-pk"


@extend_schema(parameters=[NAME], methods=["GET"], responses=StandingSerializer(many=True), operation_id="datasets_access")
@extend_schema(
    parameters=[NAME],
    methods=["POST"],
    request=AskForAccessSerializer,
    responses={201: SplitAccessSerializer, 409: RefusalSerializer},
    operation_id="datasets_ask_for_access",
)
@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated, scope("read", "write")])
def split_access(request: Request, name: str) -> Response:
    """Return who may download the private split of a dataset, and who has asked; or ask for it."""
    user, dataset = access.reader(request), get_object_or_404(Dataset, name=name)
    if request.method == "GET":
        demand(request, "read")
        return Response(StandingSerializer(access.standings(dataset), many=True).data)
    demand(request, "write")
    said = checked(AskForAccessSerializer(data=request.data))
    try:
        asked = granting.ask(dataset, person=user, reason=said["reason"], at=timezone.now())
    except granting.NotPossible as error:
        return refusal(error)
    return Response(SplitAccessSerializer(asked).data, status=status.HTTP_201_CREATED)


@extend_schema(
    parameters=[NAME],
    request=DecideAccessSerializer,
    responses={201: SplitAccessSerializer, 404: RefusalSerializer, 409: RefusalSerializer},
    operation_id="datasets_decide_access",
)
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("write")])
def decide_access(request: Request, name: str) -> Response:
    """Decide who may download the private split, as an owner or as who made the dataset; never on oneself."""
    user, dataset = access.reader(request), get_object_or_404(Dataset, name=name)
    said = checked(DecideAccessSerializer(data=request.data))
    person = get_object_or_404(User, username=said["person"], kind=User.Kind.PERSON, is_active=True)
    try:
        decided = granting.decide(dataset, person=person, kind=SplitAccess.Kind(said["kind"]), actor=user, reason=said["reason"], at=timezone.now())
    except granting.NotPossible as error:
        return refusal(error)
    return Response(SplitAccessSerializer(decided).data, status=status.HTTP_201_CREATED)


@extend_schema(parameters=[NAME], responses=DownloadSerializer(many=True), operation_id="datasets_downloads")
@api_view(["GET"])
@permission_classes(READ)
def downloads(request: Request, name: str) -> Response:
    """Return who fetched which bytes of a dataset, the latest first, a page at a time."""
    dataset = get_object_or_404(Dataset, name=name)
    found = Download.objects.filter(version__dataset=dataset).select_related("version", "person", "token", "link").defer("version__manifest")
    ledger = Ledger()
    page = ledger.paginate_queryset(found, request)
    return ledger.get_paginated_response(DownloadSerializer(page, many=True).data)


@extend_schema(parameters=[NAME, NUMBER], methods=["GET"], responses=LinkSerializer(many=True), operation_id="versions_links")
@extend_schema(
    parameters=[NAME, NUMBER],
    methods=["POST"],
    request=MakeLinkSerializer,
    responses={201: MadeLinkSerializer, 404: RefusalSerializer, 409: RefusalSerializer},
    operation_id="versions_make_link",
)
@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated, IsResearcher, scope("read", "write")])
def links(request: Request, name: str, number: int) -> Response:
    """Return the links to files of a version; or make one that opens a file until it expires or is revoked. The private split has none."""
    version = version_named(name, number)
    if request.method == "GET":
        demand(request, "read")
        return Response(LinkSerializer(version.links.select_related("made_by").order_by("-pk"), many=True).data)
    demand(request, "write")
    said = checked(MakeLinkSerializer(data=request.data))
    file = get_object_or_404(DatasetFile.objects.select_related("version__dataset"), version=version, name=said["file"])
    try:
        link, secret = linking.make_link(file, for_whom=said["for_whom"], days=said["days"], made_by=researcher(request), at=timezone.now())
    except linking.NotPossible as error:
        return refusal(error)
    url = request.build_absolute_uri(linking.path_of(secret, link.name))
    return Response(MadeLinkSerializer(link, context={"url": url}).data, status=status.HTTP_201_CREATED)


@extend_schema(parameters=[NAME], request=None, responses={200: LinkSerializer}, operation_id="links_revoke")
@api_view(["POST"])
@permission_classes(WRITE)
def revoke_link(request: Request, name: str, pk: int) -> Response:
    """End a link at once."""
    link = get_object_or_404(DownloadLink.objects.select_related("made_by"), version__dataset__name=name, pk=pk)
    linking.revoke_link(link, actor=researcher(request), at=timezone.now())
    link.refresh_from_db()
    return Response(LinkSerializer(link).data)
