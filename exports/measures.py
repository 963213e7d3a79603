"""The figures of a version that its gates ask for, measured from its rows and the labels behind them. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping

import numpy as np
from django.db.models import Count, F, Q, QuerySet

from accounts import consenting, statements
from exports import leakage
from exports.gate_kinds import Figure
from exports.models import DatasetVersion, GoldenPair
from labeling import agreement, bias, gold
from labeling.models import Label, Pair, Slot, Verdict
from labeling.words import counted, listed, percent

SEED = 20260525
"""Of the bootstrap: the same labels give the same interval."""

RISK = ("risk", "risk_class")
"""Names of slices whose every value must have cases."""

BEHIND = "exports_datasetrow AS row CROSS JOIN LATERAL unnest(row.labels) AS behind (id) JOIN labeling_label AS label ON label.id = behind.id"
SIDES = f"""
SELECT count(*) FILTER (WHERE (label.verdict = 'a') = label.left_was_a), count(*) FROM {BEHIND}
WHERE row.version_id = %(version)s AND label.left_was_a IS NOT NULL AND label.verdict <> 'tie'
"""  # noqa: S608 - our own words
MADE_HERE = f"SELECT 1 FROM {BEHIND} WHERE row.version_id = %(version)s AND label.source <> 'imported' LIMIT 1"  # noqa: S608
SYNTHETIC = f"SELECT count(DISTINCT row.id) FROM {BEHIND} WHERE row.version_id = %(version)s AND label.source = 'synthetic'"  # noqa: S608
LABELS_BY = f"SELECT label.labeler_id, count(DISTINCT label.id) FROM {BEHIND} WHERE row.version_id = %(version)s GROUP BY label.labeler_id"  # noqa: S608
CONTRIBUTORS = f"SELECT DISTINCT label.labeler_id FROM {BEHIND} WHERE row.version_id = %(version)s"  # noqa: S608
TEXTS = """
exports_datasetrow AS row JOIN policies_prompt AS prompt ON prompt.id = row.prompt_id
JOIN policies_response AS chosen ON chosen.id = row.chosen_id JOIN policies_response AS rejected ON rejected.id = row.rejected_id
WHERE row.version_id = %(version)s
"""
LONGER = f"""
SELECT count(*) FILTER (WHERE char_length(chosen.text) > char_length(rejected.text)),
       count(*) FILTER (WHERE char_length(chosen.text) <> char_length(rejected.text)) FROM {TEXTS}
"""  # noqa: S608
REPEATS = f"""
SELECT coalesce(sum(n - 1), 0)::bigint FROM (SELECT count(*) AS n FROM {TEXTS}
GROUP BY prompt.content_sha256, least(chosen.sha256, rejected.sha256), greatest(chosen.sha256, rejected.sha256)) AS same
"""  # noqa: S608
BUCKETS = """
SELECT DISTINCT prompt.slices ->> %(name)s FROM labeling_pair AS pair JOIN policies_prompt AS prompt ON prompt.id = pair.prompt_id
WHERE pair.campaign_id = ANY(%(campaigns)s) AND prompt.slices ? %(name)s
EXCEPT SELECT prompt.slices ->> %(name)s FROM exports_datasetrow AS row JOIN policies_prompt AS prompt ON prompt.id = row.prompt_id
WHERE row.version_id = %(version)s
"""


def agreement_without_ties(version: DatasetVersion) -> agreement.Figure:
    """Return raw agreement without ties over every labeled pair of the version's campaigns.

    Not over its rows alone: a pair on which labelers disagreed is not among these unless somebody settled it, so that they agree by selection.
    """
    verdicts = {verdict.value: Count("pk", filter=Q(verdict=verdict)) for verdict in Verdict}
    behind = Label.objects.counting().filter(pair__campaign__in=version.campaigns.all())
    rows = behind.values("pair").annotate(**verdicts).order_by().values_list(*verdicts)
    patterns = Counter(pattern for pattern in rows.iterator(chunk_size=10_000) if sum(pattern) > 1)
    counts = np.array(sorted(patterns), dtype=np.float64).reshape(-1, len(verdicts))
    weights = np.array([patterns[pattern] for pattern in sorted(patterns)], dtype=np.float64)
    draws = agreement.resampled(weights, seed=SEED, resamples=1000)
    return agreement.figure(agreement.RAW_WITHOUT_TIES, counts, weights, draws)


def agreement_figures(version: DatasetVersion) -> dict[str, Figure]:
    found = agreement_without_ties(version)
    if found.value is None:
        nothing = Figure(value=None, found="No pair of its campaigns has two labels that choose a side, so agreement could not be measured.", n=0)
        return {"agreement": nothing, "agreement-low": nothing}
    pairs = counted(found.n_items, "pair")
    said = f"Labelers agree in {percent(found.value)}, without ties, over {pairs} of its campaigns; contested ones count too."
    bound = (
        f"The 95 % interval of agreement begins at {percent(found.low)}." if found.low is not None else f"{pairs} has two labels: no interval follows from it."
    )
    return {
        "agreement": Figure(value=found.value, low=found.low, high=found.high, n=found.n_items, found=said),
        "agreement-low": Figure(value=found.low, n=found.n_items, found=bound),
    }


def gold_accuracy(version: DatasetVersion) -> Figure:
    """First answers to gold among work, in the version's campaigns, by the people whose labels are behind its rows."""
    people = [person for (person,) in statements.every(CONTRIBUTORS, version=version.pk)]
    asked = Label.objects.first_answers().filter(slot__kind=Slot.Kind.GOLD, slot__gold_item__isnull=False, labeler__in=people)
    of_campaigns = asked.filter(pair__campaign__in=version.campaigns.all())
    found = of_campaigns.aggregate(n=Count("pk"), right=Count("pk", filter=Q(verdict=F("slot__gold_item__verdict"))))
    hits = gold.hits_among(found["right"], found["n"])
    if hits.share is None:
        return Figure(value=None, n=0, found="Nobody whose labels are in it has answered a gold item, so their accuracy could not be measured.")
    said = f"Those whose labels are in it were right in {hits.hits:,} of {counted(hits.n, 'answer')} to gold."
    return Figure(value=hits.share, low=hits.low, high=hits.high, n=hits.n, found=said)


def adjudicated(version: DatasetVersion) -> Figure:
    rows = version.rows.exclude(adjudication=None).count()
    return share(rows, version.rows_count, f"An adjudicator settled {rows:,} of {counted(version.rows_count, 'row')}.")


def rubrics(version: DatasetVersion) -> Figure:
    used = [f"{rubric['id']} version {rubric['number']}" for rubric in version.manifest["rubrics"]]
    said = f"All rows were labeled under {used[0]}." if len(used) == 1 else f"Rows were labeled under {', '.join(used)}: what good means differs between them."
    return Figure(value=len(used), found=said)


def system_prompts(version: DatasetVersion) -> Figure:
    """A side that was asked under another system prompt answers another question; the exported prompt does not show it."""
    rows = version.rows.filter(pair__asked_differently=True).count()
    said = f"In {counted(rows, 'row')} the two sides were asked under different system prompts." if rows else "Both sides of every row were asked alike."
    return Figure(value=rows, n=version.rows_count, found=said)


def left(version: DatasetVersion) -> Figure:
    """Not asked of a version all of whose labels were made elsewhere: an import does not take the sides that they saw, so nothing could ever be measured."""
    left_chosen, n = statements.one(SIDES, version=version.pk) or (0, 0)
    if not n and statements.one(MADE_HERE, version=version.pk) is None:
        elsewhere = "Every label behind it was made elsewhere, and the sides that such labels saw are not known: there is nothing to measure."
        return Figure(value=None, n=0, found=elsewhere, applies=False)
    if not n:
        return Figure(value=None, n=0, found="No label behind it knows where its sides stood, so the balance of sides could not be measured.")
    return share(left_chosen, n, f"The left side was chosen in {left_chosen:,} of {counted(n, 'label')} that chose one.")


def longer(version: DatasetVersion) -> Figure:
    hits, n = statements.one(LONGER, version=version.pk) or (0, 0)
    if not n:
        return Figure(value=None, n=0, found="Both sides of every row are equally long, so length could not be measured.")
    return share(hits, n, f"Chosen is longer in {hits:,} of {counted(n, 'row')} whose sides differ in length.")


def slices(version: DatasetVersion) -> Figure:
    """Every value of a risk slice that a prompt of the version's campaigns has must have a row."""
    campaigns = list(version.campaigns.values_list("pk", flat=True))
    bare = sorted(value for name in RISK for (value,) in statements.every(BUCKETS, name=name, campaigns=campaigns, version=version.pk) if value)
    said = f"No row is of the risk class {listed(bare)}." if bare else "Every risk class that a prompt of its campaigns has is among its rows."
    return Figure(value=len(bare), found=said)


def leaked(version: DatasetVersion) -> Figure:
    """Rows with a relative in another split or among gold items, and rows whose prompt nobody has looked for relatives of."""
    found = leakage.measure(version)
    if not found.total:
        return Figure(value=0, n=version.rows_count, found="No prompt has a relative in another split, or among gold items.")
    parts = {
        "another split has a relative of the prompt": found.between_splits,
        "a gold item has one": found.gold,
        "nobody has looked for relatives": found.never_compared,
    }
    said = "; ".join(f"{counted(rows, 'row')}: {words}" for words, rows in parts.items() if rows)
    return Figure(value=found.total, n=version.rows_count, found=f"{said}.")


def golden(version: DatasetVersion) -> Figure:
    """Golden pairs whose verdict is another one in this version, or has become another one, a tie among them, since it was marked."""
    marked = {mark.pair_id: mark.verdict for mark in golden_pairs(version).order_by("pk")}
    marked = {pair: verdict for pair, verdict in marked.items() if verdict}
    now = {row.pair_id: "a" if row.chosen_id == row.pair.response_a_id else "b" for row in version.rows.filter(pair__in=marked).select_related("pair")}
    settled = Pair.objects.settled().filter(pk__in=marked.keys() - now.keys())
    flipped = [pair for pair, verdict in [*now.items(), *settled.values_list("pk", "verdict")] if verdict != marked[pair]]
    if not marked:
        return Figure(value=0, n=0, found="No pair is marked as golden in this dataset.")
    said = f"Of {counted(len(marked), 'golden pair')} {len(now):,} are in it" + (
        f"; {len(flipped):,} have another verdict than they must." if flipped else "; none flipped."
    )
    return Figure(value=len(flipped), n=len(marked), found=said)


def golden_pairs(version: DatasetVersion) -> QuerySet[GoldenPair]:
    return GoldenPair.objects.filter(dataset=version.dataset)


def licence(version: DatasetVersion) -> Figure:
    rows = version.rows.filter(prompt__licence="").count()
    said = f"The prompt of {counted(rows, 'row')} has no licence." if rows else "Every prompt has a licence."
    return Figure(value=rows, n=version.rows_count, found=said)


def consent(version: DatasetVersion) -> Figure:
    """Labels by people whose last word on consent is not yes; those that were made elsewhere among them, since nobody here has asked."""
    labels: dict[int, int] = dict(statements.every(LABELS_BY, version=version.pk))
    bare = labels.keys() - set(consenting.agreed(labels).values_list("pk", flat=True))
    if consenting.current() is None:
        return Figure(value=None, found="There is no consent text that people could have agreed to.")
    n = sum(labels[person] for person in bare)
    said = f"{counted(n, 'label')} {'is' if n == 1 else 'are'} by {len(bare):,} of {len(labels):,} people who have not agreed, or took it back."
    return Figure(value=n, n=sum(labels.values()), found=said if bare else "Everybody whose labels are in it has agreed to the consent text.")


def repeats(version: DatasetVersion) -> Figure:
    """The same two texts as chosen and rejected, more than once. Turned round they contradict each other, and count as well."""
    rows = (statements.one(REPEATS, version=version.pk) or (0,))[0]
    return Figure(
        value=rows, n=version.rows_count, found=f"In {counted(rows, 'row')} are texts that another row has too." if rows else "No two rows have the same texts."
    )


def people(version: DatasetVersion) -> Figure:
    rows = (statements.one(SYNTHETIC, version=version.pk) or (0,))[0]
    return Figure(
        value=rows, n=version.rows_count, found=f"In {counted(rows, 'row')} a simulated labeler was counted." if rows else "No simulated labeler was counted."
    )


def splits(version: DatasetVersion) -> Figure:
    """A split that has a share and no row: too few prompt families yet."""
    shares, rows = version.manifest["split"]["shares"], version.manifest["counts"]["rows"]
    empty = sorted(split for split, part in shares.items() if part and not rows.get(split))
    return Figure(value=len(empty), found=f"No row fell into {' or '.join(empty)}." if empty else "Every split that has a share has rows.")


def share(hits: int, n: int, found: str) -> Figure:
    """Return a share with its exact interval."""
    low, high = bias.clopper_pearson(hits, n)
    return Figure(value=hits / n, low=low, high=high, n=n, found=found)


MEASURES: Mapping[str, Callable[[DatasetVersion], Figure]] = {
    "gold": gold_accuracy,
    "adjudicated": adjudicated,
    "rubrics": rubrics,
    "system-prompts": system_prompts,
    "left": left,
    "longer": longer,
    "slices": slices,
    "leakage": leaked,
    "golden": golden,
    "licence": licence,
    "consent": consent,
    "repeats": repeats,
    "people": people,
    "splits": splits,
}


KEYS = frozenset({"agreement", "agreement-low", *MEASURES})


def measure(version: DatasetVersion, *, known: Collection[str] = ()) -> dict[str, Figure]:
    """Return the figures that gates ask for and that are not known yet, by the gate's key."""
    of_agreement = {} if "agreement" in known else agreement_figures(version)
    return of_agreement | {key: of(version) for key, of in MEASURES.items() if key not in known}
