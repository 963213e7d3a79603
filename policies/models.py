"""Prompts, policies, generation runs and responses: what there is before anybody judges."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.ledgers import append_only
from accounts.wording import figure, grouped


class PromptSet(models.Model):
    """Prompts that were imported together or belong together."""

    name = models.SlugField(max_length=80, unique=True)
    description = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("prompt-set", args=[self.name])


class PromptQuerySet(models.QuerySet["Prompt"]):
    def askable(self) -> Self:
        """Those that still have a text."""
        return self.filter(erased_at=None)


class Prompt(models.Model):
    """x: the imported messages, byte for byte. It ends with a user's turn."""

    prompt_set = models.ForeignKey(PromptSet, on_delete=models.PROTECT, related_name="prompts")
    external_id = models.CharField(max_length=200, blank=True)
    # NULL once erased. Nothing that can still be shown or asked leads to such a prompt, so readers take it for what it was.
    messages: models.JSONField[list[dict[str, str]]] = models.JSONField(null=True)
    content_sha256 = models.CharField(max_length=64)
    family = models.CharField(max_length=64, db_index=True, help_text="Key of the prompt family: prompts that must stay in one split.")
    slices: models.JSONField[dict[str, str]] = models.JSONField(default=dict)
    source = models.CharField(max_length=200, blank=True)
    licence = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=300, blank=True, default="", db_default="")
    erased_sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")

    objects = PromptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prompt_set", "content_sha256"], name="prompt_is_stored_once_a_set"),
            models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(messages__0__isnull=False), name="prompt_has_a_turn"),
        ]
        indexes = [models.Index(fields=["content_sha256"], condition=Q(erased_at__isnull=False), name="prompt_that_was_erased")]
        triggers = append_only(erasable="messages")

    def __str__(self) -> str:
        return self.external_id or f"prompt {self.pk}"


class PolicyQuerySet(models.QuerySet["Policy"]):
    def askable(self) -> Self:
        """Those that a worker can ask; the others' responses were made elsewhere."""
        return self.filter(engine__in=[Policy.Engine.HF, Policy.Engine.OPENAI, *([Policy.Engine.ECHO] if settings.ECHO_ENGINE else [])])


class Policy(models.Model):
    """A language model at one pinned revision, with chat template, system prompt and sampling. It never changes."""

    class Engine(models.TextChoices):
        HF = "hf"
        """Safetensors from a model root, run by the gpu worker with transformers."""

        OPENAI = "openai"
        """An OpenAI-compatible endpoint that the operator's settings name."""

        ECHO = "echo"
        """Tests only."""

        IMPORTED = "imported"
        """Its texts were made elsewhere and arrived with pairs; it cannot be asked."""

    name = models.CharField(max_length=120, unique=True)
    engine = models.CharField(max_length=10, choices=Engine.choices)
    source = models.CharField(max_length=300, blank=True, help_text="hf: root/folder. openai: endpoint/model.")
    weights_sha256 = models.CharField(max_length=64, blank=True)
    template_sha256 = models.CharField(max_length=64, blank=True)
    system_prompt = models.TextField(blank=True)
    sampling: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = PolicyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            models.CheckConstraint(condition=~Q(engine="hf") | ~Q(weights_sha256="") & ~Q(template_sha256=""), name="hf_policy_is_pinned_by_its_hashes"),
            models.CheckConstraint(condition=Q(engine__in=["imported", "echo"]) | ~Q(source=""), name="policy_that_can_be_asked_has_a_source"),
        ]
        triggers = append_only()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("policy", args=[self.pk])

    @property
    def revision(self) -> str:
        """The beginning of the weights' hash, as people write it; empty where no weights are known."""
        return self.weights_sha256[:12]

    @property
    def sampling_in_words(self) -> str:
        """How tokens are drawn, as people say it; what does nothing is left out."""
        said = self.sampling
        most = said.get("max_new_tokens")
        words = [_("temperature {figure}").format(figure=figure(said.get("temperature", 1)))]
        words += [f"top-p {figure(said['top_p'])}"] if said.get("top_p", 1) != 1 else []
        words += [f"top-k {said['top_k']}"] if said.get("top_k") else []
        words += [ngettext("at most {n} token", "at most {n} tokens", most).format(n=grouped(most))] if most else []
        return ", ".join(words) if said else ""


class GenerationRun(models.Model):
    """Every prompt of a set, asked of two policies (or of one twice). Its progress is that of its requests."""

    prompt_set = models.ForeignKey(PromptSet, on_delete=models.PROTECT, related_name="runs")
    policy_a = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    policy_b = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    seed = models.BigIntegerField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"run {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("run", args=[self.pk])


class GenerationRequestQuerySet(models.QuerySet["GenerationRequest"]):
    def queued(self) -> Self:
        return self.filter(status=GenerationRequest.Status.QUEUED)

    def lapsed(self, *, at: datetime) -> Self:
        return self.filter(status=GenerationRequest.Status.RUNNING, lease_ends_at__lt=at)


class GenerationRequest(models.Model):
    """One prompt, one policy, one sample index, to be answered once. The row is the job; a message only rings."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        """Nobody works on it."""

        RUNNING = "running"
        """Claimed by a worker until `lease_ends_at`; only who holds the present `attempt` may end it."""

        DONE = "done"
        """Its response is stored."""

        FAILED = "failed"
        """Given up, with a reason people can read."""

        STOPPED = "stopped"
        """Its run was stopped before it was answered."""

    run = models.ForeignKey(GenerationRun, on_delete=models.PROTECT, related_name="requests")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="+")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="+")
    sample_index = models.SmallIntegerField(default=0)
    seed = models.BigIntegerField(help_text="The noise of this one response comes from it.")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    attempt = models.SmallIntegerField(default=0, help_text="Raised by every claim and never lowered: the fencing token.")
    failed_attempts = models.SmallIntegerField(default=0, help_text="Attempts that ended without an answer; the third is the last.")
    worker = models.CharField(max_length=120, blank=True)
    lease_ends_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    objects = GenerationRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "prompt", "policy", "sample_index"], name="request_is_made_once_a_run"),
            models.CheckConstraint(condition=~Q(status="failed") | ~Q(error=""), name="request_failure_has_a_reason"),
            models.CheckConstraint(condition=Q(status="running", lease_ends_at__isnull=False) | ~Q(status="running"), name="running_request_has_a_lease"),
            models.CheckConstraint(condition=Q(finished_at__isnull=False) | ~Q(status__in=["done", "failed"]), name="ended_request_says_when"),
        ]
        indexes = [
            models.Index(fields=["run", "failed_attempts", "id"], condition=Q(status="queued"), name="request_queue"),
            models.Index(fields=["lease_ends_at"], condition=Q(status="running"), name="request_leases"),
            models.Index(fields=["run", "status", "finished_at"], name="request_by_run"),
        ]

    def __str__(self) -> str:
        return f"request {self.pk}"


class Response(models.Model):
    """y: what came back, byte-exact. From a request of ours, or imported with a pair."""

    class FinishReason(models.TextChoices):
        STOP = "stop"
        """The policy ended it."""

        LENGTH = "length"
        """Cut at the most tokens allowed."""

        IMPORTED = "imported"
        """Made elsewhere; how it ended is not known."""

    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="responses")
    policy = models.ForeignKey(Policy, on_delete=models.PROTECT, related_name="responses")
    request = models.OneToOneField(GenerationRequest, on_delete=models.PROTECT, null=True, related_name="response")
    text: models.TextField[str, str] = models.TextField(null=True)  # type: ignore[misc]  # noqa: DJ001 - NULL once erased, with its prompt
    sha256 = models.CharField(max_length=64)
    token_ids = ArrayField(models.IntegerField(), null=True)
    finish_reason = models.CharField(max_length=8, choices=FinishReason.choices)
    lineage: models.JSONField[dict[str, Any]] = models.JSONField(default=dict, help_text="Engine, versions, device, attempt, worker.")
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=300, blank=True, default="", db_default="")
    erased_sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(request__isnull=True, finish_reason="imported") | Q(request__isnull=False) & ~Q(finish_reason="imported"),
                name="response_without_a_request_was_imported",
            ),
            models.CheckConstraint(condition=Q(erased_at__isnull=False) | Q(text__isnull=False), name="response_has_a_text"),
        ]
        triggers = append_only(erasable=["text", "token_ids"])

    def __str__(self) -> str:
        return f"response {self.pk}"
