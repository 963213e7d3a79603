"""`translate` and `joined` for pages that are drawn at every pair: a literal text is looked up once for each language. Load it after i18n."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, TextNode, Token
from django.template.context import Context
from django.template.defaulttags import IfNode
from django.templatetags.i18n import TranslateNode, do_translate
from django.utils.translation import get_language

register = template.Library()


class Spoken(template.Node):
    """A literal text. (The card of a pair has a hundred: looked up each time they were half of what drawing it costs.)"""

    def __init__(self, looked_up: TranslateNode) -> None:
        self.looked_up, self.said = looked_up, dict[str, str]()

    def render(self, context: Context) -> str:
        language = language_of(context)
        if language not in self.said:
            self.said[language] = self.looked_up.render(context)
        return self.said[language]


class Joined(template.Node):
    """Markup and literal texts that stand side by side: one piece for each language."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes, self.said = nodes, dict[str, str]()

    def render(self, context: Context) -> str:
        language = language_of(context)
        if language not in self.said:
            self.said[language] = "".join(node.render(context) for node in self.nodes)
        return self.said[language]


class Block(template.Node):
    """What stands between `joined` and `endjoined`."""

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist

    def render(self, context: Context) -> str:
        return self.nodelist.render(context)


def language_of(context: Context) -> str:
    language: str | None = context.render_context.get("language")
    if language is None:
        language = context.render_context["language"] = get_language() or ""
    return language


@register.tag
def joined(parser: Parser, token: Token) -> template.Node:
    """Draw what is inside as it would be drawn, in fewer steps: wherever nothing but the language matters, its pieces are joined once."""
    nodes = parser.parse(("endjoined",))
    parser.delete_first_token()
    join(nodes)
    return Block(nodes)


def join(nodes: NodeList) -> None:
    """Join in place, in all that is inside too."""
    found: list[Node] = []
    for is_fixed, side_by_side in groupby(nodes, key=lambda node: isinstance(node, TextNode | Spoken)):
        each = list(side_by_side)
        found += [Joined(each)] if is_fixed and len(each) > 1 else each
    nodes[:] = found
    for node in nodes:
        for inside in nodelists_of(node):
            join(inside)


def nodelists_of(node: Node) -> Iterator[NodeList]:
    if isinstance(node, IfNode):
        yield from (nodes for _, nodes in node.conditions_nodelists)
    else:
        yield from (nodes for name in node.child_nodelists if isinstance(nodes := getattr(node, name, None), NodeList))


@register.tag
def translate(parser: Parser, token: Token) -> template.Node:
    node = do_translate(parser, token)
    return Spoken(node) if is_literal(node) else node


def is_literal(node: TranslateNode) -> bool:
    words: FilterExpression = node.filter_expression
    return not (node.asvar or node.noop or node.message_context or words.filters) and getattr(words.var, "literal", None) is not None
