"""Which account the embedded servers run under.

PostgreSQL refuses to run as root, and `./run` is often typed by root (a container, a fresh machine).
As root we use, in this order:

1. a user namespace (`unshare --user --map-user=1000`): PostgreSQL sees an ordinary user, the kernel
   still owns the files as root. No account, no chown; the state stays in the checkout.
2. where the kernel refuses that (chroot, default Docker), a system account of our own with its state
   in /var/lib. Folders that exist are never chmod-ed: the home of root stays closed.
"""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, TypeAlias

CHECKOUT = Path(__file__).resolve().parents[2]
SYSTEM_ACCOUNT = "ispbilling-dev"
LINUX = sys.platform == "linux"
# One collation and one message language on every machine; macOS has no C.UTF-8.
LOCALE = {"LC_ALL": "C.UTF-8" if LINUX else "en_US.UTF-8"}
AS_ORDINARY_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


Process: TypeAlias = "subprocess.Popen[bytes]"


class StartError(SystemExit):
    """Something cannot be started; the message is a sentence for the person at the keyboard."""


@dataclass(frozen=True)
class Account:
    """How to start a command that must not be root, and where such commands may write."""

    state: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    @property
    def _identity(self) -> dict[str, Any]:
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def folder(self, path: Path) -> Path:
        """Make `path` a folder that only this account can enter, and return it.

        Raises StartError when somebody else owns it (a squatted name in /tmp).
        """
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = os.geteuid() if self.uid is None else self.uid
        if self.uid is not None and path.lstat().st_uid == os.geteuid():
            os.chown(path, self.uid, -1 if self.gid is None else self.gid)
        if path.is_symlink() or path.lstat().st_uid != owner:
            raise StartError(f"{path} belongs to another user. Remove it, or set ISPBILLING_STATE.")
        path.chmod(0o700)
        return path

    def run(self, *command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `command` to its end and return its output; StartError when it fails and `check` is set."""
        done = subprocess.run(
            [*self.prefix, *map(str, command)],
            capture_output=True,
            text=True,
            cwd="/",
            timeout=120,
            check=False,
            env={**os.environ, **LOCALE},
            **self._identity,
        )
        if check and done.returncode:
            raise StartError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
        return done

    def start(self, command: Sequence[str | Path], stop_signal: str, log: IO[bytes]) -> Process:
        """Start a server in its own session (Ctrl-C does not reach it) that dies with this process.

        The kernel sends it `stop_signal` when the thread that called this ends, even by kill -9
        (Linux only), so call it from the main thread.
        """
        guard: list[str] = []
        identity = self._identity
        if LINUX and shutil.which("setpriv"):
            guard = ["setpriv", "--pdeathsig", stop_signal]
            if self.uid is not None:  # by setpriv itself: a change after it would clear the death signal
                guard[1:1] = [f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
                identity = {}
        return subprocess.Popen(
            [*self.prefix, *guard, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**os.environ, **LOCALE},
            start_new_session=True,
            **identity,
        )


def own_account() -> Account:
    """The account of whoever started us: enough for Valkey, and for PostgreSQL unless that is root."""
    return Account(state=_chosen_state() or CHECKOUT / ".data")


def unprivileged_account() -> Account:
    """An account PostgreSQL accepts, with the folder that holds the state of all its instances."""
    if os.geteuid() != 0:
        return own_account()
    if (
        LINUX
        and subprocess.run([*AS_ORDINARY_USER, "true"], capture_output=True, check=False).returncode == 0
    ):
        return Account(state=own_account().state, prefix=AS_ORDINARY_USER)
    user = _system_account()
    # Several checkouts share the account, so each has a folder of its own.
    default = Path("/var/lib") / SYSTEM_ACCOUNT / sha256(str(CHECKOUT).encode()).hexdigest()[:12]
    return Account(state=_chosen_state() or default, uid=user.pw_uid, gid=user.pw_gid)


def _chosen_state() -> Path | None:
    chosen = os.environ.get("ISPBILLING_STATE")
    return Path(chosen).resolve() if chosen else None


def _system_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_ACCOUNT)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_ACCOUNT],
            check=True,
        )
        return pwd.getpwnam(SYSTEM_ACCOUNT)
