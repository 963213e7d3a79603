"""Triggers that make PostgreSQL itself refuse to change what was once written."""

from __future__ import annotations

import pgtrigger

REFUSE = "RAISE EXCEPTION 'tiebreak: % is only ever added to: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';"

# Everything but the erasable text and the marks of erasing must stay as it was; the text may only become NULL,
# and only together with its hash and a reason.
ERASE_ONLY = """
IF (to_jsonb(OLD) - '{column}' - 'erased_at' - 'erased_why' - 'erased_sha256')
     = (to_jsonb(NEW) - '{column}' - 'erased_at' - 'erased_why' - 'erased_sha256')
   AND OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.{column} IS NULL
   AND NEW.erased_sha256 <> '' AND NEW.erased_why <> '' THEN
    RETURN NEW;
END IF;
"""


def append_only(*, erasable: str = "") -> list[pgtrigger.Trigger]:
    """Return the triggers of a ledger: no UPDATE, no DELETE, no TRUNCATE.

    `erasable` names the one column that may be blanked to NULL, with the time, a hash and a reason beside it.
    """
    update = ERASE_ONLY.format(column=erasable) + REFUSE if erasable else REFUSE
    return [
        pgtrigger.Trigger(name="refuse_update", when=pgtrigger.Before, operation=pgtrigger.Update, func=update),
        pgtrigger.Trigger(name="refuse_delete", when=pgtrigger.Before, operation=pgtrigger.Delete, func=REFUSE),
        pgtrigger.Trigger(name="refuse_truncate", when=pgtrigger.Before, operation=pgtrigger.Truncate, level=pgtrigger.Statement, func=REFUSE),
    ]
