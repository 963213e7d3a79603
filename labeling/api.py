"""Labeling by program: ask for the next pair, answer it, give it back."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import consenting
from accounts.access import signed_in
from accounts.permissions import scope
from accounts.serializers import RefusalSerializer
from labeling import access, acknowledging, asking, assigning, cards, edge, practising, reopening, submitting
from labeling.asks import asks_of
from labeling.forms import ActiveSecondsField, check_kept_whole
from labeling.models import Assignment, Campaign, Label, Report, Role, Skip
from labeling.spans import LONGEST_QUOTE, MOST_MARKS


class MessageSerializer(serializers.Serializer[dict[str, str]]):
    role = serializers.CharField()
    content = serializers.CharField()


class PracticeSerializer(serializers.Serializer[dict[str, int]]):
    number = serializers.IntegerField()
    of = serializers.IntegerField()


class FeedbackSerializer(serializers.Serializer[dict[str, Any]]):
    right = serializers.BooleanField()
    better = serializers.ChoiceField(choices=["left", "right", "tie"])
    why = serializers.CharField()


class OfferedReasonSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="Send it back in `reasons`.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name is what a caller reads


class AskedCriterionSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="Its choice is asked for in `criteria`.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name is what a caller reads


class PassageSerializer(serializers.Serializer[dict[str, Any]]):
    """A passage of a response, by its characters (Unicode code points)."""

    side = serializers.ChoiceField(choices=["left", "right"])
    start = serializers.IntegerField(min_value=0)
    end = serializers.IntegerField(min_value=1)
    quote = serializers.CharField(max_length=LONGEST_QUOTE, trim_whitespace=False, help_text="The passage itself, to check its place by.")


class AssignmentSerializer(serializers.Serializer[dict[str, Any]]):
    """What a labeler may know of a pair."""

    key = serializers.UUIDField(help_text="Send it back with the label.")
    prompt = MessageSerializer(many=True)
    left = serializers.CharField()
    right = serializers.CharField()
    rubric_version = serializers.IntegerField()
    rubric = serializers.CharField()
    reasons = OfferedReasonSerializer(many=True, help_text="What may be named as reasons.")
    criteria = AskedCriterionSerializer(many=True, help_text="What is judged one by one, besides the whole.")
    flagged = serializers.BooleanField(
        help_text="The prompt was marked as one of risk: warn whoever is to read it before it is shown. Passing it on (`skip`, `passed`) costs nothing."
    )
    practice = PracticeSerializer(required=False, help_text="In the practice round before real work, and left out ever after.")


class JudgmentSerializer(serializers.Serializer[dict[str, Any]]):
    choice = serializers.IntegerField(min_value=-3, max_value=3, help_text="-3 left much better, 0 tie, 3 right much better.")
    both_bad = serializers.BooleanField(default=False, help_text="A tie in which neither response is acceptable.")
    rationale = serializers.CharField(default="", allow_blank=True, max_length=4000, trim_whitespace=False)
    reasons = serializers.ListField(child=serializers.CharField(), default=list, help_text="Keys of the rubric's reasons.")
    criteria = serializers.DictField(
        child=serializers.IntegerField(min_value=-3, max_value=3), default=dict, help_text="A choice for each of the rubric's criteria."
    )
    evidence = PassageSerializer(many=True, default=list, max_length=MOST_MARKS, help_text="Passages that the judgment rests on.")  # type: ignore[call-arg]
    submission_key = serializers.UUIDField(default=uuid4, help_text="Made by the caller, so that a retry gets the first answer again.")
    active_seconds = serializers.FloatField(
        default=None,
        allow_null=True,
        min_value=0,
        max_value=ActiveSecondsField.LONGEST,
        help_text="Seconds with the pair on a screen and somebody there, idle time taken out. No more are believed than have gone by since the lease.",
    )
    next = serializers.BooleanField(default=False, help_text="Lease the next pair in the same answer.")

    def validate_rationale(self, value: str) -> str:
        return check_kept_whole(value)

    def validate_active_seconds(self, value: float | None) -> float | None:
        if value is not None and not math.isfinite(value):
            raise ValidationError("Send a number of seconds, or leave it out.")
        return value

    def validate_reasons(self, value: list[str]) -> list[str]:
        named = [reason.key for reason in self.context["asks"].reasons]
        if unknown := [key for key in value if key not in named]:
            raise ValidationError(f"The rubric names no reason {unknown[0]!r}.")
        return [key for key in named if key in value]

    def validate_criteria(self, value: dict[str, int]) -> dict[str, int]:
        named = {criterion.key for criterion in self.context["asks"].criteria}
        if value.keys() != named:
            raise ValidationError(f"The rubric asks for a choice for each of {sorted(named)}." if named else "The rubric names no criteria.")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        campaign: Campaign = self.context["campaign"]
        if campaign.rationale_required and not attrs["rationale"]:
            raise ValidationError({"rationale": "This campaign asks for a rationale."})
        if attrs["rationale"].strip() and len(attrs["rationale"].strip()) < campaign.rationale_minimum:
            raise ValidationError({"rationale": f"This campaign asks for {campaign.rationale_minimum} characters at least."})
        if attrs["both_bad"] and attrs["choice"] != 0:
            raise ValidationError({"both_bad": "Both bad is a tie: send choice 0 with it."})
        return attrs


class StoredLabelSerializer(serializers.Serializer[dict[str, Any]]):
    assignment = serializers.UUIDField()
    choice = serializers.IntegerField()
    both_bad = serializers.BooleanField()
    rationale = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    criteria = serializers.DictField(child=serializers.IntegerField(), help_text="Choices, on the sides of the assignment.")
    submission_key = serializers.UUIDField()
    submitted_at = serializers.DateTimeField()
    surplus = serializers.BooleanField(help_text="The pair was complete by then: kept, and not counted.")
    feedback = FeedbackSerializer(required=False, help_text="On a practice answer, and left out ever after.")
    next = AssignmentSerializer(required=False, allow_null=True)
    read_first = serializers.IntegerField(
        required=False, help_text="Where `next` is null because the rubric has changed: the version to acknowledge before work goes on."
    )


class SkipSerializer(serializers.Serializer[dict[str, Any]]):
    reason = serializers.ChoiceField(choices=Skip.Reason.choices)
    note = serializers.CharField(default="", allow_blank=True, max_length=1000)

    def validate_note(self, value: str) -> str:
        return check_kept_whole(value)


class HarmSerializer(serializers.Serializer[dict[str, Any]]):
    kind = serializers.ChoiceField(choices=Report.Kind.choices)
    note = serializers.CharField(default="", allow_blank=True, max_length=1000)
    submission_key = serializers.UUIDField(default=uuid4, help_text="Made by the caller, so that a retry reports nothing twice.")

    def validate_note(self, value: str) -> str:
        return check_kept_whole(value)


READ_FIRST = (
    "The rubric has changed. Read version {number} (GET /api/v1/campaigns/{slug}/rubric-changes), and acknowledge it "
    "(POST /api/v1/campaigns/{slug}/acknowledge): then the same pair is yours again."
)

SLUG = OpenApiParameter("slug", str, OpenApiParameter.PATH)
KEY = OpenApiParameter("key", UUID, OpenApiParameter.PATH)


@extend_schema(
    parameters=[SLUG],
    request=None,
    responses={200: AssignmentSerializer, 204: None, 403: RefusalSerializer, 409: RefusalSerializer},
    operation_id="campaign_next",
)
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("label")])
def next_pair(request: Request, slug: str) -> Response:
    """Lease the next pair, or return the one that is held. 204: nothing is left for this labeler.

    403: they have not agreed to the consent text that holds. 409: the rubric has changed; read what is new in it, and acknowledge it.
    """
    campaign = access.campaign_of(signed_in(request), slug, Role.LABELER)
    demand_consent(request)
    found = lease(request, campaign, at=timezone.now())
    if found is None and (number := to_read(request, campaign)):
        return Response({"detail": READ_FIRST.format(number=number, slug=slug)}, status=status.HTTP_409_CONFLICT)
    return Response(found, status=status.HTTP_200_OK if found else status.HTTP_204_NO_CONTENT)


@extend_schema(
    parameters=[KEY],
    request=JudgmentSerializer,
    responses={200: StoredLabelSerializer, 403: RefusalSerializer, 409: RefusalSerializer},
    operation_id="assignment_label",
)
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("label")])
def label(request: Request, key: UUID) -> Response:
    """Store a judgment. The same submission key gets the first answer again; a late judgment is never dropped.

    403: its labeler has not agreed to the consent text that holds. 409: the rubric has changed, and the pair goes by what is new in it.
    """
    assignment, campaign = access.own_assignment(signed_in(request), key)
    demand_consent(request)
    form = JudgmentSerializer(data=request.data, context={"campaign": campaign, "asks": asks_of(assignment.rubric_version)})
    form.is_valid(raise_exception=True)
    sent = form.validated_data
    at = timezone.now()
    try:
        stored = submitting.submit_label(
            assignment=assignment,
            preference=assignment.preference_from(sent["choice"]),
            both_bad=sent["both_bad"],
            rationale=sent["rationale"],
            submission_key=sent["submission_key"],
            source=Label.Source.API,
            active_seconds=sent["active_seconds"],
            grounds=grounds_in(sent, assignment),
            at=at,
        )
    except submitting.NotYours as refusal:
        return Response({"detail": str(refusal)}, status=status.HTTP_409_CONFLICT)
    except submitting.NotAcknowledged:
        number = to_read(request, campaign) or campaign.rubric_version.number
        return Response({"detail": READ_FIRST.format(number=number, slug=campaign.slug)}, status=status.HTTP_409_CONFLICT)
    answer = stored_label(stored, assignment)
    return Response(answer | next_of(request, campaign, at=at) if sent["next"] else answer)


def next_of(request: Request, campaign: Campaign, *, at: datetime) -> dict[str, Any]:
    found = lease(request, campaign, at=at)
    number = None if found else to_read(request, campaign)
    return {"next": found} | ({"read_first": number} if number else {})


def to_read(request: Request, campaign: Campaign) -> int | None:
    """Return the number of the version that the labeler has to acknowledge before they get a pair; None: there is none."""
    unread = acknowledging.unread(campaign, signed_in(request))
    return unread.new.number if unread else None


def demand_consent(request: Request) -> None:
    """Raise PermissionDenied, which says what to do, unless the person has agreed to the consent text that holds, or there is none."""
    if wanted := consenting.wanted_of(signed_in(request)):
        raise PermissionDenied(f"You have not agreed to version {wanted.number} of the consent text. Read it at {settings.BASE_URL}/account/, and agree there.")


def grounds_in(sent: dict[str, Any], assignment: Assignment) -> submitting.Grounds:
    """Return what a judgment rests on, on the pair's own sides. Raises ValidationError for a passage that does not stand where it should."""
    grounds = edge.grounds_from(assignment, reasons=sent["reasons"], criteria=sent["criteria"])
    try:
        return replace(grounds, evidence=edge.spans_at(assignment, sent["evidence"]))
    except edge.NotFound as error:
        raise ValidationError({"evidence": f"The text does not say {str(error)[:80]!r} there."}) from error


@extend_schema(parameters=[KEY], request=SkipSerializer, responses={204: None, 409: RefusalSerializer}, operation_id="assignment_skip")
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("label")])
def skip(request: Request, key: UUID) -> Response:
    """Give the pair back with a reason. 409: it was labeled before, and the label stays."""
    assignment, _ = access.own_assignment(signed_in(request), key)
    form = SkipSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    if assigning.skip(assignment=assignment, reason=form.validated_data["reason"], note=form.validated_data["note"], at=timezone.now()) is None:
        return Response({"detail": "That pair was labeled before; the label stays."}, status=status.HTTP_409_CONFLICT)
    return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(parameters=[KEY], request=None, responses={204: None, 409: RefusalSerializer}, operation_id="assignment_park")
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("label")])
def park(request: Request, key: UUID) -> Response:
    """Put the pair aside: it comes back when nothing else is left. 409: it was labeled, or given back for good, before."""
    assignment, _ = access.own_assignment(signed_in(request), key)
    if assigning.park(assignment=assignment, at=timezone.now()) is None:
        return Response({"detail": "That pair was answered before; the answer stays."}, status=status.HTTP_409_CONFLICT)
    return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(parameters=[KEY], request=HarmSerializer, responses={204: None}, operation_id="assignment_report")
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("label")])
def report(request: Request, key: UUID) -> Response:
    """Report harmful content to those who run the campaign. The pair stays with its labeler."""
    assignment, _ = access.own_assignment(signed_in(request), key)
    form = HarmSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    asking.report(assignment=assignment, **form.validated_data, at=timezone.now())
    return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(parameters=[KEY], request=None, responses={200: AssignmentSerializer, 409: RefusalSerializer}, operation_id="assignment_undo")
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("label")])
def undo(request: Request, key: UUID) -> Response:
    """Take a decision back, within two minutes: the answer is the same pair under another key. 409: it stands."""
    assignment, campaign = access.own_assignment(signed_in(request), key)
    try:
        again = reopening.reopen(assignment=assignment, campaign=campaign, at=timezone.now())
    except reopening.NotPossible as refusal:
        return Response({"detail": str(refusal)}, status=status.HTTP_409_CONFLICT)
    return Response(shown(again))


def lease(request: Request, campaign: Campaign, *, at: datetime) -> dict[str, Any] | None:
    assignment = assigning.next_for(campaign, signed_in(request), at=at)
    return None if assignment is None else shown(assignment)


def shown(assignment: Assignment) -> dict[str, Any]:
    texts = cards.texts_of_assignment(assignment)
    practice = {"practice": {"number": texts.practice.number, "of": texts.practice.of}} if texts.practice else {}
    return practice | {
        "key": assignment.key,
        "prompt": texts.messages,
        "left": texts.left,
        "right": texts.right,
        "rubric_version": texts.rubric_number,
        "rubric": texts.rubric_body,
        "reasons": [{"key": reason.key, "label": reason.label} for reason in texts.asks.reasons],
        "criteria": [{"key": criterion.key, "label": criterion.label} for criterion in texts.asks.criteria],
        "flagged": texts.is_flagged,
    }


def stored_label(stored: Label, assignment: Assignment) -> dict[str, Any]:
    told = practising.feedback_on(stored)
    feedback = {"feedback": {"right": told.right, "better": told.better, "why": told.why}} if told else {}
    return feedback | {
        "assignment": assignment.key,
        "choice": assignment.preference_from(stored.preference or 0),
        "both_bad": stored.both_bad,
        "rationale": stored.rationale or "",
        "reasons": stored.reasons,
        "criteria": {name: assignment.preference_from(preference) for name, preference in stored.criteria.items()},
        "submission_key": stored.submission_key,
        "submitted_at": stored.submitted_at,
        "surplus": stored.is_surplus,
    }
