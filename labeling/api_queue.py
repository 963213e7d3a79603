"""The queue and the findings of a campaign by program: places, who labels, what comes next, how each works, and what was decided."""

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
from labeling import access, activity, findings, labelers, places, practising, queue_page, watching
from labeling.activity import Lately, Worker
from labeling.api_checks import READ, SLUG, HitsSerializer, checked, refused
from labeling.forms import check_kept_whole
from labeling.models import Campaign, Finding, FindingDecision, Role, Slot

LABELER = OpenApiParameter("labeler", str, description="Name: what comes next for them, instead of for anybody.")
FINDING = OpenApiParameter("id", int, OpenApiParameter.PATH, description="Number of the finding.")


# ---- shapes --------------------------------------------------------------------------------------------------------


class PlacesSerializer(serializers.Serializer[dict[str, Any]]):
    state = serializers.ChoiceField(choices=places.STATES, help_text="`unused`: closed with nobody in it. `reserved`: waits for its labeler.")
    kind = serializers.ChoiceField(choices=Slot.Kind.choices)
    places = serializers.IntegerField()


class HoursSerializer(serializers.Serializer[dict[str, float]]):
    """With the 95 % range."""

    hours = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class LatelySerializer(serializers.Serializer[dict[str, Any]]):
    """What a labeler did lately."""

    is_active = serializers.BooleanField(help_text="Stored a label in the last 15 minutes, or holds a pair.")
    seen_at = serializers.DateTimeField(allow_null=True, help_text="Their last label, or when they got the pair they hold.")
    labels_last_hour = serializers.IntegerField(help_text="Of any kind, checks among them.")
    pace_per_hour = serializers.FloatField(allow_null=True, help_text="Labels that fill a place in an hour of active time, over the last hour.")
    median_active_seconds = serializers.FloatField(allow_null=True, help_text="Null: no page counted any.")


class ActiveSerializer(LatelySerializer):
    labeler = serializers.CharField()


class NextPlaceSerializer(serializers.Serializer[dict[str, Any]]):
    pair = serializers.IntegerField()
    name = serializers.CharField(help_text="The id that came with the pair, or its number.")
    kind = serializers.ChoiceField(choices=Slot.Kind.choices)
    pool = serializers.CharField(allow_blank=True, help_text="The language or skill that it asks for; empty: anybody.")
    priority = serializers.IntegerField()
    why = serializers.ChoiceField(
        choices=["head", "rank", "name", "check"], help_text="Freed or made late; by the strategy; kept by name; a check that falls due."
    )
    ranked_by = serializers.CharField(allow_blank=True, help_text="The strategy that gave the rank.")
    position = serializers.IntegerField(allow_null=True, help_text="In the labeler’s stream, from 0; null where nobody was chosen.")


class QueueSerializer(serializers.Serializer[dict[str, Any]]):
    campaign = serializers.CharField()
    state = serializers.ChoiceField(choices=Campaign.State.choices)
    at = serializers.DateTimeField()
    strategy = serializers.ChoiceField(choices=Campaign.Strategy.choices)
    ranked_as = serializers.CharField(help_text="The strategy by which the places are ranked.")
    ranking_pending = serializers.BooleanField(help_text="The places are being ranked by another strategy than they were.")
    bends_agreement = serializers.BooleanField(help_text="The strategy picks pairs on which labelers differ more than on pairs drawn at random.")
    places = PlacesSerializer(many=True)
    is_exact = serializers.BooleanField(help_text="False: what is free, filled or unused was counted on a sample of pairs.")
    without_label = serializers.IntegerField(help_text="Places that count, work and escalation, and have no label yet.")
    active = ActiveSerializer(many=True, help_text="Who stored a label in the last 15 minutes, or holds a pair.")
    pace_per_hour = serializers.FloatField(allow_null=True, help_text="Of those who are active, together.")
    time_left = HoursSerializer(allow_null=True, help_text="If they go on as they do. Null: not known, since nobody labels.")
    next = NextPlaceSerializer(many=True)
    barred = serializers.CharField(
        allow_blank=True, help_text="Why the chosen labeler gets nothing from the general queue: `practising`, `paused`, `quota`, `ceiling`, or `own`."
    )


class GoldScoreSerializer(serializers.Serializer[Any]):
    """The rolling score: the last gold answers, and apart by where the better response stood."""

    all = HitsSerializer()
    left = HitsSerializer()
    right = HitsSerializer()
    neither = HitsSerializer(help_text="Gold whose verdict is a tie.")


class LabelerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.CharField()
    is_active = serializers.BooleanField(help_text="False: the account is closed.")
    holds_role = serializers.BooleanField(help_text="False: they labeled here once.")
    state = serializers.CharField(help_text="`practising`, `working`, `paused`, or `not begun`.")
    why = serializers.CharField()
    since = serializers.DateTimeField(allow_null=True)
    served = serializers.IntegerField(help_text="Pairs handed out so far.")
    skills = serializers.ListField(child=serializers.CharField())
    kept = serializers.IntegerField(help_text="Pairs that wait for them by name.")
    lately = LatelySerializer()
    gold = GoldScoreSerializer()
    self_consistency = HitsSerializer(help_text="Said the same of a pair that was shown again with its sides swapped.")
    open_findings = serializers.ListField(child=serializers.ChoiceField(choices=Finding.Kind.choices), help_text="On which nobody has decided.")
    findings = serializers.IntegerField(help_text="In all.")


class DecisionSerializer(serializers.ModelSerializer[FindingDecision]):
    actor = serializers.CharField(source="actor.username")

    class Meta:
        model = FindingDecision
        fields = ("decision", "note", "retracted", "actor", "at")


class FindingSerializer(serializers.ModelSerializer[Finding]):
    id = serializers.IntegerField(source="pk")
    labeler = serializers.CharField(source="labeler.username")
    evidence = serializers.DictField(help_text="The figures it was made of: hits, n, share, low, high, level, threshold, source, and what stands beside them.")
    good_to = serializers.IntegerField(allow_null=True, help_text="The label at which the last good check stood; what came after it is in question.")
    decision = DecisionSerializer(allow_null=True, required=False)

    class Meta:
        model = Finding
        fields = ("id", "labeler", "kind", "says", "evidence", "good_to", "at", "decision")

    def to_representation(self, instance: Finding) -> dict[str, Any]:
        return {"decision": None} | super().to_representation(instance)


class DecideSerializer(serializers.Serializer[dict[str, Any]]):
    decision = serializers.ChoiceField(choices=FindingDecision.Decision.choices)
    note = serializers.CharField(default="", allow_blank=True, max_length=4000, trim_whitespace=False)
    resume = serializers.BooleanField(default=False, help_text="Let the labeler go on, if they are paused.")

    def validate_note(self, value: str) -> str:
        return check_kept_whole(value)


# ---- views ---------------------------------------------------------------------------------------------------------


@extend_schema(parameters=[SLUG, LABELER], responses=QueueSerializer, operation_id="campaigns_queue")
@api_view(["GET"])
@permission_classes(READ)
def campaign_queue(request: Request, slug: str) -> Response:
    """Say how the places stand, who labels and how fast, how long the rest takes, and what comes next."""
    person = signed_in(request)
    found, at = access.campaign_of(person, slug, Role.RESEARCHER), timezone.now()
    counts, did = places.counts_of(found), activity.lately(found, at=at)
    upcoming = places.upcoming(found, chosen_labeler(request, found), reader=person, at=at)
    names = dict(User.objects.filter(pk__in=did).values_list("pk", "username"))
    left = activity.time_left(counts.wanting, did)
    answer = {
        "campaign": found.slug,
        "state": found.state,
        "at": at,
        "strategy": found.strategy,
        "ranked_as": found.ranked_as,
        "ranking_pending": queue_page.is_ranking_pending(found),
        "bends_agreement": found.strategy == Campaign.Strategy.INFORMATIVE,
        "places": [{"state": state, "kind": kind, "places": number} for state, kinds in counts.by_state.items() for kind, number in kinds.items()],
        "is_exact": counts.is_exact,
        "without_label": counts.wanting,
        "active": [{"labeler": names[pk]} | of_lately(one) for pk, one in did.items() if one.is_active],
        "pace_per_hour": queue_page.together(did),
        "time_left": None if left is None else vars(left),
        "next": [vars(place) for place in upcoming.places],
        "barred": upcoming.barred,
    }
    return Response(QueueSerializer(answer).data)


@extend_schema(parameters=[SLUG], responses=LabelerSerializer(many=True), operation_id="campaigns_labelers")
@api_view(["GET"])
@permission_classes(READ)
def campaign_labelers(request: Request, slug: str) -> Response:
    """Return who labels in a campaign: how each stands and works, by pace, gold, self-consistency and findings."""
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    return Response(LabelerSerializer([of_worker(worker) for worker in activity.workers_of(found, at=timezone.now())], many=True).data)


@extend_schema(parameters=[SLUG], responses=FindingSerializer(many=True), operation_id="campaigns_findings")
@api_view(["GET"])
@permission_classes(READ)
def campaign_findings(request: Request, slug: str) -> Response:
    """List what was found about labelers' work: what waits to be decided first, then what was decided last, 100 of those."""
    waiting, decided = findings.of_campaign(access.campaign_of(signed_in(request), slug, Role.RESEARCHER))
    return Response(FindingSerializer([*waiting, *decided], many=True).data)


@extend_schema(parameters=[FINDING], request=DecideSerializer, responses={200: FindingSerializer, 409: RefusalSerializer}, operation_id="findings_decide")
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("write")])
def decide_finding(request: Request, pk: int) -> Response:
    """Decide what becomes of the labels in question. 409: somebody decided otherwise before, or it is about your own labels."""
    person = signed_in(request)
    found = get_object_or_404(findings.queryset(person, Role.RESEARCHER), pk=pk)
    sent = checked(DecideSerializer(data=request.data))
    try:
        findings.check_may_decide(found, person)
        watching.decide(finding=found, **sent, actor=person, at=timezone.now())
    except (watching.NotPossible, practising.CannotLetIn) as refusal:
        return refused(refusal)
    return Response(FindingSerializer(findings.queryset(person, Role.RESEARCHER).get(pk=pk)).data)


# ---- what they share -----------------------------------------------------------------------------------------------


def chosen_labeler(request: Request, campaign: Campaign) -> User | None:
    """Return who was named; None: nobody was. Raises ValidationError for who does not label there."""
    name = request.query_params.get("labeler", "")
    if not name:
        return None
    found = None if "\x00" in name else labelers.users_of(campaign).filter(username=name).first()
    if found is None:
        raise ValidationError({"labeler": "Nobody of this name labels here."})
    return found


def of_lately(did: Lately) -> dict[str, Any]:
    return {
        "is_active": did.is_active,
        "seen_at": did.seen_at,
        "labels_last_hour": did.answers,
        "pace_per_hour": did.pace.per_hour,
        "median_active_seconds": did.median_seconds,
    }


def of_worker(worker: Worker) -> dict[str, Any]:
    return vars(worker.labeler) | {
        "lately": of_lately(worker.lately),
        "gold": worker.gold,
        "self_consistency": worker.consistency,
        "open_findings": worker.open_findings,
        "findings": worker.findings,
    }
