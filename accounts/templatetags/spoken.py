"""`translate` for pages that are drawn at every pair: a literal text is looked up once for each language. Load it after i18n."""

from __future__ import annotations

from django import template
from django.template.base import FilterExpression, Parser, Token
from django.template.context import Context
from django.templatetags.i18n import TranslateNode, do_translate
from django.utils.translation import get_language

register = template.Library()


class Spoken(template.Node):
    """A literal text. (The card of a pair has a hundred: looked up each time they were half of what drawing it costs.)"""

    def __init__(self, looked_up: TranslateNode) -> None:
        self.looked_up, self.said = looked_up, dict[str, str]()

    def render(self, context: Context) -> str:
        language = context.render_context.get("language")
        if language is None:
            language = context.render_context["language"] = get_language() or ""
        if language not in self.said:
            self.said[language] = self.looked_up.render(context)
        return self.said[language]


@register.tag
def translate(parser: Parser, token: Token) -> template.Node:
    node = do_translate(parser, token)
    return Spoken(node) if is_literal(node) else node


def is_literal(node: TranslateNode) -> bool:
    words: FilterExpression = node.filter_expression
    return not (node.asvar or node.noop or node.message_context or words.filters) and getattr(words.var, "literal", None) is not None
