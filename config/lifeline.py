"""End the programs of a supervisor that was killed: it could not do so itself. A program of its own, run by path.

Each line on the standard input adds a process group (`+123`) or takes one back (`-123`). The end of the input is the
end of the supervisor, however it came: the groups that are left then get TERM, and after five seconds KILL.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

GRACE_SECONDS = 5.0


def end(groups: set[int]) -> None:
    """Ask each group to end, then make it."""
    deadline = time.monotonic() + GRACE_SECONDS
    left = {group for group in groups if reached(group, signal.SIGTERM)}
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {group for group in left if reached(group, 0)}
    for group in left:
        reached(group, signal.SIGKILL)


def reached(group: int, number: int) -> bool:
    """Send a signal to a group. False: nobody is left in it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


def main() -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        change = groups.add if line[0] == "+" else groups.discard
        change(int(line[1:]))
    end(groups)


if __name__ == "__main__":
    main()
