"""From a policy's row to the engine that answers for it; one engine is in memory at a time."""

from __future__ import annotations

import gc
import importlib
import logging
import time
from typing import Any

from django.conf import settings

from policies import sources
from policies.engines.base import Engine, EngineError
from policies.engines.echo import EchoEngine
from policies.engines.openai import OpenAIEngine
from policies.models import Policy
from policies.sources import BadSource

log = logging.getLogger(__name__)


class Engines:
    """The engine in memory, and how to get another. Policies that differ in words and sampling alone share one."""

    def __init__(self) -> None:
        self.held: Engine | None = None
        self.held_key = ""

    def key(self, policy: Policy) -> str:
        """Return what two policies must have in common to share an engine."""
        return f"{policy.engine} {policy.source} {policy.weights_sha256} {policy.template_sha256}"

    def holds(self, policy: Policy) -> bool:
        return self.held is not None and self.held_key == self.key(policy)

    def of(self, policy: Policy) -> Engine:
        """Return the policy's engine, loading it if it is not the one in memory. Raises EngineError, whose message is for people."""
        if self.held is None or not self.holds(policy):
            self.drop()
            started = time.monotonic()
            self.held, self.held_key = load(policy), self.key(policy)
            log.info("loaded %s (%s) in %.1f s", policy.name, policy.source or policy.engine, time.monotonic() - started)
        return self.held

    def drop(self) -> None:
        """Let go of the engine, so that the next one finds its memory free."""
        if isinstance(self.held, OpenAIEngine):
            self.held.close()
        self.held, self.held_key = None, ""
        gc.collect()


def load(policy: Policy) -> Engine:
    """Return a new engine. Raises EngineError where the settings, the folder or the endpoint do not allow it, or are not what was registered."""
    loader = LOADERS.get(policy.engine)
    if loader is None:
        raise EngineError(f"no engine answers for {policy.name}: its responses were made elsewhere")
    try:
        engine = loader(policy)
    except BadSource as error:
        raise EngineError(str(error)) from None
    check_pins(policy, engine.facts())
    return engine


def check_pins(policy: Policy, facts: dict[str, Any]) -> None:
    """Raise EngineError unless weights and chat template are those that were registered."""
    for what, key in (("the weights", "weights_sha256"), ("the chat template", "template_sha256")):
        found, pin = facts.get(key, ""), getattr(policy, key)
        if pin and found != pin:
            raise EngineError(f"{what} in {policy.source} changed since {policy.name} was registered: {found[:12]} instead of {pin[:12]}")


def load_hf(policy: Policy) -> Engine:
    folder, root = sources.folder_of(policy.source)
    # torch is loaded by the process that needs it, and by no other: hence at this moment and not at the top.
    engine: Engine = importlib.import_module("policies.engines.hf").HFEngine(
        folder, root=root, dtype=settings.GENERATION_DTYPE, device=settings.GENERATION_DEVICE, rows=settings.GENERATION_BATCH
    )
    return engine


def load_openai(policy: Policy) -> Engine:
    name, model = sources.endpoint_of(policy.source)
    return OpenAIEngine(settings.OPENAI_ENDPOINTS[name], model, settings.OPENAI_KEYS.get(name, ""), at_once=settings.GENERATION_BATCH)


def load_echo(policy: Policy) -> Engine:
    if not settings.ECHO_ENGINE:
        raise EngineError(f"{policy.name} uses the echo engine, which exists for tests only")
    return EchoEngine()


LOADERS = {Policy.Engine.HF.value: load_hf, Policy.Engine.OPENAI.value: load_openai, Policy.Engine.ECHO.value: load_echo}
