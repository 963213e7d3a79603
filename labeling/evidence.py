"""From the ledger to what the care rules look at: a labeler's latest answers, what the others do, gold and repeats. Writes nothing.

What is read is bounded by how much the rules look back on, not by the campaign nor by what its labelers have done; only gold and repeats are picked from all
the checks that a labeler had.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from labeling import gold
from labeling.care import WINDOW, Answer, Tally, Usual, tally_of
from labeling.gold import GoldAnswer, GoldScore, Hits
from labeling.models import COUNTING, Campaign, Label, Pair, Verdict
from labeling.repetition import WORD

OTHERS, OF_EACH = 20, 60
"""The labelers that worked last, and how many of the latest answers of each, say what is usual in a campaign."""

FEWEST = 5
"""Answers of a labeler that tell something of what is usual, where others have as many."""

REPEATS = 200
"""A labeler's latest repeats that say how far they agree with themselves."""

LOOKED_AT = 5 * WINDOW
"""A labeler's latest labels, of any kind and campaign, among which those of a campaign's work are looked for."""

# By the index on labeler and time, so many rows and no more; then what of them is current, is work, and belongs to the campaign.
WORK = """
SELECT label.id, label.submitted_at, label.pair_id, label.rubric_version_id, label.verdict, label.preference, label.both_bad, label.left_was_a,
       label.active_seconds
FROM (
    SELECT * FROM labeling_label WHERE labeler_id = %(labeler)s ORDER BY submitted_at DESC, id DESC LIMIT %(looked_at)s
) AS label JOIN labeling_slot AS slot ON slot.id = label.slot_id
WHERE slot.campaign_id = %(campaign)s AND slot.kind IN ('work', 'escalation') AND NOT label.is_retraction
  AND NOT EXISTS (SELECT FROM labeling_label AS later WHERE later.supersedes_id = label.id)
ORDER BY label.id DESC LIMIT %(window)s
"""
LENGTHS = """
SELECT pair.id, char_length(a.text), char_length(b.text) FROM labeling_pair AS pair
JOIN policies_response AS a ON a.id = pair.response_a_id JOIN policies_response AS b ON b.id = pair.response_b_id
WHERE pair.id = ANY(%(pairs)s)
"""
# First answers: who was told later what is right may change theirs, but not the score.
GOLD = """
SELECT slot.reserved_for_id, label.id, label.submitted_at, label.verdict, item.verdict, label.left_was_a
FROM labeling_enrolment AS enrolment
CROSS JOIN LATERAL (
    SELECT * FROM labeling_slot AS slot
    WHERE slot.reserved_for_id = enrolment.labeler_id AND slot.campaign_id = enrolment.campaign_id
      AND slot.kind = 'gold' AND slot.closed_at IS NOT NULL AND slot.labeler_id IS NOT NULL
    ORDER BY slot.rank DESC, slot.id DESC LIMIT %(last)s::bigint
) AS slot
JOIN labeling_label AS label ON label.slot_id = slot.id AND label.supersedes_id IS NULL
JOIN labeling_golditem AS item ON item.id = slot.gold_item_id
WHERE enrolment.campaign_id = %(campaign)s AND (%(labeler)s::bigint IS NULL OR enrolment.labeler_id = %(labeler)s)
ORDER BY label.id
"""
# A repeat and what its labeler says of the pair now, as work, under the same wording.
REPEATED = """
SELECT slot.reserved_for_id, again.verdict = own.verdict
FROM labeling_enrolment AS enrolment
CROSS JOIN LATERAL (
    SELECT * FROM labeling_slot AS slot
    WHERE slot.reserved_for_id = enrolment.labeler_id AND slot.campaign_id = enrolment.campaign_id
      AND slot.kind = 'repeat' AND slot.closed_at IS NOT NULL AND slot.labeler_id IS NOT NULL
    ORDER BY slot.rank DESC, slot.id DESC LIMIT %(last)s::bigint
) AS slot
JOIN labeling_label AS again ON again.slot_id = slot.id AND again.supersedes_id IS NULL
JOIN labeling_slot AS place ON place.pair_id = slot.pair_id AND place.labeler_id = slot.reserved_for_id
  AND place.rubric_version_id = slot.rubric_version_id AND place.kind IN ('work', 'escalation')
JOIN labeling_label AS own ON own.slot_id = place.id AND NOT own.is_retraction
  AND NOT EXISTS (SELECT FROM labeling_label AS later WHERE later.supersedes_id = own.id)
WHERE enrolment.campaign_id = %(campaign)s
"""
# The latest work and gold of those who worked last.
LATEST = """
SELECT label.labeler_id, label.pair_id, label.verdict, slot.kind, item.verdict, char_length(a.text), char_length(b.text)
FROM (
    SELECT labeler_id FROM labeling_enrolment WHERE campaign_id = %(campaign)s AND served > 0 ORDER BY watched_to DESC, id DESC LIMIT %(others)s
) AS enrolment
CROSS JOIN LATERAL (
    SELECT * FROM labeling_label WHERE labeler_id = enrolment.labeler_id ORDER BY submitted_at DESC, id DESC LIMIT %(of_each)s
) AS label
JOIN labeling_slot AS slot ON slot.id = label.slot_id
JOIN labeling_pair AS pair ON pair.id = label.pair_id
JOIN policies_response AS a ON a.id = pair.response_a_id
JOIN policies_response AS b ON b.id = pair.response_b_id
LEFT JOIN labeling_golditem AS item ON item.id = slot.gold_item_id
WHERE slot.campaign_id = %(campaign)s AND slot.kind IN ('work', 'escalation', 'gold') AND NOT label.is_retraction
  AND NOT EXISTS (SELECT FROM labeling_label AS later WHERE later.supersedes_id = label.id)
"""


@dataclass(frozen=True)
class Given:
    """An answer, the label that it is, and when it was given."""

    label: int
    at: datetime
    answer: Answer


@dataclass(frozen=True)
class GoldGiven:
    label: int
    at: datetime
    answer: GoldAnswer


@dataclass(frozen=True)
class Latest:
    """What a campaign's labelers did lately, from which `usual_but` tells each of them what the others do."""

    longer: Mapping[int, Tally]
    gold: Mapping[int, Tally]
    verdicts: Mapping[int, Mapping[int, str]]
    """By pair, then labeler: choices of a side."""

    def usual_but(self, labeler: int) -> Usual:
        """Return what the others do: the one in the middle, so that a few who are careless do not make that usual."""
        return Usual(longer=usual_of(self.longer, but=labeler), gold=usual_of(self.gold, but=labeler), agreement=self.agreement_but(labeler))

    def agreement_but(self, labeler: int) -> Tally:
        """Hold each of the others against the majority of the rest of them, pair by pair. It is as sure as there are pairs."""
        scores: defaultdict[int, list[float]] = defaultdict(list)
        compared = 0
        for verdicts in self.verdicts.values():
            others = {other: verdict for other, verdict in verdicts.items() if other != labeler}
            compared += len(others) > 1
            for other, score in with_the_rest(others).items():
                scores[other].append(score)
        return middle([(sum(own) / len(own), len(own)) for own in scores.values()], n=compared)


def usual_of(tallies: Mapping[int, Tally], *, but: int) -> Tally:
    others = [tally for labeler, tally in tallies.items() if labeler != but and tally.n]
    return middle([(tally.share, tally.n) for tally in others], n=sum(tally.n for tally in others))


def middle(shares: Sequence[tuple[float, int]], *, n: int) -> Tally:
    """Return the median of shares, each with how many answers it is of, as a tally of `n`. Those of a few answers tell something where there are no others."""
    telling = [share for share, answers in shares if answers >= FEWEST] or [share for share, _ in shares]
    return Tally(round(statistics.median(telling) * n), n) if telling else Tally()


def with_the_rest(verdicts: Mapping[int, str]) -> dict[int, float]:
    """Return who chose the side of the majority of the others: 1, else 0; a half where these are split, or agreement would be looked for among the careless."""
    votes = Counter(verdicts.values())
    return {labeler: side(2 * (votes[verdict] - 1) - (len(verdicts) - 1)) for labeler, verdict in verdicts.items()} if len(verdicts) > 1 else {}


def side(lead: int) -> float:
    return 0.5 if lead == 0 else float(lead > 0)


# ---- one labeler's answers -----------------------------------------------------------------------------------------


def answers_of(campaign: Campaign, labeler_id: int) -> list[Given]:
    """Return the labeler's latest current work in the campaign, as it was given, in four queries. The words are counted where the time is known."""
    labels = rows(WORK, campaign=campaign.pk, labeler=labeler_id, looked_at=LOOKED_AT, window=WINDOW)[::-1]
    pairs = [row[2] for row in labels]
    others, sizes = others_at(pairs, but=labeler_id), lengths(pairs)
    words = words_to_read(pairs) if any(row[-1] is not None for row in labels) else [0] * len(pairs)
    return [Given(row[0], row[1], answer_of(row[2:], others, sizes, to_read)) for row, to_read in zip(labels, words, strict=True)]


def answer_of(row: Sequence[Any], others: Mapping[tuple[int, int], tuple[str, ...]], sizes: Mapping[int, tuple[int, int]], words: int) -> Answer:
    pair, rubric_version, verdict, preference, both_bad, left_was_a, active_seconds = row
    return Answer(
        verdict=verdict,
        preference=preference,
        both_bad=both_bad,
        left_was_a=left_was_a,
        characters_a=sizes[pair][0],
        characters_b=sizes[pair][1],
        words=words,
        active_seconds=active_seconds,
        others=others.get((pair, rubric_version), ()),
    )


def others_at(pairs: Sequence[int], *, but: int) -> dict[tuple[int, int], tuple[str, ...]]:
    """Return what others say of these pairs now, by pair and wording, the first to say it first."""
    found: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    labels = Label.objects.current().filter(pair__in=pairs, slot__kind__in=COUNTING).exclude(labeler=but)
    for pair, rubric_version, verdict in labels.order_by("id").values_list("pair", "rubric_version", "verdict"):
        found[pair, rubric_version].append(str(verdict))
    return {key: tuple(verdicts) for key, verdicts in found.items()}


def lengths(pairs: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return how many characters A and B have."""
    return {pair: (a, b) for pair, a, b in rows(LENGTHS, pairs=list(pairs))}


def words_to_read(pairs: Sequence[int]) -> list[int]:
    """Return how many words there are to read on the screen with each of these pairs, in the order in which they came.

    A prompt or a response that the reader had before, with another pair, need not be read again: where each two of a prompt's five responses are
    compared, that is most of them.
    """
    columns = ("pk", "prompt", "response_a", "response_b", "prompt__messages", "response_a__text", "response_b__text")
    found = {row[0]: row[1:] for row in Pair.objects.filter(pk__in=pairs).values_list(*columns)}
    read: set[tuple[str, int]] = set()
    counts = []
    for prompt, a, b, messages, text_a, text_b in (found[pair] for pair in pairs):
        texts = {("x", prompt): in_one(messages), ("y", a): text_a, ("y", b): text_b}
        counts.append(sum(count_words(text) for key, text in texts.items() if key not in read))
        read |= texts.keys()
    return counts


def words_on_screen(messages: Iterable[Mapping[str, str]], a: str, b: str) -> int:
    """Count the words of a prompt and its two responses."""
    return sum(map(count_words, (in_one(messages), a, b)))


def in_one(messages: Iterable[Mapping[str, str]]) -> str:
    return "\n".join(message["content"] for message in messages)


def count_words(text: str) -> int:
    """Count words; in scripts without spaces each character is one, and is read about as fast."""
    return len(WORD.findall(text))


# ---- gold, repeats, and what is usual ------------------------------------------------------------------------------


def gold_of(campaign: Campaign, *, labeler: int | None = None, last: int | None = None) -> dict[int, list[GoldGiven]]:
    """Return the gold answers of each labeler, or of one, in the order in which they were given: the last so many, or all."""
    found: defaultdict[int, list[GoldGiven]] = defaultdict(list)
    for labeler_id, label, at, said, known, left_was_a in rows(GOLD, campaign=campaign.pk, labeler=labeler, last=last):
        found[labeler_id].append(GoldGiven(label, at, GoldAnswer(said=said, known=known, left_was_a=left_was_a)))
    return dict(found)


def gold_scores(campaign: Campaign) -> dict[int, GoldScore]:
    """Return the rolling gold score of each labeler who had gold."""
    window = campaign.gold_window
    return {labeler: gold.score([given.answer for given in answers], last=window) for labeler, answers in gold_of(campaign, last=window).items()}


def self_consistency(campaign: Campaign) -> dict[int, Hits]:
    """Return for each labeler how often they said the same of a pair that was shown again with its sides swapped, with the 95 % interval."""
    said: defaultdict[int, list[bool]] = defaultdict(list)
    for labeler, alike in rows(REPEATED, campaign=campaign.pk, last=REPEATS):
        said[labeler].append(alike)
    return {labeler: gold.hits_of(alike) for labeler, alike in said.items()}


def latest_of(campaign: Campaign) -> Latest:
    """Return what the campaign's labelers did lately, in two queries."""
    latest = rows(LATEST, campaign=campaign.pk, others=OTHERS, of_each=OF_EACH)
    longer: defaultdict[int, list[bool]] = defaultdict(list)
    right: defaultdict[int, list[bool]] = defaultdict(list)
    for labeler, _, verdict, kind, known, a, b in latest:
        if verdict != "tie" and kind in COUNTING and a != b:
            longer[labeler].append((verdict == "a") == (a > b))
        elif verdict != "tie" and kind == "gold" and known != "tie":
            right[labeler].append(verdict == known)
    pairs = {row[1] for row in latest if row[3] in COUNTING}
    return Latest(
        longer={labeler: tally_of(said) for labeler, said in longer.items()},
        gold={labeler: tally_of(said) for labeler, said in right.items()},
        verdicts=sides_chosen(pairs),
    )


def sides_chosen(pairs: Iterable[int]) -> dict[int, dict[int, str]]:
    """Return who chose which side of each pair, as it stands now; ties are left out."""
    found: defaultdict[int, dict[int, str]] = defaultdict(dict)
    labels = Label.objects.counting().filter(pair__in=list(pairs)).exclude(verdict=Verdict.TIE)
    for pair, labeler, verdict in labels.values_list("pair", "labeler", "verdict"):
        found[pair][labeler] = str(verdict)
    return dict(found)


def rows(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """Ask with the values written into the statement: it is planned for these and for the tables as they are, where a prepared one may be older than they."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()  # type: ignore[no-any-return]
