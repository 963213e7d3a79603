"""Prompt sets by program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiRequest, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, parser_classes, permission_classes
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import signed_in
from policies import importing, prompts
from policies.api.common import READ, READ_OR_WRITE, demand
from policies.importing import BadName, NothingStored, Report
from policies.jsonl import BadLine
from policies.models import PromptSet

SHOWN = 1000
"""Lines that an answer names; the rest is counted."""


class SliceSerializer(serializers.Serializer[prompts.SliceValues]):
    name = serializers.CharField()
    values = serializers.SerializerMethodField()

    def get_values(self, found: prompts.SliceValues) -> dict[str, int]:
        return dict(found.values)


class PromptSetSerializer(serializers.Serializer[prompts.SetLine]):
    """A prompt set with its counts."""

    name = serializers.CharField(source="prompt_set.name")
    created_at = serializers.DateTimeField(source="prompt_set.created_at")
    prompts = serializers.IntegerField()
    families = serializers.IntegerField(help_text="Prompts with the same normalised text are one family; a split never parts them.")
    slices = SliceSerializer(many=True)


class BadLineSerializer(serializers.Serializer[BadLine]):
    number = serializers.IntegerField(help_text="Lines count from 1.")
    reason = serializers.CharField()


class RepeatSerializer(serializers.Serializer[importing.Repeat]):
    number = serializers.IntegerField()
    earlier = serializers.IntegerField(allow_null=True, help_text="The line that said it before; null: a prompt that the set held already.")


class RepeatsSerializer(serializers.Serializer[importing.Repeats]):
    count = serializers.IntegerField()
    first = RepeatSerializer(many=True)


class ReportSerializer(serializers.Serializer[Report]):
    prompt_set = serializers.CharField(source="prompt_set.name")
    stored = serializers.IntegerField()
    repeats = RepeatsSerializer(help_text="The same bytes as before: not stored again.")
    kin = RepeatsSerializer(help_text="The same text in other bytes: stored, in the family of the earlier one.")
    skipped = BadLineSerializer(many=True)


class UploadSerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.SlugField(max_length=80, help_text="Of the set: a new one, or one that gets more prompts.")
    skip_bad = serializers.BooleanField(default=False, help_text="Leave bad lines out and list them; else nothing of a file with a bad line is stored.")
    file = serializers.FileField(allow_empty_file=True)


class BadFileSerializer(serializers.Serializer[dict[str, Any]]):
    detail = serializers.CharField()
    lines = serializers.IntegerField(help_text="How many the file has.")
    bad_lines = serializers.IntegerField(help_text="How many of them are bad.")
    first = BadLineSerializer(many=True)


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The file is larger than an import may be. The commands take larger ones."


class JSONLinesParser(BaseParser):
    """Hands the body over unread: it is read line by line."""

    media_type = "application/x-ndjson"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        request = (parser_context or {})["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.IMPORT_MAX_BYTES:
            raise TooLarge
        return {**request.query_params.dict(), "stream": stream}


SET_NAME = OpenApiParameter("name", str, OpenApiParameter.PATH)
LINES = [
    OpenApiParameter("name", str, description="With a body of JSON Lines: the set's name."),
    OpenApiParameter("skip_bad", bool, description="With a body of JSON Lines: leave bad lines out and list them."),
]


@extend_schema(methods=["GET"], responses=PromptSetSerializer(many=True), operation_id="prompt_sets_list")
@extend_schema(
    methods=["POST"],
    parameters=LINES,
    request={"multipart/form-data": UploadSerializer, "application/x-ndjson": OpenApiRequest(OpenApiTypes.STR)},
    responses={201: ReportSerializer, 422: BadFileSerializer},
    operation_id="prompt_sets_import",
)
@api_view(["GET", "POST"])
@permission_classes(READ_OR_WRITE)
@parser_classes([MultiPartParser, JSONLinesParser])
def prompt_sets(request: Request) -> Response:
    """List the prompt sets; or import prompts, as a form with a file or as a body of JSON Lines. 422: bad lines, and nothing was stored."""
    if request.method == "GET":
        demand(request, "read")
        lines: Any = prompts.lines_of(PromptSet.objects.order_by("-created_at"))
        return Response(PromptSetSerializer(lines, many=True).data)
    demand(request, "write")
    said = upload_of(request)
    try:
        report = importing.import_prompts(file=said["file"], prompt_set=said["name"], by=signed_in(request), at=timezone.now(), skip_bad=said["skip_bad"])
    except BadName as refusal:
        raise ValidationError({"name": [str(refusal)]}) from refusal
    except NothingStored as refusal:
        return Response(said_of(refusal), status=status.HTTP_422_UNPROCESSABLE_ENTITY)
    return Response(ReportSerializer(report).data, status=status.HTTP_201_CREATED)


def upload_of(request: Request) -> dict[str, Any]:
    """Return what was sent, in either way: `name`, `skip_bad` and `file`, opened for reading bytes."""
    stream = request.data.get("stream") if isinstance(request.data, dict) else None
    fields = UploadSerializer(data=request.data)
    if not hasattr(stream, "readline"):
        fields.is_valid(raise_exception=True)
        return dict(fields.validated_data)
    del fields.fields["file"]
    fields.is_valid(raise_exception=True)
    return {**fields.validated_data, "file": stream}


def said_of(refusal: NothingStored) -> dict[str, Any]:
    first = [{"number": bad.number, "reason": bad.reason} for bad in refusal.bad[:SHOWN]]
    return {"detail": str(refusal), "lines": refusal.lines, "bad_lines": len(refusal.bad), "first": first}


@extend_schema(parameters=[SET_NAME], responses=PromptSetSerializer, operation_id="prompt_sets_retrieve")
@api_view(["GET"])
@permission_classes(READ)
def prompt_set(request: Request, name: str) -> Response:
    """Return a prompt set with its counts and slices."""
    found = get_object_or_404(PromptSet, name=name)
    [line] = prompts.lines_of(PromptSet.objects.filter(pk=found.pk))
    return Response(PromptSetSerializer(line).data)
