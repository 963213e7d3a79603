"""What can be chosen for a version, and names that a choice gives to nothing. Writes nothing."""

from __future__ import annotations

from accounts.marking import marked
from exports.choices import BadChoice, Choice
from exports.rows import policy_name
from labeling.models import RubricVersion
from policies.models import Policy


def refuse_unknown(choice: Choice) -> None:
    """Raise BadChoice where it names a rubric version or a policy that is not there."""
    if missing := sorted(set(choice.rubric_versions) - set(rubric_versions())):
        raise BadChoice(marked("There is no rubric version {names}."), names=", ".join(missing))
    if missing := sorted(set(choice.policies) - set(policies())):
        raise BadChoice(marked("There is no policy {names}."), names=", ".join(missing))


def rubric_versions() -> list[str]:
    versions = RubricVersion.objects.order_by("rubric__name", "number").values_list("rubric__name", "number")
    return [f"{name}@{number}" for name, number in versions]


def policies() -> list[str]:
    return [policy_name(policy) for policy in Policy.objects.only("name", "weights_sha256").order_by("name")]
