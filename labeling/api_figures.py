"""Figures of campaigns by program."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import signed_in
from labeling import access, progress
from labeling.api_checks import READ, SLUG
from labeling.models import Campaign, Role


class ShareSerializer(serializers.Serializer[dict[str, Any]]):
    """A share with its exact 95 % interval, as fractions; null where there is nothing to share."""

    hits = serializers.IntegerField()
    n = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class LabelerFiguresSerializer(serializers.Serializer[dict[str, Any]]):
    labeler = serializers.CharField()
    kind = serializers.ChoiceField(choices=["person", "external", "synthetic"])
    labels = serializers.IntegerField()
    share = serializers.FloatField(help_text="Of all labels that count.")
    tie_share = serializers.FloatField()
    left = ShareSerializer(help_text="The left side, among verdicts that are not ties and whose sides are known.")
    lean = serializers.ChoiceField(choices=["left", "right", "even", "unknown"])
    median_seconds = serializers.FloatField(allow_null=True, help_text="From lease to submit.")


class CampaignProgressSerializer(serializers.Serializer[dict[str, Any]]):
    campaign = serializers.CharField()
    state = serializers.ChoiceField(choices=Campaign.State.choices)
    overlap = serializers.IntegerField()
    pairs = serializers.IntegerField(help_text="Without gold items.")
    standings = serializers.DictField(child=serializers.IntegerField())
    stopped = serializers.DictField(child=serializers.IntegerField(), help_text="Pairs taken out before anybody was asked, by reason.")
    flagged = serializers.DictField(child=serializers.IntegerField(), help_text="Pairs that came with labels and can never train, by reason.")
    labels = serializers.IntegerField(help_text="That count.")
    planned = serializers.IntegerField(help_text="Those, and the places that wait for one.")
    surplus = serializers.IntegerField(help_text="Labels that came when the pair was complete: kept, not counted.")
    skips = serializers.IntegerField()
    synthetic = serializers.IntegerField(help_text="Of the labels, those made by simulated labelers.")
    gold_items = serializers.IntegerField()
    labelers = LabelerFiguresSerializer(many=True)


class FigureSerializer(serializers.Serializer[dict[str, Any]]):
    """Fractions. Null where the coefficient is not defined; an interval needs two items."""

    name = serializers.CharField()
    coefficient = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n_items = serializers.IntegerField()
    n_labels = serializers.IntegerField()
    expected_low = serializers.FloatField()
    expected_high = serializers.FloatField()
    source = serializers.CharField()  # type: ignore[assignment]  # a field of this name is fine at run time


class AgreementSerializer(serializers.Serializer[dict[str, Any]]):
    campaign = serializers.CharField()
    labels = serializers.IntegerField()
    pairs = serializers.IntegerField(help_text="With at least two labels.")
    rubric_versions = serializers.ListField(
        child=serializers.IntegerField(), help_text="Versions of the rubric, each pair judged under one of them. The figures are over all."
    )
    figures = FigureSerializer(many=True)


@extend_schema(parameters=[SLUG], responses=CampaignProgressSerializer, operation_id="campaigns_progress")
@api_view(["GET"])
@permission_classes(READ)
def campaign_progress(request: Request, slug: str) -> Response:
    """Say how far a campaign is, and what each labeler did."""
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    return Response(asdict(progress.progress_of(found)) | {"labelers": [asdict(labeler) for labeler in progress.labelers_of(found)]})


@extend_schema(parameters=[SLUG], responses=AgreementSerializer, operation_id="campaigns_agreement")
@api_view(["GET"])
@permission_classes(READ)
def campaign_agreement(request: Request, slug: str) -> Response:
    """Say how far labelers agree: the figures of the campaign's page and of `manage.py agreement`."""
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    return Response(asdict(progress.agreement_of(found)))
