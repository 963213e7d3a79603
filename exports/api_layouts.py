"""A version in a trainer's layout, by program: which there are, ask for one, see how far it is."""

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
from accounts.permissions import IsResearcher, scope
from accounts.serializers import RefusalSerializer
from exports import converting, layouts_shown, tasks
from exports.api import NAME, NUMBER, FileSerializer, demand, version_named
from exports.layouts import LAYOUTS
from exports.layouts_shown import ShownLayout
from exports.models import Conversion


class ConversionSerializer(serializers.ModelSerializer[Conversion]):
    """A layout in one kind of file. Its files are fetched like the version's own once it is done."""

    files = FileSerializer(many=True, read_only=True)
    state = serializers.CharField(help_text="asked, writing, done or failed.")
    kind = serializers.CharField()
    percent = serializers.IntegerField()

    class Meta:
        model = Conversion
        fields = ["layout", "kind", "state", "percent", "error", "files"]


class LayoutSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(source="layout.name")
    title = serializers.CharField(source="layout.title")
    objective = serializers.CharField(source="layout.objective", help_text="What it is meant for.")
    checked = serializers.CharField(source="layout.checked", help_text="How it is known that the trainer reads it so.")
    kinds = serializers.ListField(source="layout.kinds", child=serializers.CharField())
    block = serializers.CharField(help_text="A configuration that the trainer takes as it stands.")
    asked = serializers.SerializerMethodField()

    def get_asked(self, shown: ShownLayout) -> list[str]:
        """The kinds that somebody asked for."""
        return [offer.kind for offer in shown.offers if offer.conversion]


class AskForLayoutSerializer(serializers.Serializer[dict[str, Any]]):
    layout = serializers.ChoiceField(list(LAYOUTS))
    kind = serializers.ChoiceField(Conversion.Kind.choices, default=Conversion.Kind.JSONL)


@extend_schema(parameters=[NAME, NUMBER], methods=["GET"], responses=LayoutSerializer(many=True), operation_id="versions_layouts")
@extend_schema(
    parameters=[NAME, NUMBER],
    methods=["POST"],
    request=AskForLayoutSerializer,
    responses={202: ConversionSerializer, 409: RefusalSerializer},
    operation_id="versions_ask_for_layout",
)
@api_view(["GET", "POST"])
@permission_classes([IsAuthenticated, IsResearcher, scope("read", "write")])
def layouts(request: Request, name: str, number: int) -> Response:
    """Return the layouts in which the version can be had; or ask for one, which answers with how far it is. Asked again, it says how far it has come."""
    version = version_named(name, number)
    if request.method == "GET":
        demand(request, "read")
        return Response(LayoutSerializer(layouts_shown.layouts_of(version), many=True).data)
    demand(request, "write")
    form = AskForLayoutSerializer(data=request.data)
    form.is_valid(raise_exception=True)
    try:
        asked = converting.ask(version, form.validated_data["layout"], form.validated_data["kind"], by=signed_in(request), at=timezone.now())
    except converting.NotConverted as refusal:
        return Response({"detail": str(refusal)}, status=status.HTTP_409_CONFLICT)
    tasks.ring_for(asked)
    return Response(ConversionSerializer(asked).data, status=status.HTTP_202_ACCEPTED)
