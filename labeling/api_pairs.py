"""Pairs into a campaign by program."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.http import QueryDict
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiRequest, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, parser_classes, permission_classes
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import signed_in
from accounts.permissions import scope
from accounts.serializers import RefusalSerializer
from labeling import access, importing
from labeling.api_checks import SLUG, checked, demand_researcher, refused
from labeling.campaigns import NotPossible
from labeling.models import Role
from policies.api.prompts import BadFileSerializer, BadLineSerializer, JSONLinesParser, RepeatsSerializer, TooLarge, said_of
from policies.importing import NothingStored
from policies.jsonl import ByteLines


class BoundedJSONParser(JSONParser):
    """As large as an import may be, and no larger."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if int((parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0) > settings.IMPORT_MAX_BYTES:
            raise TooLarge
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error


class ImportReportSerializer(serializers.Serializer[importing.Report]):
    pairs = serializers.IntegerField(help_text="Stored.")
    labels = serializers.IntegerField(help_text="That came with them.")
    gold = serializers.IntegerField(help_text="Of the pairs, gold items.")
    flagged = serializers.DictField(source="troubles", child=serializers.IntegerField(), help_text="Pairs that can never become a row that trains, by reason.")
    repeats = RepeatsSerializer(help_text="Pairs that the campaign holds already, either way round: not stored again.")
    policies = serializers.ListField(source="policies_made", child=serializers.CharField(), help_text="Registered, because the pairs name them.")
    labelers = serializers.ListField(source="labelers_made", child=serializers.CharField(), help_text="External labelers that were made.")
    skipped = BadLineSerializer(many=True)


class PairsUploadSerializer(serializers.Serializer[dict[str, Any]]):
    register = serializers.BooleanField(
        default=False, help_text="Register the policies and external labelers that the pairs name. For researchers of the installation."
    )
    skip_bad = serializers.BooleanField(default=False, help_text="Leave bad lines out and list them; else nothing is stored if one is bad.")
    file = serializers.FileField(allow_empty_file=True)


REGISTER = OpenApiParameter("register", bool, description="Without a form: register the policies and external labelers that the pairs name.")
SKIP_BAD = OpenApiParameter("skip_bad", bool, description="Without a form: leave bad lines out and list them.")
PAIR = {"type": "object", "required": ["id", "prompt", "responses"], "additionalProperties": True}


@extend_schema(
    parameters=[SLUG, REGISTER, SKIP_BAD],
    request={
        "application/x-ndjson": OpenApiRequest(OpenApiTypes.STR),
        "application/json": {"oneOf": [PAIR, {"type": "array", "items": PAIR}]},
        "multipart/form-data": PairsUploadSerializer,
    },
    responses={201: ImportReportSerializer, 409: RefusalSerializer, 413: RefusalSerializer, 422: BadFileSerializer},
    operation_id="campaigns_import_pairs",
)
@api_view(["POST"])
@permission_classes([IsAuthenticated, scope("write")])
@parser_classes([JSONLinesParser, BoundedJSONParser, MultiPartParser])
def campaign_pairs(request: Request, slug: str) -> Response:
    """Import pairs: a body of JSON Lines, one pair or a list of pairs as JSON, or a form with a file. 422: bad lines, and nothing was stored."""
    found = access.campaign_of(signed_in(request), slug, Role.RESEARCHER)
    said = upload_of(request)
    if said["register"]:
        demand_researcher(request)
    try:
        report = importing.import_pairs(campaign=found, by=signed_in(request), at=timezone.now(), **said)
    except NothingStored as refusal:
        return Response(said_of(refusal), status=status.HTTP_422_UNPROCESSABLE_ENTITY)
    except NotPossible as refusal:
        return refused(refusal)
    return Response(ImportReportSerializer(report).data, status=status.HTTP_201_CREATED)


def upload_of(request: Request) -> dict[str, Any]:
    """Return what was sent, in whichever way: `register`, `skip_bad` and `file`, opened for reading bytes."""
    lines = lines_in(request.data)
    form = PairsUploadSerializer(data=request.data if lines is None else request.query_params.dict())
    if lines is not None:
        del form.fields["file"]
    said = checked(form)
    return said if lines is None else {**said, "file": lines}


def lines_in(sent: Any) -> ByteLines | None:
    """Return the pairs as lines, or None where they came as a file in a form."""
    if isinstance(sent, QueryDict):
        return None
    if isinstance(sent, dict) and hasattr(sent.get("stream"), "readline"):
        stream: ByteLines = sent["stream"]
        return stream
    pairs = sent if isinstance(sent, list) else [sent] if sent else []
    try:
        return io.BytesIO(b"".join(json.dumps(pair).encode() + b"\n" for pair in pairs))
    except RecursionError as error:
        raise ParseError("The JSON is nested too deeply.") from error
