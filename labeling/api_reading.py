"""What a labeler reads before work goes on, by program: what changed in a rubric, and that they have read it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import signed_in
from accounts.permissions import scope
from accounts.serializers import RefusalSerializer
from labeling import access, acknowledging, cards, clauses
from labeling.api_checks import SLUG, checked, refused
from labeling.models import Role


class ClauseSerializer(serializers.Serializer[clauses.Change]):
    kind = serializers.ChoiceField(choices=["changed", "added", "removed"])
    under = serializers.CharField(allow_blank=True, help_text="The heading that it stands under.")
    old = serializers.CharField(allow_blank=True, help_text="Markdown; empty where it was added.")
    new = serializers.CharField(allow_blank=True, help_text="Markdown; empty where it was removed.")


class RubricChangesSerializer(serializers.Serializer[dict[str, Any]]):
    acknowledged = serializers.IntegerField(help_text="The version that you acknowledged last here.")
    rubric_version = serializers.IntegerField(help_text="The version that the campaign has now: acknowledge this one.")
    change_note = serializers.CharField(allow_blank=True)
    clauses = ClauseSerializer(many=True, help_text="What changed, clause by clause; reasons and criteria are lists at the end.")
    rubric = serializers.CharField(help_text="The whole of it, as it is now.")


class AcknowledgeSerializer(serializers.Serializer[dict[str, Any]]):
    rubric_version = serializers.IntegerField(min_value=1, max_value=32_767)


@extend_schema(parameters=[SLUG], responses={200: RubricChangesSerializer, 204: None}, operation_id="campaign_rubric_changes")
@api_view(["GET"])
@permission_classes([IsAuthenticated, scope("label")])
def rubric_changes(request: Request, slug: str) -> Response:
    """Tell what changed in the campaign's rubric since you acknowledged it. 204: nothing did, or you have not begun."""
    unread = acknowledging.unread(access.campaign_of(signed_in(request), slug, Role.LABELER), signed_in(request))
    if unread is None:
        return Response(status=status.HTTP_204_NO_CONTENT)
    answer = {
        "acknowledged": unread.old.number,
        "rubric_version": unread.new.number,
        "change_note": unread.new.change_note,
        "clauses": clauses.changes(cards.whole_of(unread.old), cards.whole_of(unread.new)),
        "rubric": unread.new.body,
    }
    return Response(RubricChangesSerializer(answer).data)


@extend_schema(parameters=[SLUG], request=AcknowledgeSerializer, responses={204: None, 409: RefusalSerializer}, operation_id="campaign_acknowledge")
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("label")])
def acknowledge(request: Request, slug: str) -> Response:
    """Say that you have read a version of the campaign's rubric. 409: the campaign has another one by now."""
    found = access.campaign_of(signed_in(request), slug, Role.LABELER)
    said = checked(AcknowledgeSerializer(data=request.data))
    try:
        acknowledging.acknowledge(found, signed_in(request), number=said["rubric_version"], at=timezone.now())
    except acknowledging.NotCurrent as refusal:
        return refused(refusal)
    return Response(status=status.HTTP_204_NO_CONTENT)
