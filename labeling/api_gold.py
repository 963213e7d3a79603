"""Gold by program: the items and how labelers do on them; made, revised, retired."""

from __future__ import annotations

import re
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, permission_classes
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import signed_in
from accounts.serializers import RefusalSerializer
from labeling import access, gold_items, goldkeeping, naming
from labeling.api_checks import EITHER, SLUG, HitsSerializer, checked, demand, refused
from labeling.campaigns import NotPossible
from labeling.forms import check_kept_whole
from labeling.forms_gold import MOST_WHY
from labeling.models import Campaign, GoldItem, Pair, Role, Verdict

A_PAGE = 200
PAGE = OpenApiParameter("page", int, description=f"From 1; {A_PAGE} items each. A page after the last is empty.")
ITEM = OpenApiParameter("id", int, OpenApiParameter.PATH, description="Number of the item's version.")


class GoldItemSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    pair = serializers.IntegerField()
    name = serializers.CharField(help_text="The id that came with the pair, or its number.")
    version = serializers.IntegerField()
    verdict = serializers.ChoiceField(choices=Verdict.choices)
    why = serializers.CharField()
    use = serializers.ChoiceField(choices=GoldItem.Use.choices, source="allowed_use")
    difficulty = serializers.ChoiceField(choices=GoldItem.Difficulty.choices)
    refresh_on = serializers.DateField(allow_null=True)
    is_due = serializers.BooleanField(help_text="Somebody should look whether it still holds.")
    is_retired = serializers.BooleanField()
    right = HitsSerializer(source="all", help_text="First answers to checks among work.")
    right_as_stored = HitsSerializer(source="as_stored", help_text="Those with A on the left.")
    right_swapped = HitsSerializer(source="swapped", help_text="Those with B on the left.")


class SaidOfGoldSerializer(serializers.Serializer[dict[str, Any]]):
    """What is left out stays as it is."""

    verdict = serializers.ChoiceField(choices=Verdict.choices, required=False)
    why = serializers.CharField(max_length=MOST_WHY, required=False, help_text="Labelers who practise read it.")
    use = serializers.ChoiceField(choices=GoldItem.Use.choices, required=False, source="allowed_use")
    difficulty = serializers.ChoiceField(choices=GoldItem.Difficulty.choices, required=False)
    refresh_on = serializers.DateField(required=False, allow_null=True)

    def validate_why(self, value: str) -> str:
        return check_kept_whole(value)


class NewGoldSerializer(SaidOfGoldSerializer):
    """A pair that is settled needs no more than its name. With a verdict, one that nobody has labeled may be made gold, too; it then needs a reason."""

    pair = serializers.CharField(max_length=200, help_text="The id that came with it, or its number here.")

    def validate_pair(self, value: str) -> str:
        return check_kept_whole(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "verdict" in attrs and "why" not in attrs:
            raise ValidationError({"why": "Say why the verdict is known."})
        return attrs


@extend_schema(methods=["GET"], parameters=[SLUG, PAGE], responses=GoldItemSerializer(many=True), operation_id="gold_list")
@extend_schema(
    methods=["POST"], parameters=[SLUG], request=NewGoldSerializer, responses={201: GoldItemSerializer, 409: RefusalSerializer}, operation_id="gold_make"
)
@api_view(["GET", "POST"])
@permission_classes(EITHER)
def campaign_gold(request: Request, slug: str) -> Response:
    """List the gold items in use, those that are to be looked at first at the front; or make a pair gold. 409: the pair cannot be."""
    demand(request, "read" if request.method == "GET" else "write")
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    if request.method == "GET":
        return Response(GoldItemSerializer(gold_items.described(page_of_gold(request, found), on=timezone.localdate()), many=True).data)
    said = checked(NewGoldSerializer(data=request.data))
    try:
        item = make(request, pair_named(found, said.pop("pair")), said)
    except NotPossible as refusal:
        return refused(refusal)
    return Response(shown(item), status=status.HTTP_201_CREATED)


@extend_schema(methods=["GET"], parameters=[SLUG, ITEM], responses=GoldItemSerializer, operation_id="gold_retrieve")
@extend_schema(
    methods=["PATCH"],
    parameters=[SLUG, ITEM],
    request=SaidOfGoldSerializer,
    responses={200: GoldItemSerializer, 409: RefusalSerializer},
    operation_id="gold_revise",
)
@extend_schema(methods=["DELETE"], parameters=[SLUG, ITEM], request=None, responses={204: None, 409: RefusalSerializer}, operation_id="gold_retire")
@api_view(["GET", "PATCH", "DELETE"])
@permission_classes(EITHER)
def gold_item(request: Request, slug: str, pk: int) -> Response:
    """Return a version of an item; revise it, which makes the next version and returns that; or retire it. 409: it is not the one in use."""
    demand(request, "read" if request.method == "GET" else "write")
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    item = get_object_or_404(GoldItem.objects.select_related("pair"), pk=pk, pair__campaign=found)
    if request.method == "GET":
        return Response(shown(item))
    try:
        return revised(request, item) if request.method == "PATCH" else retired(request, item)
    except NotPossible as refusal:
        return refused(refusal)


def page_of_gold(request: Request, campaign: Campaign) -> list[GoldItem]:
    page = request.GET.get("page", "1")
    if not re.fullmatch("[1-9][0-9]{0,5}", page):
        raise ValidationError({"page": "Give the number of a page, from 1."})
    return list(gold_items.in_use(campaign)[(int(page) - 1) * A_PAGE : int(page) * A_PAGE])


def make(request: Request, pair: Pair, said: dict[str, Any]) -> GoldItem:
    """Make a pair gold by the verdict that was sent, or else by its own. Raises NotPossible."""
    if "verdict" in said:
        return goldkeeping.make_gold(pair=pair, **said, actor=signed_in(request), at=timezone.now())
    return goldkeeping.promote(pair=pair, **{"why": gold_items.usual_why(pair)} | said, actor=signed_in(request), at=timezone.now())


def revised(request: Request, item: GoldItem) -> Response:
    said = checked(SaidOfGoldSerializer(data=request.data))
    return Response(shown(goldkeeping.revise(item=item, **said, actor=signed_in(request), at=timezone.now())))


def retired(request: Request, item: GoldItem) -> Response:
    goldkeeping.retire(item=item, actor=signed_in(request), at=timezone.now())
    return Response(status=status.HTTP_204_NO_CONTENT)


def shown(item: GoldItem) -> Any:
    [described] = gold_items.described([item], on=timezone.localdate())
    return GoldItemSerializer(described).data


def pair_named(campaign: Campaign, name: str) -> Pair:
    """Return the pair of that id or number. Raises ValidationError."""
    pks = naming.pairs_named(campaign, [name])
    if not pks:
        raise ValidationError({"pair": "There is no such pair here."})
    return Pair.objects.get(pk=pks[name])
