"""Register a policy."""

from __future__ import annotations

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from policies import registering, sources
from policies.models import Policy
from policies.registering import BadPolicy

EXAMPLES = """
A folder of safetensors, asked in two ways; its weights and chat template are hashed:

  manage.py register_policy careful --source models/smollm2 --temperature 0.3 --top-p 0.9
  manage.py register_policy lively --source models/smollm2 --system-prompt "Be vivid."

A model behind an endpoint that OPENAI_ENDPOINTS names:

  manage.py register_policy remote --engine openai --source box/meta-llama/Llama-3.1-8B-Instruct
"""


class Command(BaseCommand):
    help = "Register a policy: a language model at one pinned revision, with its system prompt and sampling. It never changes afterwards."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="The policy's name, which stands beside every response.")
        parser.add_argument(
            "--engine", choices=[Policy.Engine.HF, Policy.Engine.OPENAI], default=Policy.Engine.HF, help="hf (default): a folder. openai: an endpoint."
        )
        parser.add_argument(
            "--source",
            required=True,
            help="hf: ROOT/FOLDER, with ROOT one of MODEL_ROOTS. openai: ENDPOINT/MODEL, with ENDPOINT one of OPENAI_ENDPOINTS.",
        )
        parser.add_argument("--system-prompt", default="", help="Goes to the model before every prompt (default: none).")
        parser.add_argument("--temperature", type=float, help="0 takes the likeliest token every time (default 1).")
        parser.add_argument("--top-p", type=float, help="Draw from the likeliest tokens that hold so much of the probability (default 1: all).")
        parser.add_argument("--top-k", type=int, help="Draw from so many of the likeliest tokens (default 0: all).")
        parser.add_argument("--max-new-tokens", type=int, help="A response's length at the most (default 256).")
        parser.add_argument("--stop", action="append", help="End a response before this text; may be given several times.")
        parser.add_argument("--seed", type=int, help="The policy's own seed; a run makes those of its requests from it (default 0).")
        parser.add_argument("--note", default="", help="Anything people should know.")

    def handle(self, *, name: str, engine: str, source: str, system_prompt: str, note: str, **options: Any) -> None:
        sampling = {key: options[key] for key in ("temperature", "top_p", "top_k", "max_new_tokens", "stop", "seed") if options[key] is not None}
        try:
            registered = registering.register_policy(
                name=name, engine=engine, source=source, system_prompt=system_prompt, sampling=sampling, note=note, by=None, at=timezone.now()
            )
        except BadPolicy as refusal:
            raise CommandError(f"{refusal}.{self.hint(refusal)}") from refusal
        policy = registered.policy
        self.stdout.write(f"{policy.name} is registered{f' at revision {policy.revision}' if policy.revision else ', not pinned: its endpoint says no hash'}.")
        if registered.twins:
            self.stdout.write(f"It is the same as {', '.join(registered.twins)} but for its name.")

    def hint(self, refusal: BadPolicy) -> str:
        """What there is to choose from, where the source was at fault."""
        if refusal.field != "source":
            return ""
        known = sources.model_folders() + [f"{name}/…" for name in sorted(settings.OPENAI_ENDPOINTS)]
        return f" To choose from: {', '.join(known) or 'nothing; set MODEL_ROOTS or OPENAI_ENDPOINTS'}."
