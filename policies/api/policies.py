"""Policies by program."""

from __future__ import annotations

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
from policies import registering
from policies.api.common import READ, READ_OR_WRITE, demand
from policies.models import Policy
from policies.registering import BadPolicy


class PolicySerializer(serializers.ModelSerializer[Policy]):
    class Meta:
        model = Policy
        fields = ["id", "name", "engine", "source", "weights_sha256", "template_sha256", "system_prompt", "sampling", "note", "created_at"]


class NewPolicySerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=120, trim_whitespace=False)
    engine = serializers.ChoiceField(choices=Policy.Engine.choices, help_text="hf or openai; the others cannot be registered.")
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=300, help_text="hf: root/folder. openai: endpoint/model. The settings name roots and endpoints."
    )
    system_prompt = serializers.CharField(default="", allow_blank=True, trim_whitespace=False)
    sampling = serializers.DictField(default=dict, help_text="temperature, top_p, top_k, max_new_tokens, stop (a list), seed; each may be left out.")
    note = serializers.CharField(default="", allow_blank=True, max_length=300)


class RegisteredSerializer(PolicySerializer):
    twins = serializers.ListField(child=serializers.CharField(), help_text="Policies that are the same but for their names.")

    class Meta(PolicySerializer.Meta):
        fields = [*PolicySerializer.Meta.fields, "twins"]


POLICY_KEY = OpenApiParameter("id", int, OpenApiParameter.PATH)


@extend_schema(methods=["GET"], responses=PolicySerializer(many=True), operation_id="policies_list")
@extend_schema(methods=["POST"], request=NewPolicySerializer, responses={201: RegisteredSerializer}, operation_id="policies_register")
@api_view(["GET", "POST"])
@permission_classes(READ_OR_WRITE)
def policies(request: Request) -> Response:
    """List the policies; or register one. Weights and chat template of a folder are hashed, which pins them."""
    if request.method == "GET":
        demand(request, "read")
        return Response(PolicySerializer(Policy.objects.order_by("pk"), many=True).data)
    demand(request, "write")
    form = NewPolicySerializer(data=request.data)
    form.is_valid(raise_exception=True)
    try:
        made = registering.register_policy(**form.validated_data, by=signed_in(request), at=timezone.now(), most_bytes=registering.MOST_BYTES_ON_A_PAGE)
    except BadPolicy as refusal:
        raise ValidationError({refusal.field: [str(refusal)]}) from refusal
    return Response(PolicySerializer(made.policy).data | {"twins": made.twins}, status=status.HTTP_201_CREATED)


@extend_schema(parameters=[POLICY_KEY], responses=PolicySerializer, operation_id="policies_retrieve")
@api_view(["GET"])
@permission_classes(READ)
def policy(request: Request, pk: int) -> Response:
    """Return a policy."""
    return Response(PolicySerializer(get_object_or_404(Policy, pk=pk)).data)
