"""From what a researcher says of a language model to a policy, pinned and immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.marking import marked
from accounts.models import User
from policies import reasons, sources
from policies.engines import safety
from policies.engines.base import EngineError, Sampling
from policies.jsonl import BadText, check_text, in_units
from policies.models import Policy
from policies.sources import BadSource

WORDS = (("name", marked("name"), 120), ("system_prompt", marked("system prompt"), 64 * 2**10), ("note", marked("note"), 300))
"""Field, what a refusal calls it, and the bytes that it takes."""
MOST_BYTES_ON_A_PAGE = 16 * 2**30
"""A folder of this size is hashed in some fifteen seconds; a page must answer within thirty."""


class BadPolicy(Exception):
    """The policy cannot be registered. The message is the reason, in the reader's language; `field` says what it is about."""

    def __init__(self, field: str, reason: object) -> None:
        self.field = field
        super().__init__(str(reason))


@dataclass(frozen=True)
class Registered:
    """The policy, and the names of those that are the same but for their names."""

    policy: Policy
    twins: list[str]


def register_policy(
    *,
    name: str,
    engine: str,
    source: str,
    system_prompt: str = "",
    sampling: Mapping[str, Any],
    note: str = "",
    by: User | None,
    at: datetime,
    most_bytes: int | None = None,
) -> Registered:
    """Store a policy. Weights and chat template of a folder are hashed, which pins them; an endpoint's are not known.

    `most_bytes`: a folder that holds more is not hashed but refused, where somebody waits for the answer. Raises BadPolicy.
    """
    check_words({"name": name, "system_prompt": system_prompt, "note": note})
    policy = Policy(
        name=name,
        engine=engine,
        source=source,
        system_prompt=system_prompt,
        sampling=checked_sampling(sampling),
        note=note,
        created_by=by,
        created_at=at,
        **pins(engine, source, most_bytes=most_bytes),
    )
    twins = list(twins_of(policy))
    try:
        with transaction.atomic():
            policy.save(force_insert=True)
    except IntegrityError:
        said = _("there is a policy {name} already; a policy never changes, so give this one another name")
        raise BadPolicy("name", said.format(name=repr(name))) from None
    return Registered(policy, twins)


def check_words(said: Mapping[str, str]) -> None:
    """Raise BadPolicy for a text that cannot be stored, and for a name that two people could read differently."""
    for field, called, most in WORDS:
        try:
            check_text(said[field], what=_(called), at_most=most, may_be_empty=field != "name")
        except BadText as error:
            raise BadPolicy(field, error) from None
    name = said["name"]
    if not name.isprintable() or name != name.strip():
        raise BadPolicy("name", _("the name holds characters that cannot be seen, or begins or ends with a space"))


def checked_sampling(sampling: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return Sampling.from_json(sampling).to_json()
    except (TypeError, ValueError) as error:
        raise BadPolicy("sampling", reasons.told(str(error))) from None


def pins(engine: str, source: str, *, most_bytes: int | None) -> dict[str, str]:
    """Return the hashes that pin what the source holds. Raises BadPolicy."""
    try:
        if engine == Policy.Engine.HF:
            return hashes(*sources.folder_of(source), most_bytes=most_bytes)
        if engine == Policy.Engine.OPENAI:
            sources.endpoint_of(source)
            return {}
    except BadSource as error:
        raise BadPolicy("source", error) from None
    if engine == Policy.Engine.ECHO and settings.ECHO_ENGINE:
        return {}
    raise BadPolicy("engine", _("{engine} is not an engine: it must be hf or openai").format(engine=repr(engine)))


def hashes(folder: Path, root: Path, *, most_bytes: int | None) -> dict[str, str]:
    """Return the folder's hashes, if it is safe to load."""
    try:
        safety.check_model_folder(folder, root=root)
        if most_bytes is not None and (size := size_of(folder)) > most_bytes:
            said = _("the folder holds {size}, which takes too long to hash while a page waits: use manage.py register_policy")
            raise BadPolicy("source", said.format(size=in_units(size)))
        return {"weights_sha256": safety.hash_weights(folder), "template_sha256": safety.hash_template(folder)}
    except EngineError as error:
        raise BadPolicy("source", reasons.told(str(error))) from None
    except (KeyError, OSError, TypeError, ValueError) as error:
        raise BadPolicy("source", _("the folder could not be read: {error}").format(error=error)) from None


def size_of(folder: Path) -> int:
    """Return the bytes of all files below the folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def twins_of(policy: Policy) -> list[str]:
    """Return the names of policies that would answer alike."""
    same = Policy.objects.filter(
        engine=policy.engine,
        source=policy.source,
        weights_sha256=policy.weights_sha256,
        template_sha256=policy.template_sha256,
        system_prompt=policy.system_prompt,
        sampling=policy.sampling,
    )
    return list(same.order_by("name").values_list("name", flat=True))
