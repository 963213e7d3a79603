"""Triggers that make PostgreSQL itself refuse to change what was once written."""

from __future__ import annotations

from collections.abc import Sequence

import pgtrigger
from django.db import models

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
    return [
        refuse_update(erase_only(erasable) + REFUSE),
        pgtrigger.Trigger(name="refuse_delete", when=pgtrigger.Before, operation=pgtrigger.Delete, func=REFUSE),
        pgtrigger.Trigger(name="refuse_truncate", when=pgtrigger.Before, operation=pgtrigger.Truncate, level=pgtrigger.Statement, func=REFUSE),
    ]


def sealed(*, but: Sequence[str], erasable: str | Sequence[str] = ()) -> list[pgtrigger.Trigger]:
    """Return the triggers of rows that are born whole: `but` names the columns that may change; no DELETE, no TRUNCATE. `erasable` as above."""
    rest = minus(but)
    update = f"IF (to_jsonb(OLD){rest}) = (to_jsonb(NEW){rest}) THEN RETURN NEW; END IF; {erase_only(erasable)}{REFUSE}"
    _, delete, truncate = append_only()
    return [refuse_update(update), delete, truncate]


def refuse_update(func: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(name="refuse_update", when=pgtrigger.Before, operation=pgtrigger.Update, func=func)


def erase_only(erasable: str | Sequence[str]) -> str:
    columns = [erasable] if isinstance(erasable, str) else list(erasable)
    blank = " AND ".join(f"NEW.{column} IS NULL" for column in columns)
    return ERASE_ONLY.format(but=minus(columns), blank=blank) if columns else ""


def minus(columns: Sequence[str]) -> str:
    return "".join(f" - '{column}'" for column in columns)


class MayBeErased(models.Model):
    """The marks of a row of which something may be erased: when it was, why, and a keyed hash of what was there."""

    erased_at = models.DateTimeField(null=True)
    erased_why = models.CharField(max_length=300, blank=True, default="", db_default="")
    erased_sha256 = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        abstract = True
