"""Work that is done in its order behind whoever gives it, in a thread: for what does not hold Python's lock, as hashing, compressing and writing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self


class Behind:
    """One thread. Up to `lagging` pieces of work wait, or are being done; who gives more waits. What goes wrong is raised by a later piece, or by `wait`."""

    def __init__(self, lagging: int) -> None:
        self.lagging, self.thread = lagging, ThreadPoolExecutor(1)
        self.given: deque[Future[Any]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.thread.shutdown()

    def do(self, act: Callable[..., object], *values: Any, **named: Any) -> None:
        self.given.append(self.thread.submit(act, *values, **named))
        self.wait(self.lagging)

    def wait(self, most: int = 0) -> None:
        """Wait until at most so many are not done. Raises what went wrong."""
        while len(self.given) > most:
            self.given.popleft().result()
