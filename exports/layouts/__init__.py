"""The layouts in which a version can be had. Pure."""

from __future__ import annotations

from exports.layouts import judgments, trainers, trl
from exports.layouts.layout import Layout, Line, NotTaken

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (*trl.LAYOUTS, *trainers.LAYOUTS, *judgments.LAYOUTS)}

__all__ = ["LAYOUTS", "Layout", "Line", "NotTaken"]
