"""A formula as MathML: converted by latex2mathml, whose output is as hostile as its input, and built anew from lists of what may stand in it.

Nothing that was written goes out of sight: where a letter or a digit of the source is not in the result, the source is shown.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element
from xml.etree.ElementTree import fromstring as parse_xml

from latex2mathml.converter import convert

from labeling.rendering import chips

LONGEST = 1_500
"""Characters of one formula."""

MOST_LEVELS = 40

# fmt: off
ELEMENTS = {
    "math", "menclose", "mfrac", "mi", "mn", "mo", "mover", "mroot", "mrow", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup",
    "mtable", "mtd", "mtext", "mtr", "munder", "munderover",
}
# fmt: on
_YES_OR_NO, _SIZE = "true|false", r"[0-2](?:\.\d{1,3})?em|0"
_FONTS = "normal|bold|italic|bold-italic|double-struck|script|fraktur|sans-serif|monospace"
_ALLOWED: Mapping[str, Mapping[str, str]] = {
    "math": {"display": "inline|block"},
    "menclose": {"notation": "box"},
    "mfrac": {"linethickness": "0"},
    "mi": {"mathvariant": _FONTS},
    "mn": {"mathvariant": _FONTS},
    "mo": {
        "fence|largeop|movablelimits|separator|stretchy|accent": _YES_OR_NO,
        "form": "prefix|infix|postfix",
        "minsize|maxsize": _SIZE,
        "mathvariant": _FONTS,
    },
    "mover": {"accent": _YES_OR_NO},
    "mspace": {"width": _SIZE},
    "mstyle": {"displaystyle": _YES_OR_NO, "scriptlevel": "[0-2]"},
    "mtd": {"columnalign": "left|center|right"},
    "mtext": {"mathvariant": _FONTS},
    "munder": {"accentunder": _YES_OR_NO},
}
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {tag: tuple(name for names in rules for name in names.split("|")) for tag, rules in _ALLOWED.items()}
"""The attributes that an element may have; their values are held to `_ALLOWED`."""

_VALUES = {(tag, name): re.compile(values) for tag, rules in _ALLOWED.items() for names, values in rules.items() for name in names.split("|")}
_ROWS = ("math", "mrow", "mstyle", "mtd", "msqrt", "menclose")
_SIGNS, _BEFORE_A_SIGN = "+-\u2212±∓", "([{=<>≤≥≠≈≡∼,;:→⇒⟹×⋅·/∈"
_NO_OPERATORS = "∞∅∠⊤"
"""Signs that stand for a thing, and get no room on both sides."""

_PLAIN = {"mpadded": "mrow"}
"""Elements that only move what is in them: it stays where it is."""

# What makes much of little, hides words, or is written for another program than TeX.
_REFUSED = re.compile(
    r"\\(?:def|edef|gdef|let|newcommand|renewcommand|providecommand|newenvironment|DeclareMathOperator|href|url|class|style|unicode|phantom|llap|rlap|clap|smash)\b|(?<!\\)%"
)
_ENVIRONMENTS = {"aligned": "align*", "align": "align*", "gathered": "matrix", "gather": "matrix", "gather*": "matrix", "dcases": "cases"}
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([a-z]+\*?)\}")
_WITHOUT_WORDS = ("equation", "equation*", "displaymath")
# What is not meant to be seen: names of commands and environments, columns of an array, lengths of spaces.
_UNREAD = re.compile(
    r"\\(?:begin|end)\s*\{[a-z]+\*?\}(?:\s*\{[lcr|\s]*\})?|\\(?:hspace|vspace|kern|mkern|mskip|hskip)\*?\s*\{?\s*-?[\d.]+\s*[a-z]{2}\s*\}?|\\\\\s*\[-?[\d.]+[a-z]{2}\]"
    r"|\\operatorname\*?|\\[a-zA-Z]+"
)
_SPACE_AFTER_LINE = re.compile(r"(\\\\)\s*\[-?[\d.]+[a-z]{2}\]")
_ARG_MAX = re.compile(r"\\operatorname\*?\s*\{\s*(arg)\s*\\[,;: ]\s*(max|min)\s*\}")
_INVISIBLE_OPERATORS = dict.fromkeys(range(0x2061, 0x2065))


class NotShown(Exception):
    """The formula cannot be shown as MathML, whole and harmless."""


def of(latex: str, *, display: str) -> str | None:
    """Return a formula as a `math` element, `display` inline or block. None: its source is to be shown."""
    if len(latex) > LONGEST or _REFUSED.search(latex) or chips.are_needed(latex):
        return None
    try:
        return _convert(latex, display)
    except Exception:  # ours, the parser's, and some thirty with which the converter does not understand, slips of its own among them
        return None


def _convert(latex: str, display: str) -> str:
    tree = parse_xml(convert(_known(latex), xmlns="", display=display))  # noqa: S314 - it begins with an element, so that no entity can be made
    for row in tree.iter():
        if row.tag in _ROWS:
            _set(row)
    markup = "".join(_build(tree))
    _check_letters(latex, "".join(tree.itertext()))
    return markup


def _known(latex: str) -> str:
    """Return a formula in the words that the converter has: it knows fewer environments than people use."""
    without = _ARG_MAX.sub(r"\\operatorname*{\1\2}", _SPACE_AFTER_LINE.sub(r"\1", latex.strip()))
    return _ENVIRONMENT.sub(lambda found: "" if found[2] in _WITHOUT_WORDS else f"\\{found[1]}{{{_ENVIRONMENTS.get(found[2], found[2])}}}", without)


def _set(row: Element) -> None:
    """Set a row as TeX does: bars stand round something, the sign of a number is no sum, and the name of a function stands apart from what it is of."""
    bars = [child for child in row if _is_one_of(child, "|‖")]
    for number, bar in enumerate(bars if len(bars) % 2 == 0 else ()):
        bar.set("form", "postfix" if number % 2 else "prefix")
    for at in range(len(row) - 1, 0, -1):
        before, child = row[at - 1], row[at]
        if _is_one_of(child, _SIGNS) and (_is_one_of(before, _BEFORE_A_SIGN) or before.get("form") == "prefix"):
            child.set("form", "prefix")
        elif _is_name(before) and not _is_apart(child):
            row.insert(at, Element("mspace", width="0.167em"))


def _is_one_of(element: Element, signs: str) -> bool:
    return element.tag in ("mo", "mi") and len(element.text or "") == 1 and (element.text or "") in signs


def _is_apart(element: Element) -> bool:
    """Does it begin with a bracket, a sign or a space?"""
    return element.tag in ("mo", "mspace", "mtext") or (element.tag == "mrow" and len(element) > 0 and _is_apart(element[0]))


def _is_name(element: Element) -> bool:
    """Is it a function in letters, such as sin or log₂?"""
    if element.tag in ("msub", "msup", "msubsup") and len(element):
        return _is_name(element[0])
    return element.tag == "mi" and len(element.text or "") > 1 and (element.text or "").isalpha()


def _build(element: Element, level: int = 0) -> Iterator[str]:
    """Yield an element anew: from the lists, with its text escaped. Raises NotShown for one that is on no list."""
    tag = _PLAIN.get(element.tag, element.tag)
    if tag not in ELEMENTS or level > MOST_LEVELS:
        raise NotShown
    tag = _operator(_limits(tag, element), element)
    yield f"<{tag}{''.join(_attributes(tag, element))}>"
    yield _text(element)
    for child in element:
        yield from _build(child, level + 1)
        if (child.tail or "").strip():
            raise NotShown
    yield f"</{tag}>"


def _limits(tag: str, element: Element) -> str:
    """Where an operator's limits move, let them: under it in a line of its own, beside it in a line of text."""
    return {"msub": "munder", "msup": "mover", "msubsup": "munderover"}.get(tag, tag) if len(element) and _has_limits(element[0]) else tag


def _operator(tag: str, element: Element) -> str:
    """Give room to signs that the converter takes for letters: plus or minus, and long arrows. And take it from those that stand for a thing."""
    if tag == "mo" and _is_one_of(element, _NO_OPERATORS):
        return "mi"
    return "mo" if tag == "mi" and element.text and (element.text == "±" or "\u27f0" <= element.text <= "\u27ff") else tag


def _has_limits(element: Element) -> bool:
    """Is it an operator in letters, such as lim?"""
    return element.tag == "mo" and len(element.text or "") > 1 and (element.text or "").replace("\u2009", "").replace("\u2006", "").isalpha()


def _attributes(tag: str, element: Element) -> Iterator[str]:
    if tag == "menclose" and element.get("notation") != "box":
        raise NotShown  # a formula that is struck out must not look as if it were not
    if _has_limits(element):
        element.set("movablelimits", "true")
    for name, value in element.attrib.items():
        if (allowed := _VALUES.get((tag, name))) and allowed.fullmatch(value):
            yield f' {name}="{value}"'


def _text(element: Element) -> str:
    text = (element.text or "").translate(_INVISIBLE_OPERATORS)
    if "\\" in text or chips.are_needed(text):
        raise NotShown  # a command that was not understood
    return html.escape(text, quote=False)


def _check_letters(latex: str, shown: str) -> None:
    missing = _letters(_UNREAD.sub(" ", latex)) - _letters(shown)
    if missing:
        raise NotShown


def _letters(text: str) -> Counter[str]:
    return Counter(char for char in unicodedata.normalize("NFKC", text) if char.isalnum())
