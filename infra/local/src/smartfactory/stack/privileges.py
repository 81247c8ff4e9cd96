"""PostgreSQL refuses to run as root; this is the other user it runs as when we are root.

That user may be unable to reach the data directory or the installed binaries (a checkout below /root, a temporary
directory of mode 0700). Rather than open such directories to everyone, the child then keeps the one capability
that lets it pass through them.
"""

import ctypes
import os
import pwd
import stat
import struct
from dataclasses import dataclass
from pathlib import Path

_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_FALLBACK_ID = 65534
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class User:
    """A user to become between fork and exec."""

    uid: int
    gid: int
    passes_closed_directories: bool = False

    def become(self) -> None:
        """Give up root for good."""
        os.setgroups([])
        os.setgid(self.gid)
        if self.passes_closed_directories:
            # Without it, leaving root drops capabilities, and access(2) goes on ignoring those that were kept.
            _libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
        os.setuid(self.uid)
        if self.passes_closed_directories:
            _keep_only(_CAP_DAC_OVERRIDE)


def other_user(*must_reach: Path) -> User | None:
    """Whom a server that refuses root should run as; None when we are not root and nothing has to change."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
        uid, gid = entry.pw_uid, entry.pw_gid
    except KeyError:
        uid = gid = _FALLBACK_ID
    closed = not all(_open_to_others(path) for path in must_reach)
    return User(uid, gid, passes_closed_directories=closed)


def _open_to_others(path: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents if parent.exists())


def _keep_only(capability: int) -> None:
    mask = 1 << capability
    header = ctypes.create_string_buffer(struct.pack("Ii", _CAPABILITY_VERSION_3, 0))
    # effective, permitted, inheritable for capabilities 0-31, then the same for 32-63
    sets = ctypes.create_string_buffer(struct.pack("6I", mask, mask, mask, 0, 0, 0))
    if _libc.capset(header, sets) != 0 or _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot keep the capability to pass through closed directories")
