"""How alike two prompts' texts are: MinHash sketches, and which pairs of many are worth comparing. Pure.

The likeness of two texts is the Jaccard similarity of their sets of shingles (Broder, 1997): of all shingles, the share that both have.
A sketch of PLACES numbers estimates it without the texts: each number is the least hash over the shingles by a hash function of its
own, and two sketches agree in a place with the probability of the likeness. The standard deviation of the estimate is at most 0.045.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from rensa import RMinHash

from policies.families import plain

SHINGLE = 5
"""Characters. Words would not do: not every script has spaces, and prompts are short."""
PLACES, BANDS = 125, 25
ROWS = PLACES // BANDS
"""Texts with a likeness of s share a band with the probability 1 - (1 - s^5)^25: 0.99995 at 0.8, 0.55 at 0.5, 0.06 at 0.3."""
SEED = 7
METHOD = f"minhash/{RMinHash.ALGORITHM_VERSION}/{SHINGLE}/{PLACES}/{SEED}"
"""Sketches made by another method cannot be compared with these."""

NEAR = 0.8
"""From this likeness on two prompts are near duplicates: 300 characters of which four or five words differ."""
WINDOW = 4
"""Neighbours looked at on each side in a band's order. Of up to five prompts that share a band all are compared, of more the nearest."""

Sketches = npt.NDArray[np.uint16]
"""A row of PLACES numbers for each text. The lower 16 bits of each hash: others agree in them once in 65,536 times."""
Bands = npt.NDArray[np.uint32]
Indexes = npt.NDArray[np.int64]


def text_of(messages: Sequence[Mapping[str, str]]) -> str:
    """Return what of a prompt is compared: its turns without case, width, invisible characters and runs of white space."""
    return "\n".join(plain(message["content"]) for message in messages)


def shingles(text: str) -> list[str]:
    """Return every run of SHINGLE characters; of a shorter text, the text."""
    return [text[start : start + SHINGLE] for start in range(max(len(text) - SHINGLE, 0) + 1)]


def sketches(texts: Sequence[str]) -> Sketches:
    """Return the sketches of texts, a row each. Equal texts have equal rows, on every machine."""
    if not texts:
        return np.empty((0, PLACES), np.uint16)
    digests = RMinHash.digests_from_token_sets([shingles(text) for text in texts], PLACES, SEED)
    return (np.asarray(digests, np.uint32) & 0xFFFF).astype(np.uint16)


def bands(made: Sketches) -> Bands:
    """Return BANDS numbers for each sketch; two sketches have the same one where they agree in all places of that band."""
    parts = made.reshape(len(made), BANDS, ROWS).astype(np.uint64)
    mixed = np.zeros((len(made), BANDS), np.uint64)
    for place in range(ROWS):
        mixed = (mixed ^ parts[:, :, place]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return (mixed >> np.uint64(32)).astype(np.uint32)


def likeness(one: Sketches, other: Sketches) -> npt.NDArray[np.float64]:
    """Return the estimates for rows of sketches, pair by pair or one against many."""
    return np.asarray((one == other).mean(axis=-1), np.float64)


def alike(one: Sketches, other: Sketches) -> npt.NDArray[np.bool_]:
    """Say of each pair of rows whether it is a near duplicate."""
    return likeness(one, other) >= NEAR


def candidates(banded: Bands, fresh: npt.NDArray[np.bool_]) -> Iterator[tuple[Indexes, Indexes]]:
    """Yield, band by band, pairs of rows that share the band and of which at least one is fresh: those that have to be compared.

    Rows are put in the order of the band and the next one, so that in a band which very many share the likest stand together. Time grows
    with n log n, memory with n: a corpus in which everything begins alike costs no more than another.
    """
    for band in range(BANDS):
        first, second = banded[:, band], banded[:, (band + 1) % BANDS]
        order = np.lexsort((second, first))
        inorder = first[order]
        for step in range(1, min(WINDOW, len(order) - 1) + 1):
            one, other = order[:-step], order[step:]
            kept = (inorder[:-step] == inorder[step:]) & (fresh[one] | fresh[other])
            if kept.any():
                yield one[kept], other[kept]
