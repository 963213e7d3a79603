"""Set the demo up, serve it, and stop all of it on Ctrl-C."""

from __future__ import annotations

import http.client
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from config import demo, supervisor
from config.embedded import EmbeddedError
from policies.engines.base import EngineError


class Command(BaseCommand):
    help = "Serve the demo: real pairs from the demo model, five people to sign in as. PORT chooses the port, VAR_DIR where its data stays."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--prompts", type=int, metavar="N", help="ask the model about so many of the bundled prompts, the first time (all of them)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.serve(options["prompts"])
        except (supervisor.PortBusy, EmbeddedError, EngineError) as refusal:
            raise CommandError(str(refusal)) from refusal
        except OSError as refusal:
            raise CommandError(
                f"{refusal.strerror or refusal}: {refusal.filename or settings.VAR_DIR}. Nothing was lost; mend that and start again."
            ) from refusal

    def serve(self, prompts: int | None) -> None:
        address = urlsplit(settings.BASE_URL)
        port = int(os.environ.get("PORT", 8000))
        supervisor.check_port(port)
        self.say("Bringing the database and the static files up to date")
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        password = demo.kept_password()
        demo.prepare(password=password, say=self.say, at=timezone.now(), most=prompts)
        connections.close_all()
        self.say("Starting the web process, both workers and the clock")
        os.chdir(settings.BASE_DIR)
        supervisor.supervise(
            demo.programs(is_up=lambda: answers(address.hostname or "127.0.0.1", port)),
            logs=Path(settings.VAR_DIR) / "log",
            on_ready=lambda: self.welcome(f"http://127.0.0.1:{port}", password),
        )

    def say(self, words: str) -> None:
        self.stderr.write(f"demo: {words}", ending="\n")

    def welcome(self, address: str, password: str) -> None:
        labelers = " and ".join(demo.LABELERS)
        self.stdout.write(
            f"\n  Tiebreak is up:  {address}\n\n"
            f"  Sign in as {labelers} to label, {demo.ADJUDICATOR} to adjudicate, {demo.RESEARCHER} to research,\n"
            f"  {demo.OWNER} to own; everybody's password: {password}\n\n"
            f"  The demo model is still answering prompts; pairs appear as they are ready.\n"
            f"  Logs: {settings.VAR_DIR}/log    Stop: Ctrl-C\n"
        )
        self.stdout.flush()


def answers(host: str, port: int) -> bool:
    """Does the web process answer yet?"""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
