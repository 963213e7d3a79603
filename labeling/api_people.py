"""Those who label in a campaign by program: how they stand, skills, pairs kept by name; and pairs taken out by hand."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import signed_in
from accounts.models import User
from accounts.permissions import scope
from accounts.serializers import RefusalSerializer
from labeling import access, labelers, naming, qualifying, withdrawing
from labeling.api_checks import EITHER, SLUG, checked, demand, refused
from labeling.campaigns import NotPossible
from labeling.forms import check_kept_whole
from labeling.models import Campaign, Pair, Role
from labeling.slotting import LONGEST_POOL

PAIR = OpenApiParameter("id", int, OpenApiParameter.PATH, description="Number of the pair.")


class SkillsSerializer(serializers.Serializer[dict[str, Any]]):
    labeler = serializers.CharField(max_length=150)
    skills = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_POOL), max_length=qualifying.MOST_SKILLS, help_text="All of them; none takes all away."
    )

    def validate_skills(self, value: list[str]) -> list[str]:
        return [check_kept_whole(name) for name in value]


class NameSerializer(serializers.Serializer[dict[str, Any]]):
    labeler = serializers.CharField(max_length=150)
    pairs = serializers.ListField(
        child=serializers.CharField(max_length=200),
        default=list,
        max_length=naming.MOST_PAIRS,
        help_text="Ids that came with the pairs, or their numbers here.",
    )

    def validate_pairs(self, value: list[str]) -> list[str]:
        return [check_kept_whole(name) for name in value]


class AssignSerializer(NameSerializer):
    next_free = serializers.IntegerField(default=0, min_value=0, max_value=naming.MOST_PAIRS, help_text="So many of those that would be served to them next.")


class NamedSerializer(serializers.Serializer[naming.Named]):
    assigned = serializers.ListField(child=serializers.IntegerField(), help_text="Numbers of the pairs that are kept for the labeler now.")
    left_out = serializers.DictField(child=serializers.CharField(), help_text="Why not, by the name under which a pair was asked for.")


class ReleasedSerializer(serializers.Serializer[dict[str, int]]):
    released = serializers.IntegerField()


class ReasonSerializer(serializers.Serializer[dict[str, Any]]):
    reason = serializers.CharField(max_length=1000)

    def validate_reason(self, value: str) -> str:
        return check_kept_whole(value)


class PairStandingSerializer(serializers.ModelSerializer[Pair]):
    class Meta:
        model = Pair
        fields = ["id", "external_id", "standing", "verdict"]


@extend_schema(methods=["GET"], parameters=[SLUG], responses=SkillsSerializer(many=True), operation_id="campaigns_skills")
@extend_schema(
    methods=["PUT"], parameters=[SLUG], request=SkillsSerializer, responses={200: SkillsSerializer, 409: RefusalSerializer}, operation_id="campaigns_set_skills"
)
@api_view(["GET", "PUT"])
@permission_classes(EITHER)
def campaign_skills(request: Request, slug: str) -> Response:
    """Return what the labelers are skilled in; or say what one of them is."""
    demand(request, "read" if request.method == "GET" else "write")
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    if request.method == "GET":
        return Response([{"labeler": labeler.name, "skills": labeler.skills} for labeler in labelers.labelers_of(found)])
    said = checked(SkillsSerializer(data=request.data))
    labeler = labeler_named(found, said["labeler"])
    try:
        names = qualifying.set_skills(campaign=found, labeler=labeler, names=said["skills"], actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        return refused(refusal)
    return Response({"labeler": labeler.username, "skills": names})


@extend_schema(parameters=[SLUG], request=AssignSerializer, responses={200: NamedSerializer, 409: RefusalSerializer}, operation_id="campaigns_assign_by_name")
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("write")])
def assignments_by_name(request: Request, slug: str) -> Response:
    """Keep pairs for one labeler: a free place of each waits for them alone, and they come next in their stream."""
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    said = checked(AssignSerializer(data=request.data))
    labeler = labeler_named(found, said["labeler"])
    try:
        done = naming.assign(campaign=found, labeler=labeler, named=said["pairs"], next_free=said["next_free"], actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        return refused(refusal)
    return Response(NamedSerializer(done).data)


@extend_schema(
    parameters=[SLUG], request=NameSerializer, responses={200: ReleasedSerializer, 409: RefusalSerializer}, operation_id="campaigns_release_from_name"
)
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("write")])
def release_from_name(request: Request, slug: str) -> Response:
    """Give pairs that are kept for one labeler back to everybody: those that are named, or all of them."""
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    said = checked(NameSerializer(data=request.data))
    labeler = labeler_named(found, said["labeler"])
    try:
        released = naming.release(campaign=found, labeler=labeler, named=said["pairs"], actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        return refused(refusal)
    return Response({"released": released})


def labeler_named(campaign: Campaign, name: str) -> User:
    """Return who labels there, or did. Raises ValidationError, which does not say whether there is somebody of that name elsewhere."""
    found = labelers.users_of(campaign).filter(username=name).first()
    if found is None:
        raise ValidationError({"labeler": "Nobody of that name labels here."})
    return found


def pair_of(request: Request, slug: str, pk: int) -> tuple[Campaign, Pair]:
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    return found, get_object_or_404(Pair, campaign=found, pk=pk)


@extend_schema(
    parameters=[SLUG, PAIR], request=ReasonSerializer, responses={200: PairStandingSerializer, 409: RefusalSerializer}, operation_id="pairs_withdraw"
)
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("write")])
def withdraw_pair(request: Request, slug: str, pk: int) -> Response:
    """Take a pair out, with a reason: nobody is asked and nothing is exported from now on. 409: it is out, or a gold item."""
    found, pair = pair_of(request, slug, pk)
    said = checked(ReasonSerializer(data=request.data))
    try:
        withdrawn = withdrawing.withdraw(campaign=found, pair=pair, **said, actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        return refused(refusal)
    return Response(PairStandingSerializer(withdrawn).data)


@extend_schema(parameters=[SLUG, PAIR], request=None, responses={200: PairStandingSerializer, 409: RefusalSerializer}, operation_id="pairs_bring_back")
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("write")])
def bring_back_pair(request: Request, slug: str, pk: int) -> Response:
    """Take back that a pair was taken out. 409: it is not, or its texts stopped it."""
    found, pair = pair_of(request, slug, pk)
    try:
        returned = withdrawing.bring_back(campaign=found, pair=pair, actor=signed_in(request), at=timezone.now())
    except NotPossible as refusal:
        return refused(refusal)
    return Response(PairStandingSerializer(returned).data)
