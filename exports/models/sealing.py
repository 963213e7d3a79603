"""The triggers of rows that are born whole and hardly change."""

from __future__ import annotations

from collections.abc import Sequence

import pgtrigger

from accounts.ledgers import REFUSE, append_only


def sealed(*, but: Sequence[str]) -> list[pgtrigger.Trigger]:
    """Return the triggers of rows that are born whole: `but` names the columns that may change; no DELETE, no TRUNCATE."""
    rest = "".join(f" - '{column}'" for column in but)
    update = f"IF (to_jsonb(OLD){rest}) = (to_jsonb(NEW){rest}) THEN RETURN NEW; END IF; {REFUSE}"
    _, delete, truncate = append_only()
    return [pgtrigger.Trigger(name="refuse_update", when=pgtrigger.Before, operation=pgtrigger.Update, func=update), delete, truncate]
