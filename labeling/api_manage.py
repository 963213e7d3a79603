"""Rubrics and campaigns by program."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import signed_in
from accounts.permissions import IsResearcher, scope
from accounts.serializers import RefusalSerializer
from labeling import access, campaigning, pairing, wording
from labeling.api_checks import EITHER, READ, SLUG, checked, demand, demand_researcher, refused
from labeling.api_settings import SettingsSerializer, WholeCampaignSerializer
from labeling.forms import check_kept_whole
from labeling.forms_manage import MAX_BODY
from labeling.models import Campaign, Membership, Role, Rubric, RubricVersion
from policies.models import GenerationRun

NAME = OpenApiParameter("name", str, OpenApiParameter.PATH, description="Of the rubric.")


# ---- rubrics -------------------------------------------------------------------------------------------------------


class RubricVersionSerializer(serializers.ModelSerializer[RubricVersion]):
    class Meta:
        model = RubricVersion
        fields = ["number", "body", "reasons", "criteria", "change_note", "sha256", "created_at"]


class RubricSerializer(serializers.ModelSerializer[Rubric]):
    class Meta:
        model = Rubric
        fields = ["name", "title", "created_at"]


class WholeRubricSerializer(RubricSerializer):
    versions = RubricVersionSerializer(many=True, help_text="The newest first.")

    class Meta(RubricSerializer.Meta):
        fields = [*RubricSerializer.Meta.fields, "versions"]


def check_wording(body: str) -> str:
    """Return a wording that can be kept and says something. Raises ValidationError."""
    if not body.strip():
        raise ValidationError("It says nothing.")
    return check_kept_whole(body)


class NewVersionSerializer(serializers.Serializer[dict[str, Any]]):
    body = serializers.CharField(max_length=MAX_BODY, trim_whitespace=False, help_text="Markdown.")
    change_note = serializers.CharField(default="", allow_blank=True, max_length=300)

    def validate_body(self, value: str) -> str:
        return check_wording(value)


class NewRubricSerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.SlugField(max_length=80)
    title = serializers.CharField(max_length=120)
    body = serializers.CharField(max_length=MAX_BODY, trim_whitespace=False, help_text="Markdown.")

    def validate_name(self, value: str) -> str:
        if value in wording.RESERVED_NAMES:
            raise ValidationError("It is a word of the addresses here. Choose another name.")
        return value

    def validate_body(self, value: str) -> str:
        return check_wording(value)


@extend_schema(methods=["GET"], responses=RubricSerializer(many=True), operation_id="rubrics_list")
@extend_schema(methods=["POST"], request=NewRubricSerializer, responses={201: WholeRubricSerializer, 409: RefusalSerializer}, operation_id="rubrics_create")
@api_view(["GET", "POST"])
@permission_classes([*EITHER, IsResearcher])
def rubrics(request: Request) -> Response:
    """List the rubrics; or store a new one, with its version 1."""
    demand(request, "read" if request.method == "GET" else "write")
    if request.method == "GET":
        return Response(RubricSerializer(Rubric.objects.order_by("name"), many=True).data)
    said = checked(NewRubricSerializer(data=request.data))
    try:
        made = wording.add_rubric(**said, actor=signed_in(request), at=timezone.now())
    except wording.NameTaken as refusal:
        return refused(refusal)
    return Response(WholeRubricSerializer(whole_rubric(made.rubric.name)).data, status=status.HTTP_201_CREATED)


@extend_schema(parameters=[NAME], responses=WholeRubricSerializer, operation_id="rubrics_retrieve")
@api_view(["GET"])
@permission_classes([*READ, IsResearcher])
def rubric(request: Request, name: str) -> Response:
    """Return a rubric with every version of it."""
    return Response(WholeRubricSerializer(whole_rubric(name)).data)


@extend_schema(
    parameters=[NAME], request=NewVersionSerializer, responses={201: RubricVersionSerializer, 409: RefusalSerializer}, operation_id="rubrics_add_version"
)
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("write"), IsResearcher])
def rubric_versions(request: Request, name: str) -> Response:
    """Store the next version. Campaigns stay with the one they have. 409: the newest says just this."""
    found = get_object_or_404(Rubric, name=name)
    said = checked(NewVersionSerializer(data=request.data))
    try:
        version = wording.add_version(rubric=found, **said, actor=signed_in(request), at=timezone.now())
    except wording.SameWording as refusal:
        return refused(refusal)
    return Response(RubricVersionSerializer(version).data, status=status.HTTP_201_CREATED)


def whole_rubric(name: str) -> Rubric:
    versions = Prefetch("versions", RubricVersion.objects.order_by("-number"))
    return get_object_or_404(Rubric.objects.prefetch_related(versions), name=name)


# ---- campaigns -----------------------------------------------------------------------------------------------------


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    """What everybody with a role in it may know."""

    roles = serializers.SerializerMethodField(help_text="Yours in it.")

    class Meta:
        model = Campaign
        fields = ["slug", "name", "state", "roles"]

    def get_roles(self, campaign: Campaign) -> list[str]:
        return sorted(membership.role for membership in campaign.mine)  # type: ignore[attr-defined]


class NewCampaignSerializer(SettingsSerializer):
    """Settings that are left out are as usual."""

    slug = serializers.SlugField(max_length=80)
    name = serializers.CharField(max_length=120)
    rubric = serializers.SlugField(required=False, help_text="Its newest version is taken. Left out: the rubric that comes with Tiebreak.")
    overlap = serializers.IntegerField(default=campaigning.USUAL_OVERLAP, min_value=1, max_value=campaigning.MOST_OVERLAP, help_text="k: labels a pair.")
    open = serializers.BooleanField(default=False, help_text="Let labelers begin at once; else it begins as a draft.")


class AttachRunSerializer(serializers.Serializer[dict[str, Any]]):
    run = serializers.PrimaryKeyRelatedField(queryset=GenerationRun.objects.all())


@extend_schema(methods=["GET"], responses=CampaignSerializer(many=True), operation_id="campaigns_list")
@extend_schema(
    methods=["POST"], request=NewCampaignSerializer, responses={201: WholeCampaignSerializer, 409: RefusalSerializer}, operation_id="campaigns_create"
)
@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated, scope("label", "read", "write")])
def campaigns(request: Request) -> Response:
    """List the campaigns in which you hold a role; or make one, and become its researcher."""
    if request.method == "GET":
        demand(request, "label", "read")
        return Response(CampaignSerializer(campaigns_of(request), many=True).data)
    demand(request, "write")
    demand_researcher(request)
    said = checked(NewCampaignSerializer(data=request.data))
    at = timezone.now()
    said["rubric_version"] = rubric_version_for(said.pop("rubric", None))
    said["state"] = Campaign.State.OPEN if said.pop("open") else Campaign.State.DRAFT
    try:
        made = campaigning.make_campaign(**said, actor=signed_in(request), at=at)
    except campaigning.NotPossible as refusal:
        return refused(refusal)
    return Response(WholeCampaignSerializer(made).data, status=status.HTTP_201_CREATED)


@extend_schema(
    parameters=[SLUG], request=AttachRunSerializer, responses={200: WholeCampaignSerializer, 409: RefusalSerializer}, operation_id="campaigns_attach_run"
)
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("write"), IsResearcher])
def campaign_runs(request: Request, slug: str) -> Response:
    """Attach a generation run: its responses become pairs here, now and as more come in. 409: not in this state."""
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    said = checked(AttachRunSerializer(data=request.data))
    try:
        campaigning.attach_run(campaign=found, run=said["run"], actor=signed_in(request), at=timezone.now())
    except campaigning.NotPossible as refusal:
        return refused(refusal)
    pairing.pair_up(found, at=timezone.now())
    return Response(WholeCampaignSerializer(found).data)


def campaigns_of(request: Request) -> QuerySet[Campaign]:
    mine = Membership.objects.filter(user=signed_in(request))
    return Campaign.objects.filter(memberships__in=mine).distinct().order_by("slug").prefetch_related(Prefetch("memberships", mine, to_attr="mine"))


def rubric_version_for(name: str | None) -> RubricVersion:
    """Return the newest version of the rubric, or of the one that comes with the product. Raises ValidationError."""
    if name is None:
        return wording.default_rubric_version(at=timezone.now())
    newest = RubricVersion.objects.filter(rubric__name=name).order_by("-number").first()
    if newest is None:
        raise ValidationError({"rubric": "There is no rubric of that name."})
    return newest
