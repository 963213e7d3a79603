"""A campaign's settings by program: as they are, changed, and what a change would do."""

from __future__ import annotations

import time
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import signed_in
from accounts.permissions import scope
from accounts.serializers import RefusalSerializer
from labeling import access, adjusting, campaigning, previews, terms
from labeling.api_checks import EITHER, SLUG, checked, demand, refused
from labeling.campaigning import MOST_CHECKS, MOST_OVERLAP
from labeling.forms_settings import MAX_LEASE_MINUTES
from labeling.models import Campaign, Role
from labeling.resolution import RULES
from labeling.rewording import BEGUN, GOLD
from policies.models import GenerationRun

PATIENCE = 10.0
"""Seconds for which a caller waits until a change is carried out at the campaign's pairs; the sweep does the rest."""


class WholeCampaignSerializer(serializers.ModelSerializer[Campaign]):
    rubric = serializers.CharField(source="rubric_version.rubric.name")
    rubric_version = serializers.IntegerField(source="rubric_version.number")
    runs = serializers.PrimaryKeyRelatedField[GenerationRun](many=True, read_only=True, help_text="Generation runs whose responses become pairs.")
    carried_out = serializers.SerializerMethodField(help_text="False while pairs are still being brought in line with a change; the sweep goes on with it.")

    class Meta:
        model = Campaign
        fields = ["slug", "state", *terms.TERMS, "rubric", "rubric_version", "runs", "carried_out", "created_at"]

    def get_carried_out(self, campaign: Campaign) -> bool:
        return adjusting.open_adjustment(campaign) is None


class SettingsSerializer(serializers.Serializer[dict[str, Any]]):
    """The settings that have a usual value."""

    overlap_share = serializers.IntegerField(
        required=False, min_value=1, max_value=100, help_text="Percent of pairs, drawn at random, that get k labels; the others get one."
    )
    escalation_bound = serializers.IntegerField(required=False, min_value=0, max_value=5, help_text="Further labels a pair may get when the first disagree.")
    rule = serializers.ChoiceField(required=False, choices=list(RULES), help_text="Changed, all pairs are settled again, but for those an adjudicator decided.")
    strategy = serializers.ChoiceField(required=False, choices=Campaign.Strategy.choices)
    eligible_by = serializers.CharField(
        required=False, max_length=60, allow_blank=True, help_text="A slice: a pair goes to labelers who have its value as a skill."
    )
    quota = serializers.IntegerField(required=False, min_value=1, max_value=10_000_000, allow_null=True, help_text="Labels that one labeler may give at most.")
    daily_ceiling = serializers.IntegerField(required=False, min_value=1, max_value=100_000, allow_null=True, help_text="The same for one day.")
    gold_percent = serializers.IntegerField(required=False, min_value=0, max_value=MOST_CHECKS, help_text=f"With `repeat_percent` at most {MOST_CHECKS}.")
    repeat_percent = serializers.IntegerField(required=False, min_value=0, max_value=MOST_CHECKS)
    gold_bar = serializers.IntegerField(required=False, min_value=0, max_value=100, help_text="Percent: who scores surely below is paused.")
    gold_window = serializers.IntegerField(required=False, min_value=8, max_value=1000, help_text="Gold answers that the rolling score looks back on.")
    practice_items = serializers.IntegerField(required=False, min_value=0, max_value=50)
    pass_mark = serializers.IntegerField(required=False, min_value=0, max_value=100, help_text="Percent of a practice round that lets a labeler in.")
    lease_minutes = serializers.IntegerField(required=False, min_value=1, max_value=MAX_LEASE_MINUTES)
    rationale_required = serializers.BooleanField(required=False)
    rationale_minimum = serializers.IntegerField(required=False, min_value=0, max_value=1000, help_text="Characters that a rationale has at least.")


class ChangeCampaignSerializer(SettingsSerializer):
    """What is left out stays as it is."""

    state = serializers.ChoiceField(required=False, choices=Campaign.State.choices)
    name = serializers.CharField(required=False, max_length=120)
    overlap = serializers.IntegerField(required=False, min_value=1, max_value=MOST_OVERLAP, help_text="k: labels a pair.")
    rubric_version = serializers.IntegerField(
        required=False, min_value=1, max_value=32_767, help_text="Number of another version of the campaign’s rubric. Sent with `begun` and `gold`."
    )
    begun = serializers.ChoiceField(
        required=False,
        choices=list(BEGUN),
        help_text="With `rubric_version`: pairs that have labels and are not settled are asked `anew` under the new version, whose labels alone count then; "
        "or they `settle` by the labels that are in, under the version before.",
    )
    gold = serializers.ChoiceField(
        required=False,
        choices=list(GOLD),
        help_text="With `rubric_version`: `keep` gold items, whose verdicts hold under the new version, too; have them looked at (`refresh`), in use "
        "meanwhile; or `retire` them.",
    )


class PreviewSerializer(serializers.Serializer[previews.Preview]):
    sentences = serializers.ListField(child=serializers.CharField(), help_text="What would happen, in words.")
    cautions = serializers.ListField(child=serializers.CharField(), help_text="What should be known of the settings as they would be.")
    changes = serializers.DictField(child=serializers.ListField(), help_text="By setting, what it is and what it would be.")
    places_opened = serializers.IntegerField(source="done.opened")
    places_taken = serializers.IntegerField(source="done.taken")
    taken_from_screens = serializers.IntegerField(
        source="done.from_screens", help_text="Of these, on a screen now: a label that still comes is kept, and not counted."
    )
    places_repooled = serializers.IntegerField(source="done.repooled", help_text="That would ask for another skill.")
    pairs_reworded = serializers.IntegerField(source="done.reworded", help_text="That would be judged by the new version of the rubric.")
    pairs_asked_anew = serializers.IntegerField(source="done.anew", help_text="Of these, that have labels under the version before.")
    labels_uncounted = serializers.IntegerField(source="done.uncounted", help_text="Labels of those: kept, and counted no more.")
    pairs_moved = serializers.DictField(
        source="done.moved", child=serializers.IntegerField(), help_text="Pairs that would stand otherwise, by `before to after`."
    )
    labelers = serializers.ListField(child=serializers.CharField(), help_text="Whose screens would lose a pair.")
    on_screens = serializers.IntegerField(help_text="Pairs of the campaign that are on a screen now.")
    at_limit = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), help_text="Who would get nothing new any more, by limit.")
    pairs_looked_at = serializers.IntegerField(source="done.pairs")
    is_complete = serializers.BooleanField(help_text="False where time ran out, and only the pairs that were looked at are counted.")


@extend_schema(methods=["GET"], parameters=[SLUG], responses=WholeCampaignSerializer, operation_id="campaigns_retrieve")
@extend_schema(
    methods=["PATCH"],
    parameters=[SLUG],
    request=ChangeCampaignSerializer,
    responses={200: WholeCampaignSerializer, 409: RefusalSerializer},
    operation_id="campaigns_change",
)
@api_view(["GET", "PATCH"])
@permission_classes(EITHER)
def campaign(request: Request, slug: str) -> Response:
    """Return a campaign that you run; or change its state and settings, all that is sent or nothing. 409: not in this state, or not together."""
    demand(request, "read" if request.method == "GET" else "write")
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    if request.method == "GET":
        return Response(WholeCampaignSerializer(found).data)
    said = checked(ChangeCampaignSerializer(data=request.data))
    until = time.monotonic() + PATIENCE
    try:
        changed = campaigning.change(campaign=found, said=said, actor=signed_in(request), at=timezone.now(), until=until)
    except campaigning.NotPossible as refusal:
        return refused(refusal)
    return Response(WholeCampaignSerializer(changed).data)


@extend_schema(
    parameters=[SLUG], request=ChangeCampaignSerializer, responses={200: PreviewSerializer, 409: RefusalSerializer}, operation_id="campaigns_preview"
)
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("write")])
def campaign_preview(request: Request, slug: str) -> Response:
    """Tell what a change would do: the same words as for the change itself. Nothing is stored."""
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    said = checked(ChangeCampaignSerializer(data=request.data))
    try:
        preview = previews.preview(found, said, actor=signed_in(request), at=timezone.now())
    except campaigning.NotPossible as refusal:
        return refused(refusal)
    return Response(PreviewSerializer(preview).data)
