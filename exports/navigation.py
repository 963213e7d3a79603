"""What stands in the bar, by what a person may open."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy


@dataclass(frozen=True)
class Link:
    label: str
    url: str
    current: bool


EVERYONE = [(gettext_lazy("Campaigns"), "home", "/c/")]
RESEARCHERS = [
    (gettext_lazy("Prompts"), "prompt-sets", "/prompts/"),
    (gettext_lazy("Policies"), "policies", "/policies/"),
    (gettext_lazy("Runs"), "runs", "/runs/"),
    (gettext_lazy("Rubrics"), "rubrics", "/rubrics/"),
    (gettext_lazy("Dataset versions"), "datasets", "/datasets/"),
]
OWNERS = [(gettext_lazy("People"), "people", "/people/")]


def navigation(request: HttpRequest) -> dict[str, list[Link]]:
    """Return `nav`, the links of the bar; empty for who is not signed in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"nav": []}
    versions = [] if user.is_researcher or not user.is_owner else RESEARCHERS[-1:]
    pages = EVERYONE + (RESEARCHERS if user.is_researcher else versions) + (OWNERS if user.is_owner else [])
    return {"nav": [Link(str(label), reverse(name), is_at(request.path, reverse(name), prefix)) for label, name, prefix in pages]}


def is_at(path: str, url: str, prefix: str) -> bool:
    return path == url or path.startswith(prefix)
