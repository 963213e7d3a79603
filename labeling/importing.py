"""From a file of JSON Lines to pairs with their places, and to the labels and gold items that came with them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from labeling import campaigns, settling, slotting
from labeling.models import Campaign, CampaignEvent, GoldItem, Label, Pair, Slot
from labeling.pairlines import GivenGold, GivenLabel, PairLine, Side, read_pair
from labeling.phrases import counted
from labeling.shelves import Shelf
from labeling.trouble import trouble_of_texts
from policies import jsonl
from policies.families import family_key
from policies.importing import MOST_BAD_LINES, NothingStored, Repeats, set_named
from policies.jsonl import BadLine, ByteLines, Refused
from policies.models import Prompt, Response

BATCH, BATCH_CHARACTERS = 500, 8 * 2**20
"""A batch ends with whichever comes first, so that memory is bounded for texts of any length."""

ResponseKey = tuple[int, int, str, int]
"""Prompt, policy, SHA-256 of the text, and 1 for a second copy."""


@dataclass
class Report:
    """What became of a file's lines."""

    campaign: Campaign
    lines: int = 0
    pairs: int = 0
    labels: int = 0
    gold: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    """Pairs that came with labels and cannot become a row that trains, by reason."""
    policies_made: list[str] = field(default_factory=list)
    labelers_made: list[str] = field(default_factory=list)
    repeats: Repeats = field(default_factory=Repeats)
    """Pairs that the campaign holds already, either way round: not stored again."""
    skipped: list[BadLine] = field(default_factory=list)


def silent(report: Report) -> None:
    """Tell nobody how far it has come."""


@transaction.atomic
def import_pairs(
    *,
    file: ByteLines,
    campaign: Campaign,
    by: User | None,
    at: datetime,
    register: bool = False,
    skip_bad: bool = False,
    tell: Callable[[Report], None] = silent,
) -> Report:
    """Store a file's pairs in the campaign, their prompts in the set that has the campaign's slug for a name, and report what became of each line.

    `register` makes the policies and external labelers that the file names and nobody has registered; without it such a line is bad. Nothing of the file is
    stored if any line is bad, unless `skip_bad`, which leaves bad lines out and lists them. `tell` is called after each batch.
    Raises NothingStored, and NotPossible where the campaign is archived.
    """
    held = campaigns.hold_for(campaign, "pairs")
    report = Report(held)
    shelf = Shelf(held, set_named(held.slug, by=by, at=at), by=by, at=at, register=register)
    for batch in batches(good_lines(file, report)):
        store(admitted(batch, shelf, report), shelf, report)
        tell(report)
    if report.skipped and not (skip_bad and (report.pairs or report.repeats.count)):
        raise NothingStored(sorted(report.skipped, key=lambda bad: bad.number), lines=report.lines)
    note(report, by=by, at=at)
    return report


def note(report: Report, *, by: User | None, at: datetime) -> None:
    detail = {"pairs": report.pairs, "labels": report.labels, "gold": report.gold, "repeats": report.repeats.count, "skipped": len(report.skipped)}
    CampaignEvent.objects.create(campaign=report.campaign, actor=by, kind="pairs_imported", detail=detail, at=at)


def in_words(report: Report) -> str:
    """Say in a sentence or two what became of a file."""
    said = [_("{pairs} stored in {campaign}").format(pairs=counted(report.pairs, "pair"), campaign=report.campaign.slug)]
    said += [counted(report.labels, "label")] if report.labels else []
    said += [_("{items} among them").format(items=counted(report.gold, "gold item"))] if report.gold else []
    said += [_("{pairs} flagged: never a row that trains").format(pairs=counted(report.troubles.total(), "pair"))] if report.troubles else []
    left_out = _("{what} left out")
    said += [left_out.format(what=counted(report.repeats.count, "repeat"))] if report.repeats.count else []
    said += [left_out.format(what=counted(len(report.skipped), "bad line"))] if report.skipped else []
    return f"{', '.join(said)}."


# ---- lines ---------------------------------------------------------------------------------------------------------


def good_lines(file: ByteLines, report: Report) -> Iterator[PairLine]:
    """Yield the lines of the right shape, and note the others. Raises NothingStored where there are too many of those."""
    for number, read in jsonl.read_objects(file):
        report.lines += 1
        try:
            if isinstance(read, BadLine):
                raise Refused(read.reason)
            line = read_pair(number, read)
            check_worth_asking(line)
        except Refused as error:
            refuse(report, number, str(error))
        else:
            yield line


def refuse(report: Report, number: int, reason: str) -> None:
    report.skipped.append(BadLine(number, reason))
    if len(report.skipped) >= MOST_BAD_LINES:
        raise NothingStored(report.skipped, lines=number, gave_up=True)


def check_worth_asking(line: PairLine) -> None:
    """Raise Refused for a pair that nobody could judge. What was judged all the same is kept, and flagged."""
    trouble = trouble_of_texts(line.a.text, line.b.text)
    if trouble and not line.labels:
        raise Refused(_("{why}, so there is nothing to judge").format(why=_(trouble.label)))


def batches(lines: Iterable[PairLine]) -> Iterator[list[PairLine]]:
    batch: list[PairLine] = []
    characters = 0
    for line in lines:
        batch.append(line)
        characters += line.size
        if len(batch) >= BATCH or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


# ---- what may be stored --------------------------------------------------------------------------------------------


def admitted(batch: list[PairLine], shelf: Shelf, report: Report) -> list[PairLine]:
    """Return the lines that bring a new pair; note repeats, and refuse what contradicts what is there."""
    shelf.look_up(batch)
    new = []
    for line in batch:
        try:
            shelf.check_erased(line)
            shelf.check_names(line)
            if shelf.holds(line):
                report.repeats.note(line.number, shelf.pairs[line.key].number)
            else:
                shelf.put(line)
                new.append(line)
        except Refused as error:
            refuse(report, line.number, str(error))
    return new


# ---- storing -------------------------------------------------------------------------------------------------------


def store(lines: list[PairLine], shelf: Shelf, report: Report) -> None:
    """Store what the lines bring: names, prompts, responses, pairs, gold items, places, labels; and settle what was labeled."""
    report.policies_made += shelf.make_policies(lines)
    report.labelers_made += shelf.make_labelers(lines)
    prompts = prompts_of(lines, shelf)
    responses = responses_of(lines, prompts, shelf)
    pairs = Pair.objects.bulk_create([pair_of(line, prompts, responses, shelf) for line in lines])
    both = list(zip(lines, pairs, strict=True))
    GoldItem.objects.bulk_create([gold_of(line.gold, pair, shelf) for line, pair in both if line.gold])
    slotting.store([place for line, pair in both for place in open_places(line, pair, shelf)], shelf.campaign)
    report.labels += store_labels(both, shelf)
    settling.settle_all([pair for line, pair in both if line.labels], at=shelf.at)  # made in this transaction: nobody else can hold them
    report.pairs += len(pairs)
    report.gold += sum(1 for line in lines if line.gold)
    report.troubles += Counter(pair.trouble for pair in pairs if pair.trouble)


def prompts_of(lines: list[PairLine], shelf: Shelf) -> dict[str, Prompt]:
    """Return the prompts by the hash of their content; those that the set lacks are made, with the slices of the line that came first."""
    first = {line.content_sha256: line for line in reversed(lines)}
    prompts = {prompt.content_sha256: prompt for prompt in Prompt.objects.filter(prompt_set=shelf.prompt_set, content_sha256__in=first)}
    missing = [prompt_of(line, shelf) for line in lines if line.content_sha256 not in prompts and first[line.content_sha256] is line]
    return prompts | {prompt.content_sha256: prompt for prompt in Prompt.objects.bulk_create(missing)}


def prompt_of(line: PairLine, shelf: Shelf) -> Prompt:
    return Prompt(
        prompt_set=shelf.prompt_set,
        messages=line.messages,
        content_sha256=line.content_sha256,
        family=family_key(line.messages),
        slices=line.slices,
        created_at=shelf.at,
    )


def responses_of(lines: list[PairLine], prompts: dict[str, Prompt], shelf: Shelf) -> dict[ResponseKey, int]:
    """Return the ids of the lines' responses. What a policy is said to have answered to a prompt is stored once, whatever pairs it is in."""
    wanted = {key: side for line in lines for key, side in response_keys(line, prompts, shelf)}
    stored = stored_responses({prompt.pk for prompt in prompts.values()}, {side.sha256 for side in wanted.values()})
    missing = {key: side for key, side in wanted.items() if key not in stored}
    made = Response.objects.bulk_create([response_of(key, side, shelf) for key, side in missing.items()])
    return stored | {key: response.pk for key, response in zip(missing, made, strict=True)}


def response_keys(line: PairLine, prompts: dict[str, Prompt], shelf: Shelf) -> list[tuple[ResponseKey, Side]]:
    """Return what identifies A and B. One policy saying the same twice is two responses, and the only case of a second copy."""
    prompt = prompts[line.content_sha256].pk
    return [
        ((prompt, shelf.policies[line.a.policy].pk, line.a.sha256, 0), line.a),
        ((prompt, shelf.policies[line.b.policy].pk, line.b.sha256, int(line.a == line.b)), line.b),
    ]


def stored_responses(prompts: set[int], hashes: set[str]) -> dict[ResponseKey, int]:
    """Return the imported responses that are there, by what identifies them."""
    found: dict[ResponseKey, int] = {}
    copies: Counter[tuple[int, int, str]] = Counter()
    rows = Response.objects.filter(prompt__in=prompts, request=None, sha256__in=hashes).order_by("pk")
    for pk, prompt, policy, sha256 in rows.values_list("pk", "prompt", "policy", "sha256"):
        found[prompt, policy, sha256, copies[prompt, policy, sha256]] = pk
        copies[prompt, policy, sha256] += 1
    return found


def response_of(key: ResponseKey, side: Side, shelf: Shelf) -> Response:
    prompt, policy, sha256, _ = key
    return Response(
        prompt_id=prompt,
        policy_id=policy,
        text=side.text,
        sha256=sha256,
        finish_reason=Response.FinishReason.IMPORTED,
        created_at=shelf.at,
    )


def pair_of(line: PairLine, prompts: dict[str, Prompt], responses: dict[ResponseKey, int], shelf: Shelf) -> Pair:
    (a, _), (b, _) = response_keys(line, prompts, shelf)
    return Pair(
        campaign=shelf.campaign,
        prompt=prompts[line.content_sha256],
        response_a_id=responses[a],
        response_b_id=responses[b],
        rubric_version_id=shelf.campaign.rubric_version_id,
        external_id=line.external_id,
        priority=line.priority,
        trouble=trouble_of_texts(line.a.text, line.b.text),
        asked_differently=shelf.policies[line.a.policy].system_prompt != shelf.policies[line.b.policy].system_prompt,
        created_at=shelf.at,
    )


def gold_of(gold: GivenGold, pair: Pair, shelf: Shelf) -> GoldItem:
    return GoldItem(
        pair=pair,
        verdict=gold.verdict,
        why=gold.why,
        allowed_use=gold.use,
        difficulty=gold.difficulty,
        refresh_on=gold.refresh_on,
        added_by=shelf.by,
        added_at=shelf.at,
    )


def open_places(line: PairLine, pair: Pair, shelf: Shelf) -> list[Slot]:
    """Return the work places that still want a label. Gold is never asked as work, and nobody is asked about two texts that are one."""
    if line.gold or pair.trouble:
        return []
    lacks = slotting.planned(pair, shelf.campaign) - len(line.labels)
    return slotting.slots_for(pair, shelf.campaign, places=max(0, lacks), ordinal=len(line.labels))


def store_labels(both: list[tuple[PairLine, Pair]], shelf: Shelf) -> int:
    """Store the judgments that came with the pairs, each in a place of its own, and return how many."""
    given = [(line, pair, label) for line, pair in both for label in line.labels]
    places = Slot.objects.bulk_create([place for line, pair in both for place in filled_places(line, pair, shelf)], batch_size=2000)
    labels = [label_of(label, pair, place, shelf) for (_, pair, label), place in zip(given, places, strict=True)]
    return len(Label.objects.bulk_create(labels, batch_size=2000))


def filled_places(line: PairLine, pair: Pair, shelf: Shelf) -> list[Slot]:
    """Return a closed place for each label of the line, not stored: work, or a check of its labeler where the verdict is known.

    What sides it shows says nothing: the label knows that its sides are unknown.
    """
    places = slotting.slots_for(pair, shelf.campaign, places=len(line.labels))
    for place, label in zip(places, line.labels, strict=True):
        place.labeler = shelf.labelers[label.labeler]
        place.closed_at = label.labeled_at or shelf.at
        if line.gold:
            place.kind, place.reserved_for = Slot.Kind.GOLD, place.labeler
    return places


def label_of(given: GivenLabel, pair: Pair, place: Slot, shelf: Shelf) -> Label:
    return Label(
        pair=pair,
        slot=place,
        labeler=shelf.labelers[given.labeler],
        rubric_version_id=pair.rubric_version_id,
        verdict=given.verdict,
        preference=given.preference,
        both_bad=given.both_bad,
        rationale=given.rationale,
        source=Label.Source.IMPORTED,
        submission_key=uuid.uuid4(),
        submitted_at=given.labeled_at or shelf.at,
    )
