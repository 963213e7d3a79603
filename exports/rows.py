"""From settled pairs to the rows that a version may hold, chosen, ordered and named in PostgreSQL. Writes nothing that stays.

Everything is done in sets: what the ledgers say, why a pair makes no row, margins, order and keys. A million pairs never become a million objects.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from psycopg.types.json import Jsonb

from accounts.marking import marked
from exports.choices import Choice
from exports.manifest import Removed
from exports.models import Dataset, DatasetRow, DatasetVersion
from exports.splits import SPLITS
from labeling.models import Adjudication, Campaign, Label, Pair, RubricVersion, Standing, Trouble
from policies.models import Policy


class LeftOut(models.TextChoices):
    """Why a settled pair makes no row. The first that holds is counted."""

    GOLD = "gold", marked("a gold item")
    GOLD_FAMILY = "gold_family", marked("its prompt is a gold item's too, or of the same family")
    NO_RIGHT_ANSWER = "no_right_answer", marked("no right answer")
    TIE = "tie", marked("a tie")
    EQUAL = "equal", Trouble.EQUAL.label
    EMPTY = "empty", Trouble.EMPTY.label
    CUT = "cut", Trouble.CUT.label
    LOOPING = "looping", Trouble.LOOPING.label
    SELF_NAMING = "self_naming", Trouble.SELF_NAMING.label
    YOUNG = "young", marked("labeled so lately that its labeler may still open the decision again")
    UNFOUNDED = "unfounded", marked("no label or adjudication bears its verdict out: run check_standings")
    OTHER_RUBRIC = "other_rubric", marked("judged under a rubric version that was not chosen")
    OTHER_STANDING = "other_standing", marked("settled in a way that was not chosen")
    OTHER_POLICY = "other_policy", marked("a side by a policy that was not chosen")
    OTHER_SLICE = "other_slice", marked("a prompt outside the slices that were chosen")
    CAPPED = "capped", marked("what is left of its labels, so many of one person counting, does not bear it out")
    LITTLE_AGREEMENT = "little_agreement", marked("less agreement than was asked for")
    LITTLE_STRENGTH = "little_strength", marked("a smaller margin than was asked for")
    FLAGGED = "flagged", marked("somebody decided about its texts that it stays out")
    BRIDGE = "bridge", marked("its prompt is like prompts of two splits, so it would carry one into the other")
    HELD_OUT = "held_out", marked("judged by somebody who is held out, and not in the test split")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A pair that makes a row: (x, y_w, y_l) by primary keys, and what the row rests on."""

    key: str
    pair: int
    prompt: int
    chosen: int
    rejected: int
    family: str
    rubric_version: int
    margin: float
    settled: str
    rule: str
    labels: tuple[int, ...]
    adjudication: int | None


@dataclass(frozen=True)
class Candidates:
    """The rows in their order, the settled pairs left out by reason, and the pairs that are not settled by standing."""

    rows: Sequence[Candidate]
    left_out: Mapping[str, int]
    unsettled: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a version would hold, in numbers: rows by how they were settled, by rubric version, by slice (name, value); and what is left out."""

    rows: int
    families: int
    settled: Mapping[str, int]
    rubric_versions: Mapping[int, int]
    slices: Mapping[tuple[str, str], int]
    left_out: Mapping[str, int]
    unsettled: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The rows of a version, counted: by split, by how they were settled, by rule, by rubric version."""

    splits: Mapping[str, int]
    settled: Mapping[str, int]
    rules: Mapping[str, int]
    rubric_versions: Mapping[int, int]

    @property
    def rows(self) -> int:
        return sum(self.splits.values())


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a version is made of: the one thing from which its files are written. Its rows are stored, under the key that the version has or will have."""

    dataset: Dataset
    number: int
    version: int
    campaigns: Sequence[Campaign]
    left_out: Mapping[str, int]
    totals: Totals
    choice: Choice = field(default_factory=Choice)
    removed: Removed | None = None
    held_out: Sequence[str] = ()
    """Pseudonyms of the labelers whose judgment only the test split may rest on."""


def draft_of(version: DatasetVersion) -> Draft:
    """Return a stored version as the draft it was."""
    return Draft(
        dataset=version.dataset,
        number=version.number,
        version=version.pk,
        campaigns=list(version.campaigns.all()),
        left_out=version.manifest["counts"]["left_out"],
        totals=totals_of(version.pk),
        choice=Choice.from_filters(version.manifest["filters"]),
        held_out=version.manifest.get("held_out", []),
    )


def totals_of(version: int) -> Totals:
    """Count the stored rows of a version, also of one that is being made."""
    parts = [Counter[Any]() for _ in range(4)]
    groups = DatasetRow.objects.filter(version_id=version).values_list("split", "settled", "rule", "rubric_version_id").annotate(n=Count("pk")).order_by()
    for *names, n in groups:
        for part, name in zip(parts, names, strict=True):
            part[name] += n
    splits, settled, rules, rubric_versions = parts
    return Totals(splits={split: splits[split] for split in SPLITS}, settled=settled, rules=rules, rubric_versions=rubric_versions)


# ---- choosing, in PostgreSQL

# `place` is where a pair stands by its content alone: prompt, then responses, then what else tells it from others; "C" is the order of code points.
# `key` is made of the same: PostgreSQL writes a text in JSON byte for byte as our canonical form does. OFFSET 0: else the texts are sorted along.
SETTLED = """
CREATE TEMPORARY TABLE settled_pair ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY prompt_sha256, least_sha256, greatest_sha256, slug, external_id, sha256_a, policy_a, policy_b, pair) AS place,
       left(encode(sha256(convert_to('[' || concat_ws(',',
           to_json(prompt_sha256), to_json(least_sha256), to_json(greatest_sha256), to_json(slug), to_json(external_id),
           to_json(sha256_a), to_json(policy_a), to_json(policy_b)) || ']', 'UTF8')), 'hex'), 32) AS key,
       pair, prompt, family, rubric_version, settled, rule, verdict, chosen, rejected, left_out, not_chosen
FROM (
    SELECT prompt.content_sha256 COLLATE "C" AS prompt_sha256, least(response_a.sha256 COLLATE "C", response_b.sha256 COLLATE "C") AS least_sha256,
           greatest(response_a.sha256 COLLATE "C", response_b.sha256 COLLATE "C") AS greatest_sha256, campaign.slug COLLATE "C" AS slug,
           pair.external_id COLLATE "C" AS external_id, response_a.sha256 COLLATE "C" AS sha256_a,
           policy_a.name COLLATE "C" AS policy_a, policy_b.name COLLATE "C" AS policy_b,
           pair.id AS pair, pair.prompt_id AS prompt, prompt.family, pair.rubric_version_id AS rubric_version,
           pair.standing AS settled, pair.settled_by AS rule, pair.verdict,
           CASE pair.verdict WHEN 'a' THEN pair.response_a_id ELSE pair.response_b_id END AS chosen,
           CASE pair.verdict WHEN 'a' THEN pair.response_b_id ELSE pair.response_a_id END AS rejected,
           CASE WHEN pair.id IN (SELECT pair_id FROM labeling_golditem) THEN 'gold'
                WHEN prompt.family IN (SELECT asked.family FROM labeling_golditem AS item JOIN labeling_pair AS gold ON gold.id = item.pair_id
                                       JOIN policies_prompt AS asked ON asked.id = gold.prompt_id)
                  OR sketch.cluster IN (SELECT near.cluster FROM labeling_golditem AS item JOIN labeling_pair AS gold ON gold.id = item.pair_id
                                        JOIN exports_sketch AS near ON near.prompt_id = gold.prompt_id) THEN 'gold_family'
                WHEN pair.verdict IS NULL THEN 'no_right_answer'
                WHEN pair.verdict = 'tie' THEN 'tie'
                -- Found when the pair was made, also that a side is empty: no text is looked at here, which would carry all of them through the joins.
                WHEN pair.trouble <> '' THEN pair.trouble
                WHEN response_a.sha256 = response_b.sha256 THEN 'equal'
           END AS left_out,
           CASE WHEN NOT pair.rubric_version_id = ANY (%(rubric_versions)s::bigint[]) THEN 'other_rubric'
                WHEN NOT pair.standing = ANY (%(standings)s::text[]) THEN 'other_standing'
                WHEN NOT ARRAY[response_a.policy_id, response_b.policy_id] <@ %(policies)s::bigint[] THEN 'other_policy'
                WHEN EXISTS (SELECT FROM jsonb_each(%(slices)s::jsonb) AS wanted WHERE NOT coalesce(wanted.value ? (prompt.slices ->> wanted.key), false))
                THEN 'other_slice'
           END AS not_chosen
    FROM labeling_pair AS pair
    JOIN labeling_campaign AS campaign ON campaign.id = pair.campaign_id
    JOIN policies_prompt AS prompt ON prompt.id = pair.prompt_id
    JOIN policies_response AS response_a ON response_a.id = pair.response_a_id
    JOIN policies_response AS response_b ON response_b.id = pair.response_b_id
    JOIN policies_policy AS policy_a ON policy_a.id = response_a.policy_id
    JOIN policies_policy AS policy_b ON policy_b.id = response_b.policy_id
    LEFT JOIN exports_sketch AS sketch ON sketch.prompt_id = pair.prompt_id
    WHERE pair.campaign_id = ANY (%(campaigns)s::bigint[]) AND pair.standing = ANY (%(settled)s::text[])
    OFFSET 0
) AS fact
"""

# What counts for the cap is what a row would rest on; a person's labels count in the order of the rows.
CANDIDATE = """
CREATE TEMPORARY TABLE candidate ON COMMIT DROP AS
WITH said AS (
    SELECT label.pair_id, label.id, label.verdict, {counts} AS counts, label.assignment_id IS NOT NULL AND label.submitted_at > %(open_since)s AS is_young,
           coalesce(label.preference, CASE label.verdict WHEN 'a' THEN -1 WHEN 'b' THEN 1 ELSE 0 END) AS step
    FROM ({labels}) AS label JOIN settled_pair ON settled_pair.pair = label.pair_id
    WHERE left_out IS NULL AND not_chosen IS NULL
), evidence AS (
    SELECT pair_id, array_agg(id ORDER BY id) FILTER (WHERE counts) AS labels, count(*) FILTER (WHERE counts) AS counted,
           sum(step) FILTER (WHERE counts) AS steps,
           count(*) FILTER (WHERE counts AND verdict = 'a') AS for_a, count(*) FILTER (WHERE counts AND verdict = 'b') AS for_b,
           bool_or(is_young) AS is_young, count(*) FILTER (WHERE verdict = 'a') AS ever_a, count(*) FILTER (WHERE verdict = 'b') AS ever_b
    FROM said GROUP BY pair_id
)
SELECT place, key, pair, prompt, family, chosen, rejected, rubric_version, settled, rule, margin, ruling.id AS adjudication,
       coalesce(evidence.labels, '{{}}') AS labels,
       CASE WHEN left_out IS NOT NULL THEN left_out
            WHEN not_chosen IS NOT NULL THEN not_chosen
            WHEN settled = 'agreed' AND is_young THEN 'young'
            WHEN settled = 'agreed' AND ever = 0 OR settled = 'adjudicated' AND ruling.verdict IS DISTINCT FROM settled_pair.verdict THEN 'unfounded'
            WHEN settled = 'agreed' AND %(cap)s::int IS NOT NULL AND 2 * votes <= coalesce(counted, 0) THEN 'capped'
            WHEN coalesce(votes::float8 / nullif(counted, 0), 0) < %(least_agreement)s THEN 'little_agreement'
            WHEN margin < %(least_strength)s THEN 'little_strength'
       END AS left_out
FROM settled_pair
LEFT JOIN evidence ON evidence.pair_id = settled_pair.pair
LEFT JOIN ({rulings}) AS ruling ON ruling.pair_id = settled_pair.pair
CROSS JOIN LATERAL (
    SELECT CASE settled_pair.verdict WHEN 'a' THEN -1 ELSE 1 END AS sign,
           coalesce(CASE settled_pair.verdict WHEN 'a' THEN for_a ELSE for_b END, 0) AS votes,
           coalesce(CASE settled_pair.verdict WHEN 'a' THEN ever_a ELSE ever_b END, 0) AS ever
) AS turned
-- The mean signed preference, positive towards the verdict: 3 is much better by everybody. A bare verdict counts as one step. It is below 0 where a
-- weak majority stood against a strong minority: two who said slightly better and one who said the other is much better make (1 + 1 - 3) / 3.
CROSS JOIN LATERAL (
    SELECT CASE settled WHEN 'agreed' THEN (sign * steps)::float8 / counted
           ELSE (sign * coalesce(ruling.preference, CASE ruling.verdict WHEN 'a' THEN -1 WHEN 'b' THEN 1 ELSE 0 END))::float8 END AS margin
) AS mean
"""
OF_ONE_PERSON = "row_number() OVER (PARTITION BY label.labeler_id ORDER BY settled_pair.place) <= %(cap)s"


@contextmanager
def laid_out(campaigns: Sequence[Campaign], choice: Choice) -> Iterator[None]:
    """Have every settled pair of the campaigns in the temporary table `candidate` for a while, with `left_out` where it makes no row."""
    with transaction.atomic(), connection.cursor() as cursor:
        lay_out(campaigns, choice)
        yield
        cursor.execute(CLEAR)


CLEAR = "DROP TABLE IF EXISTS pg_temp.settled_pair, pg_temp.candidate"


def lay_out(campaigns: Sequence[Campaign], choice: Choice) -> None:
    """As `laid_out`, until the transaction ends."""
    values = wanted(campaigns, choice)
    settled_labels = Label.objects.counting().filter(pair__campaign__in=campaigns, pair__standing__in=SETTLED_STANDINGS)
    labels = embedded(settled_labels.values("id", "pair_id", "labeler_id", "verdict", "preference", "assignment_id", "submitted_at"), values)
    current = Adjudication.objects.current().filter(pair__campaign__in=campaigns, pair__standing=Standing.ADJUDICATED)
    rulings = embedded(current.values("id", "pair_id", "verdict", "preference"), values)
    counts = "true" if choice.cap_per_person is None else OF_ONE_PERSON
    with connection.cursor() as cursor:
        cursor.execute(CLEAR)
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute(SETTLED, values)
        cursor.execute("ANALYZE settled_pair")
        cursor.execute(CANDIDATE.format(labels=labels, rulings=rulings, counts=counts), values)
        cursor.execute("ANALYZE candidate")  # else it is taken for a few rows, and each of a million is looked up by itself


SETTLED_STANDINGS = [Standing.AGREED.value, Standing.ADJUDICATED.value]


def wanted(campaigns: Sequence[Campaign], choice: Choice) -> dict[str, Any]:
    """Return the values of the statements. A list that is None bars nothing."""
    return {
        "campaigns": [campaign.pk for campaign in campaigns],
        "settled": SETTLED_STANDINGS,
        "rubric_versions": rubric_versions_named(choice.rubric_versions) if choice.rubric_versions else None,
        "standings": list(choice.standings) or None,
        "policies": policies_named(choice.policies) if choice.policies else None,
        "slices": Jsonb({name: list(values) for name, values in choice.slices.items()}),
        "cap": choice.cap_per_person,
        "open_since": timezone.now() - timedelta(seconds=settings.UNDO_SECONDS),
        "least_agreement": choice.least_agreement,
        "least_strength": choice.least_strength,
    }


def embedded(found: QuerySet[Any, Any], values: dict[str, Any]) -> str:
    """Return a query's text for use inside a statement, and put its values among the statement's."""
    text, params = found.query.sql_with_params()
    names = [f"value_{len(values) + number}" for number in range(len(params))]
    values.update(zip(names, params, strict=True))
    place = iter(names)
    return re.sub("%s", lambda _: f"%({next(place)})s", text)


def rubric_versions_named(names: Iterable[str]) -> list[int]:
    """Return the keys of the rubric versions called rubric@number; of an unknown name there is none."""
    known = {f"{name}@{number}": pk for pk, name, number in RubricVersion.objects.values_list("pk", "rubric__name", "number")}
    return [known[name] for name in names if name in known]


def policies_named(names: Iterable[str]) -> list[int]:
    """Return the keys of the policies called name@revision, or by their name where no weights are known."""
    wanted = set(names)
    return [policy.pk for policy in Policy.objects.only("name", "weights_sha256") if policy_name(policy) in wanted]


def policy_name(policy: Policy) -> str:
    return f"{policy.name}@{policy.revision}" if policy.revision else policy.name


# ---- what was found


def left_out() -> dict[str, int]:
    """Count the candidates that make no row, by reason."""
    return dict(asked("SELECT left_out, count(*) FROM candidate WHERE left_out IS NOT NULL GROUP BY 1 ORDER BY 1"))


def unsettled(campaigns: Sequence[Campaign]) -> dict[str, int]:
    """Return how many pairs are waiting, contested or withdrawn."""
    pairs = Pair.objects.filter(campaign__in=campaigns).exclude(standing__in=SETTLED_STANDINGS)
    return dict(pairs.values_list("standing").annotate(n=Count("pk")).order_by("standing"))


# Pairs with the same content in one campaign stand side by side, and are numbered: each row has a key of its own.
TOLD_APART = """
SELECT row_number() OVER (ORDER BY place) AS position,
       CASE twin WHEN 1 THEN key ELSE left(encode(sha256(convert_to('["' || key || '","' || twin || '"]', 'UTF8')), 'hex'), 32) END AS key,
       pair, prompt, chosen, rejected, family, rubric_version, margin, settled, rule, labels, adjudication
FROM (SELECT *, row_number() OVER (PARTITION BY key ORDER BY place) AS twin FROM candidate WHERE left_out IS NULL) AS kept
"""


def candidates(campaigns: Sequence[Campaign], choice: Choice | None = None) -> Candidates:
    """Return what a version frozen from these campaigns now would hold, and what it would leave out and why: all rows at once, so for few.

    The order follows the content alone, not the order in which anything was stored.
    """
    with laid_out(campaigns, choice or Choice()):
        kept = [Candidate(**dict(zip(Candidate.__dataclass_fields__, row, strict=True))) for row in asked(KEPT)]
        return Candidates([replace(row, labels=tuple(row.labels)) for row in kept], left_out(), unsettled(campaigns))


KEPT = f"""
SELECT key, pair, prompt, chosen, rejected, family, rubric_version, margin, settled, rule, labels, adjudication
FROM ({TOLD_APART}) AS told ORDER BY position
"""  # noqa: S608 - from here


def summary(campaigns: Sequence[Campaign], choice: Choice | None = None, *, bar: Callable[[], object] | None = None) -> Summary:
    """Return what `candidates` would, in numbers: for any number of pairs. `bar` may leave out more of the table before it is counted."""
    with laid_out(campaigns, choice or Choice()):
        if bar:
            bar()
        ((rows, families),) = asked("SELECT count(*), count(DISTINCT family) FROM candidate WHERE left_out IS NULL")
        return Summary(
            rows=rows,
            families=families,
            settled=dict(asked("SELECT settled, count(*) FROM candidate WHERE left_out IS NULL GROUP BY 1 ORDER BY 1")),
            rubric_versions=dict(asked("SELECT rubric_version, count(*) FROM candidate WHERE left_out IS NULL GROUP BY 1 ORDER BY 1")),
            slices={(name, value): n for name, value, n in asked(BY_SLICE)},
            left_out=left_out(),
            unsettled=unsettled(campaigns),
        )


BY_SLICE = """
SELECT slice.key, slice.value, count(*) FROM candidate JOIN policies_prompt AS asked ON asked.id = candidate.prompt
CROSS JOIN LATERAL jsonb_each_text(asked.slices) AS slice WHERE left_out IS NULL GROUP BY 1, 2 ORDER BY 1, 2
"""


def asked(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
