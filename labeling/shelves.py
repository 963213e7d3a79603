"""What the lines of a file refer to: policies and labelers by name, and the pairs there are, by id and by content."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import erasable
from accounts.models import AccountEvent, User
from labeling.models import Campaign, Label, Pair
from labeling.pairlines import PairKey, PairLine
from policies.importing import erased_among, why_refused
from policies.jsonl import Refused, shown
from policies.models import Policy, Prompt, PromptSet


@dataclass(frozen=True)
class Held:
    """A pair that there is: from an earlier line of the file (`number`), or in the campaign from before."""

    is_gold: bool
    labelers: frozenset[str]
    number: int | None = None

    def where(self) -> str:
        return _("in line {number}").format(number=self.number) if self.number else _("in the campaign")


class Shelf:
    """Filled a batch at a time (`look_up`), and with what the file itself brings (`put`)."""

    def __init__(self, campaign: Campaign, prompt_set: PromptSet, *, by: User | None, at: datetime, register: bool) -> None:
        self.campaign, self.prompt_set, self.by, self.at, self.register = campaign, prompt_set, by, at, register
        self.policies: dict[str, Policy] = {}
        self.labelers: dict[str, User] = {}
        self.ids: dict[str, PairKey] = {}
        self.pairs: dict[PairKey, Held] = {}
        self.erased: dict[str, date] = {}
        self.forgotten: set[str] = set()

    def look_up(self, batch: list[PairLine]) -> None:
        """Learn which of the names there are, and which pairs of the campaign have an id or a prompt of this batch."""
        self.policies |= {policy.name: policy for policy in Policy.objects.filter(name__in=policies_in(batch) - self.policies.keys())}
        self.labelers |= {user.username: user for user in User.objects.filter(username__in=labelers_in(batch) - self.labelers.keys())}
        self.erased |= erased_among(line.content_sha256 for line in batch)
        self.forgotten |= forgotten_among(labelers_in(batch) - self.labelers.keys())
        # In steps, by key: joined in one query, tables that grew in this very transaction are taken for empty, and gone through row by row.
        prompts = list(
            Prompt.objects.filter(prompt_set=self.prompt_set, content_sha256__in={line.content_sha256 for line in batch}).values_list("pk", flat=True)
        )
        same = Q(external_id__in=[line.external_id for line in batch]) | Q(prompt__in=prompts)
        self.learn(list(Pair.objects.filter(same, campaign=self.campaign).values_list("pk", flat=True)))

    def learn(self, pks: list[int]) -> None:
        """Remember these pairs of the campaign, and who labeled them."""
        pairs = Pair.objects.filter(pk__in=pks)
        labelers: dict[int, set[str]] = defaultdict(set)
        for pk, name in Label.objects.filter(pair__in=pks).values_list("pair", "labeler__username"):
            labelers[pk].add(name)
        sides = ("response_a__policy__name", "response_a__sha256", "response_b__policy__name", "response_b__sha256")
        rows = pairs.values_list("pk", "external_id", "gold_items", "prompt__content_sha256", *sides)
        for pk, external_id, gold, content, policy_a, sha_a, policy_b, sha_b in rows:
            key = (content, frozenset({(policy_a, sha_a), (policy_b, sha_b)}))
            self.pairs.setdefault(key, Held(gold is not None, frozenset(labelers[pk])))
            if external_id:
                self.ids.setdefault(external_id, key)

    def put(self, line: PairLine) -> None:
        """Remember a line that is going to be stored."""
        self.ids[line.external_id] = line.key
        self.pairs[line.key] = Held(line.gold is not None, frozenset(label.labeler for label in line.labels), line.number)

    def check_erased(self, line: PairLine) -> None:
        """Raise Refused for what was erased here: neither a text nor the name of a person comes back with a file."""
        if line.content_sha256 in self.erased:
            raise Refused(why_refused(self.erased[line.content_sha256]))
        if names := sorted(labelers_in([line]) & self.forgotten):
            said = _("labeler {name} was erased here: labels of somebody else need another name, and theirs are not taken again")
            raise Refused(said.format(name=shown(names[0])))

    def check_names(self, line: PairLine) -> None:
        """Raise Refused for a policy or a labeler that is unknown and not to be made, and for a labeler who is somebody else."""
        for policy in sorted(policies_in([line])):
            if policy not in self.policies and not self.register:
                raise Refused(_("policy {name} is not registered: register it first, or let the import do so").format(name=shown(policy)))
        for name in sorted(labelers_in([line])):
            user = self.labelers.get(name)
            if user is None and not self.register:
                raise Refused(_("labeler {name} is unknown: let the import make an external labeler of that name").format(name=shown(name)))
            if user is not None and user.kind != User.Kind.EXTERNAL:
                raise Refused(_("labeler {name} is somebody here: labels from elsewhere need a name of their own").format(name=shown(name)))

    def holds(self, line: PairLine) -> bool:
        """Say whether the pair is there already, either way round, with all that the line says of it. Raises Refused where it says something else."""
        key = self.ids.get(line.external_id)
        if key is not None and key != line.key:
            raise Refused(_("id {id} is that of another pair, {where}").format(id=shown(line.external_id), where=self.pairs[key].where()))
        held = self.pairs.get(line.key)
        if held is None:
            return False
        if held.is_gold != (line.gold is not None):
            said = _("the pair is {where} already, as a gold item") if held.is_gold else _("the pair is {where} already, but not as a gold item")
            raise Refused(said.format(where=held.where()))
        if not held.labelers >= {label.labeler for label in line.labels}:
            said = _("the pair is {where} already, and not with these labels: labels are taken with their pair, once")
            raise Refused(said.format(where=held.where()))
        return True

    def make_policies(self, lines: list[PairLine]) -> list[str]:
        """Register the policies that the lines name and nobody did before. Returns their names."""
        missing = sorted(policies_in(lines) - self.policies.keys())
        for name in missing:
            fields = {"engine": Policy.Engine.IMPORTED, "note": f"arrived with pairs of {self.campaign.slug}", "created_by": self.by, "created_at": self.at}
            self.policies[name] = Policy.objects.get_or_create(name=name, defaults=fields)[0]
        return missing

    def make_labelers(self, lines: list[PairLine]) -> list[str]:
        """Make accounts that nobody can sign in to, for the labels to stand under. Returns their names."""
        missing = sorted(labelers_in(lines) - self.labelers.keys())
        users = [User(username=name, kind=User.Kind.EXTERNAL, date_joined=self.at) for name in missing]
        for user in users:
            user.set_unusable_password()
        User.objects.bulk_create(users, ignore_conflicts=True)  # another import may bring the same names at this moment
        self.labelers |= {user.username: user for user in User.objects.filter(username__in=missing, kind=User.Kind.EXTERNAL)}
        return missing


def policies_in(lines: list[PairLine]) -> set[str]:
    return {side.policy for line in lines for side in (line.a, line.b)}


def labelers_in(lines: list[PairLine]) -> set[str]:
    return {label.labeler for line in lines for label in line.labels}


def forgotten_among(names: set[str]) -> set[str]:
    """Return which of these names a person had who was erased here."""
    hashes = {erasable.keyed_hash(name): name for name in names}
    erased = AccountEvent.objects.filter(kind=AccountEvent.Kind.ERASED, erased_sha256__in=hashes)
    return {hashes[found] for found in erased.values_list("erased_sha256", flat=True)}
