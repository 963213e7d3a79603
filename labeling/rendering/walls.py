"""The second wall: elements and attributes that may stand in a text, and nothing else."""

from __future__ import annotations

import nh3

from labeling.rendering.colours import CLASSES
from labeling.rendering.formulas import HELD
from labeling.rendering.mathml import ATTRIBUTES as OF_MATHML
from labeling.rendering.mathml import ELEMENTS as MATHML

# fmt: off
TAGS = {
    "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr",
    "li", "ol", "p", "pre", "s", "small", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}
# fmt: on
DIRECTED = {"blockquote", "h3", "h4", "h5", "h6", "ol", "p", "table", "ul"}
ATTRIBUTES = {"ol": {"start"}} | {tag: set(names) for tag, names in OF_MATHML.items()}
VALUES = (
    {tag: {"dir": {"auto"}} for tag in DIRECTED} | {tag: {"align": {"left", "center", "right"}} for tag in ("td", "th")} | {"span": {"class": CLASSES | {HELD}}}
)


def clean(markup: str) -> str:
    """Return HTML with what the lists allow. What is not on them goes, and the words in it stay."""
    return nh3.clean(markup, tags=TAGS | MATHML, attributes=ATTRIBUTES, tag_attribute_values=VALUES, link_rel=None)
