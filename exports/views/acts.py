"""What can become of a version from where it stands, as its page offers it: each act with its words and its own form."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from exports import lives
from exports.forms_life import ChangeForm
from exports.models import DatasetVersion, VersionEvent

State, Kind = DatasetVersion.State, VersionEvent.Kind


@dataclass(frozen=True)
class Act:
    """What can become of a version: in what words it is offered, what follows from it, and its form."""

    kind: str
    title: str
    follows: str
    form: ChangeForm


def shown(version: DatasetVersion, refused: ChangeForm | None = None) -> list[Act]:
    """Return what can become of the version from where it stands; with the form that was filled in and refused, where there is one."""
    others, asked = others_of(version), refused.data.get("act") if refused else ""
    words = in_words(version)
    return [Act(kind, *words[kind], refused.shown_for(kind) if refused and kind == asked else ChangeForm.of(kind, others=others)) for kind in possible(version)]


def possible(version: DatasetVersion) -> list[str]:
    if version.state == State.WITHDRAWN:
        return [Kind.SUCCEEDED.value]
    in_use = lives.in_use(version.dataset)
    is_current = in_use[:1] == [version]
    back = [Kind.ROLLED_BACK.value] if is_current and len(in_use) > 1 else []
    again = [Kind.REINSTATED.value] if version.state == State.RELEASED and not is_current else []
    return [*back, *again, Kind.WITHDRAWN.value]


def in_words(version: DatasetVersion) -> dict[str, tuple[str, str]]:
    """Return for each act its title, which is its button too, and what follows from it."""
    number = version.number
    return {
        Kind.ROLLED_BACK: (
            _("Roll back version {number}").format(number=number),
            _("The version that was current before it is so again. Nothing is deleted, and it can be made the current one again."),
        ),
        Kind.REINSTATED: (
            _("Make version {number} current again").format(number=number),
            _("From then on it is the one to train on. The one that is current now stays released."),
        ),
        Kind.WITHDRAWN: (
            _("Withdraw version {number}").format(number=number),
            _("Its files are sent to nobody any more, links to them open nothing, and whoever has downloaded one is told. That cannot be taken back."),
        ),
        Kind.SUCCEEDED: (_("Name the version to use instead"), _("Whoever asks for this one reads which to use.")),
    }


def others_of(version: DatasetVersion) -> list[int]:
    """Return the versions that could be used in its place, the newest first."""
    return list(version.dataset.versions.exclude(pk=version.pk).exclude(state=State.WITHDRAWN).order_by("-number").values_list("number", flat=True))
