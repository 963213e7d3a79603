"""Become an unprivileged user, end with the parent, and turn into another program. Run by path: it imports nothing of ours.

    stepdown.py UID:GID SIGNAL NEEDED... -- PROGRAM ARGUMENT...

PostgreSQL refuses to run as root. Where the user it runs as cannot reach a NEEDED path, because the checkout lies below a
folder that is closed to others, no folder is opened: the process keeps one capability, the least that suffices, as an
ambient one (capabilities(7)), so that it outlives the exec. UID:GID of `-` changes no user. SIGNAL is what the kernel
sends when the parent dies (Linux only).
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 28, 47, 2
# access(2) ignores the capabilities of a user who is not root, and PostgreSQL asks it about its own binary; not with this bit.
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522
Words = ctypes.c_uint32 * 6  # effective, permitted, inheritable; then the high words of the three

libc = ctypes.CDLL(None, use_errno=True)


def checked(result: int) -> None:
    """Raise OSError where a call of the C library failed."""
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def permitted() -> int:
    """Return the first 32 of the capabilities that this process may use."""
    words = Words()
    checked(libc.capget((ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), words))
    return words[1]


def set_capabilities(*, effective: int, permitted: int, inheritable: int) -> None:
    checked(libc.capset((ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), Words(effective, permitted, inheritable)))


def drop_root(uid: int, gid: int) -> None:
    """Become that user in no other group, with the capabilities still at hand."""
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)  # refused without CAP_SETPCAP: then only open paths can be reached
    checked(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def keep_least_capability(needed: list[str]) -> None:
    """Keep nothing if that reaches every path, else the right to read and search, else the right to pass all file checks."""
    available = permitted() & (1 << CAP_DAC_OVERRIDE | 1 << CAP_DAC_READ_SEARCH)
    for mask, number in ((0, 0), (1 << CAP_DAC_READ_SEARCH, CAP_DAC_READ_SEARCH), (1 << CAP_DAC_OVERRIDE, CAP_DAC_OVERRIDE)):
        if mask & ~available:
            continue
        set_capabilities(effective=mask, permitted=available, inheritable=0)
        if all(os.access(path, os.R_OK | os.X_OK) for path in needed):
            set_capabilities(effective=mask, permitted=mask, inheritable=mask)
            if mask:
                checked(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0))
            return
    closed = next(path for path in needed if not os.access(path, os.R_OK | os.X_OK))
    sys.exit(f"user {os.getuid()} cannot reach {closed}, and root may not keep CAP_DAC_READ_SEARCH here")


def become(user: str, needed: list[str]) -> None:
    uid, gid = map(int, user.split(":"))
    if sys.platform == "linux":
        drop_root(uid, gid)
        keep_least_capability(needed)
    else:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)


def main() -> None:
    split = sys.argv.index("--")
    user, signal_number, *needed = sys.argv[1:split]
    program = sys.argv[split + 1 :]
    if user != "-":
        become(user, needed)
    if sys.platform == "linux":  # last: a change of user clears it
        checked(libc.prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0))
    os.execv(program[0], program)  # noqa: S606 - the very purpose; no shell


if __name__ == "__main__":
    main()
