"""Triggers that make PostgreSQL itself refuse to change what was once written."""

from __future__ import annotations

from collections.abc import Sequence

import pgtrigger

REFUSE = "RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';"

# Everything but the erasable columns and the marks of erasing must stay as it was; they may only become NULL, all of them,
# and only together with a hash and a reason.
ERASE_ONLY = """
IF (to_jsonb(OLD){but} - 'erased_at' - 'erased_why' - 'erased_sha256')
     = (to_jsonb(NEW){but} - 'erased_at' - 'erased_why' - 'erased_sha256')
   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND {blank}
   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN
    RETURN NEW;
END IF;
"""


def append_only(*, erasable: str | Sequence[str] = ()) -> list[pgtrigger.Trigger]:
    """Return the triggers of a ledger: no UPDATE, no DELETE, no TRUNCATE.

    `erasable` names the columns that may be blanked to NULL, together, with the time, a hash and a reason beside them.
    """
    columns = [erasable] if isinstance(erasable, str) else list(erasable)
    but, blank = "".join(f" - '{column}'" for column in columns), " AND ".join(f"NEW.{column} IS NULL" for column in columns)
    update = ERASE_ONLY.format(but=but, blank=blank) + REFUSE if columns else REFUSE
    return [
        pgtrigger.Trigger(name="refuse_update", when=pgtrigger.Before, operation=pgtrigger.Update, func=update),
        pgtrigger.Trigger(name="refuse_delete", when=pgtrigger.Before, operation=pgtrigger.Delete, func=REFUSE),
        pgtrigger.Trigger(name="refuse_truncate", when=pgtrigger.Before, operation=pgtrigger.Truncate, level=pgtrigger.Statement, func=REFUSE),
    ]
