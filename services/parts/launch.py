"""Turn this process into a server that dies with its parent.

Run as a plain script (``python -I -S launch.py ... -- program args``), it changes the root folder and the account,
asks Linux for a signal when the parent dies, and executes the program in its own place: the pid stays the same, so the
caller owns the server itself and not a wrapper. Only the standard library is imported, because nothing else is on the
path of an isolated interpreter.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", default=None, help="change the root folder to this one first")
    parser.add_argument("--account", default=None, help="UID:GID to run as")
    parser.add_argument("--death-signal", type=int, required=True, help="signal sent when the parent dies")
    parser.add_argument("--parent", type=int, required=True, help="pid of the process that must stay alive")
    parser.add_argument("program", nargs="+")
    return parser.parse_args(argv)


def _die_with_parent(signal_number: int, parent: int) -> None:
    """Ask for a signal at the parent's death (Linux only; elsewhere the caller's clean stop is all there is)."""
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit("the parent died before the start")


def main(argv: list[str]) -> None:
    """Change root and account, tie this process to its parent and execute the program; never returns."""
    options = _arguments(argv)
    if options.root is not None:
        os.chroot(options.root)
        os.chdir("/")
    if options.account is not None:
        uid, gid = (int(part) for part in options.account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of account: the kernel clears the death signal at every change of credentials.
    _die_with_parent(options.death_signal, options.parent)
    os.execv(options.program[0], options.program)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
