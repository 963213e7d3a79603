"""The product with a leak planted: whatever shows gold says so in a header. The control of row 14, served as the product is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.blindness import HEX
from config.wsgi import application as product
from labeling.models import Slot


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer as the product does, and a header more where the answer holds the key of a gold item's lease."""
    began: list[tuple[str, list[tuple[str, str]]]] = []

    def begin(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
        began.append((status, headers))
        return bytes  # what a caller would write by it; Django writes nothing so

    answer = product(environ, begin)
    body = b"".join(answer)
    marks = mark(body)  # while Django's connection is this request's
    if close := getattr(answer, "close", None):
        close()
    status, headers = began[0]
    start_response(status, headers + marks)
    return [body]


def mark(body: bytes) -> list[tuple[str, str]]:
    keys = {found[0] for found in HEX.finditer(body.decode("latin-1"))}
    return [("X-Queue", "1")] if Slot.objects.filter(lease__in=keys, kind=Slot.Kind.GOLD).exists() else []
