"""The data card of a version as it reads today: the one that was frozen with it, and what is on record since. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import numpy as np
from django.db import connection
from django.db.models import Count, Q

from accounts import consenting
from accounts.models import Consent
from exports import cards, records
from exports.cards import Known
from exports.formats import pseudonym
from exports.models import DatasetVersion
from labeling import agreement
from labeling.models import Label, Verdict
from labeling.words import percent, span

SEED = 20260525
THIN = 30
"""Rows. A share of one half over fewer is known to no better than plus or minus 18 points."""
MOST_THIN = 40

BY_LABELER = """
SELECT label.labeler_id, count(*) FROM exports_datasetrow AS row CROSS JOIN LATERAL unnest(row.labels) AS counted (label)
  JOIN labeling_label AS label ON label.id = counted.label WHERE row.version_id = %s GROUP BY 1
"""
SMALL_SLICES = """
SELECT slice.key, slice.value, count(*) FROM exports_datasetrow AS row JOIN policies_prompt AS prompt ON prompt.id = row.prompt_id,
       LATERAL jsonb_each_text(prompt.slices) AS slice WHERE row.version_id = %s GROUP BY 1, 2 HAVING count(*) < %s ORDER BY 3, 1, 2 LIMIT %s
"""


def card_of(version: DatasetVersion) -> bytes:
    """Return the card in UTF-8. Raises OSError where the version's own one cannot be read."""
    return cards.with_what_is_known((version.folder / cards.NAME).read_bytes(), known_of(version))


def known_of(version: DatasetVersion) -> Known:
    record = records.record_of(version)
    return Known(
        approved_by=record.approved_by,
        agreement=agreement_three_ways(version),
        consent=consent_in_words(labels_by_person(version)),
        labelers=labels_by_pseudonym(version),
        thin=thin_slices(version),
        gates=record.gates,
        waivers=record.waivers,
        readings=record.readings,
        events=record.events,
    )


def agreement_three_ways(version: DatasetVersion) -> list[str]:
    """Return raw agreement with ties, without, and a tie as half, over every labeled pair of the version's campaigns: contested ones count too."""
    verdicts = {verdict.value: Count("pk", filter=Q(verdict=verdict)) for verdict in Verdict}
    rows = Label.objects.counting().filter(pair__campaign__in=version.campaigns.all()).values("pair").annotate(**verdicts).order_by().values_list(*verdicts)
    patterns = Counter(pattern for pattern in rows.iterator(chunk_size=10_000) if sum(pattern) > 1)
    if not patterns:
        return ["No pair of its campaigns has two labels, so agreement is not known."]
    counts = np.array(sorted(patterns), dtype=np.float64)
    weights = np.array([patterns[pattern] for pattern in sorted(patterns)], dtype=np.float64)
    draws = agreement.resampled(weights, seed=SEED, resamples=1000)
    ways = (agreement.RAW_WITH_TIES, agreement.RAW_WITHOUT_TIES, agreement.RAW_TIE_AS_HALF)
    return [in_words(agreement.figure(way, counts, weights, draws)) for way in ways]


def in_words(figure: agreement.Figure) -> str:
    if figure.value is None:
        return f"{figure.coefficient}: not known."
    interval = f", {span(percent(figure.low), percent(figure.high))}" if figure.low is not None and figure.high is not None else ""
    return f"{figure.coefficient}: {percent(figure.value)}{interval}, over {figure.n_items:,} pairs of its campaigns, contested ones included."


def labels_by_person(version: DatasetVersion) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(BY_LABELER, [version.pk])
        return dict(cursor.fetchall())


def labels_by_pseudonym(version: DatasetVersion) -> dict[str, int]:
    secret = bytes.fromhex(version.dataset.secret)
    return {pseudonym(str(labeler), secret=secret): n for labeler, n in labels_by_person(version).items()}


def consent_in_words(people: Collection[int]) -> str:
    """Say how many of those whose labels counted agreed to a consent text, and to which versions; nothing where there is no text."""
    if not people or consenting.current() is None:
        return ""
    versions = Consent.objects.filter(user__in=consenting.agreed(people), given=True).values_list("text__number", flat=True)
    numbers = ", ".join(map(str, sorted(set(versions))))
    agreed = consenting.agreed(people).count()
    return f"{agreed:,} of {len(people):,} agreed to the text on what becomes of their labels" + (f" (version {numbers})." if numbers else ".")


def thin_slices(version: DatasetVersion) -> list[tuple[str, str, int]]:
    """Return the slices with fewer than THIN rows, the thinnest first."""
    with connection.cursor() as cursor:
        cursor.execute(SMALL_SLICES, [version.pk, THIN, MOST_THIN])
        return list(cursor.fetchall())
