"""The web process."""

from __future__ import annotations

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.template.loader import get_template
from django.urls import get_resolver

NEW_OBJECTS = 10_000
"""More of them than were given back: then the collector looks at the new ones. Python's own 700 is some twenty looks a request."""


def warm() -> None:
    """Import every view and compile every template, before gunicorn forks: else each new worker does so in its first requests, with 1.3 s of CPU."""
    get_resolver()._populate()
    folder = settings.BASE_DIR / "templates"
    for path in folder.rglob("*.html"):
        get_template(str(path.relative_to(folder)))


def calm_collector() -> None:
    """Take what is loaded out of the sight of the garbage collector, and have it look less often: of a request's objects nearly none are in cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
warm()
calm_collector()
