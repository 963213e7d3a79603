"""Texts as pages show them: kept by hash, made where they are missing or of an older renderer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from accounts import statements
from labeling.rendering import RENDERER, render_raw, render_text

RENDERINGS = "SELECT sha256, html, raw FROM labeling_rendering WHERE sha256 = ANY(%(keys)s) AND renderer = %(renderer)s"
MADE = "SELECT sha256 FROM labeling_rendering WHERE sha256 = ANY(%(keys)s) AND renderer = %(renderer)s"
KEEP = """
INSERT INTO labeling_rendering (sha256, renderer, html, raw)
SELECT sha256, %(renderer)s, html, raw FROM unnest(%(keys)s::text[], %(htmls)s::text[], %(raws)s::text[]) AS made (sha256, html, raw)
ON CONFLICT (sha256) DO UPDATE SET renderer = excluded.renderer, html = excluded.html, raw = excluded.raw
"""


@dataclass(frozen=True)
class Shown:
    """A text as a page shows it."""

    html: SafeString
    raw: SafeString


def shown_all(texts: Sequence[str], *, found: list[statements.Row] | None = None) -> list[Shown]:
    """Return the renderings of these texts: kept ones by hash, and what is missing or of an older renderer made now and kept.

    `found` are the kept ones, as RENDERINGS has them, where they were asked for together with the texts.
    """
    keys = [key_of(text) for text in texts]
    rows = statements.every(RENDERINGS, keys=sorted(set(keys)), renderer=RENDERER) if found is None else found
    kept = {key: Shown(mark_safe(html), mark_safe(raw)) for key, html, raw in rows}  # noqa: S308 - made by `rendering`
    kept |= make({key: text for key, text in zip(keys, texts, strict=True) if key not in kept})
    return [kept[key] for key in keys]


def make_missing(texts: Iterable[str]) -> int:
    """Make and keep the renderings of those texts that have none yet. Returns how many."""
    by_key = {key_of(text): text for text in texts}
    made = {key for (key,) in statements.every(MADE, keys=sorted(by_key), renderer=RENDERER)}
    return len(make({key: text for key, text in by_key.items() if key not in made}))


def make(missing: dict[str, str]) -> dict[str, Shown]:
    made = {key: Shown(render_text(text), render_raw(text)) for key, text in missing.items()}
    if made:
        keep(made)
    return made


def keep(made: dict[str, Shown]) -> None:
    keys = sorted(made)  # in one order everywhere: two who keep the same texts wait for one another in turn
    statements.run(KEEP, keys=keys, renderer=RENDERER, htmls=[str(made[key].html) for key in keys], raws=[str(made[key].raw) for key in keys])


def key_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
