"""Texts as pages show them: kept by hash, made where they are missing or of an older renderer, and in each reader's language what is said beside them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from accounts import statements
from accounts.retelling import RECORDED_IN
from labeling.rendering import CUT, PLAIN, RENDERER, TANGLED, render_raw, render_text
from labeling.rendering.chips import MORE
from labeling.retelling import Teller

RENDERINGS = "SELECT sha256, html, raw FROM labeling_rendering WHERE sha256 = ANY(%(keys)s) AND renderer = %(renderer)s"
MADE = "SELECT sha256 FROM labeling_rendering WHERE sha256 = ANY(%(keys)s) AND renderer = %(renderer)s"
KEEP = """
INSERT INTO labeling_rendering (sha256, renderer, html, raw)
SELECT sha256, %(renderer)s, html, raw FROM unnest(%(keys)s::text[], %(htmls)s::text[], %(raws)s::text[]) AS made (sha256, html, raw)
ON CONFLICT (sha256) DO UPDATE SET renderer = excluded.renderer, html = excluded.html, raw = excluded.raw
"""

SAID = Teller((TANGLED, PLAIN, CUT, MORE))
BESIDE = re.compile(r'(<p class="cut">|<span class="hiddenchar">(?=and ))([^<]*)')
"""What the renderer says itself: no text has these classes, whatever is written in it."""


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
    return [Shown(retold(kept[key].html), retold(kept[key].raw)) for key in keys]


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


def retold(html: SafeString) -> SafeString:
    """Return a rendering with what the renderer says beside a text in the reader's language. It is kept once, in English."""
    if get_language() == RECORDED_IN:
        return html
    return mark_safe(BESIDE.sub(lambda found: found[1] + SAID.tell(found[2]), html))  # noqa: S308 - our words, in both languages


def key_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
