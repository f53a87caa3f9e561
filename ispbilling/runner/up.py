"""`./run`: the whole product on one machine, in the foreground, until Ctrl-C.

Embedded servers, then what prepare.py does, then web, worker, beat and RADIUS side by side; when one of
them ends, all end. The servers stop last. However the runner ends, nothing is left running (Linux).
"""

import contextlib
import http.client
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from typing import Any, NoReturn

from honcho.manager import Manager
from honcho.process import Process

from ispbilling.runner.account import CHECKOUT, StartError
from ispbilling.runner.embedded import AlreadyRunning, Running, folder_of, running_env, services
from ispbilling.runner.guarded import die_with_parent, guarded
from ispbilling.runner.ports import Port, ports

# Brotli would take a third of the first start; prepare.py gzips.
UNCOMPRESSED = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
STOPPED_ON_REQUEST = {130, 143}  # how honcho reports SIGINT and SIGTERM


class Guarded(Process):
    """honcho's helper beside each process, which must not outlive the runner either."""

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Run the process; called in the helper."""
        die_with_parent()
        super().run(*args, **kwargs)


class Together(Manager):
    """Processes that live and die together; `failure` says why they ended when nobody asked for it."""

    def __init__(self, running: Running) -> None:
        super().__init__()
        self._process_ctor = Guarded
        self.running = running
        self.failure = ""
        self.address = ""

    def add(self, name: str, *arguments: str, patient: bool = False) -> None:
        """Add the process `python ARGUMENTS`; a `patient` one leaves the processor to the others."""
        polite = ["nice", "-n", "5"] if patient else []
        self.add_process(
            name,
            "exec " + shlex.join([*polite, *guarded(*arguments)]),
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def terminate(self) -> None:
        """Stop all; before all have started (their numbers are not known yet) by ending the runner."""
        if not self._all_started():
            raise SystemExit(0)
        super().terminate()

    def run_until_stopped(self) -> int:
        """Run all until Ctrl-C, SIGTERM, or the end of one of them or of a server; the exit status."""
        signal.signal(signal.SIGHUP, lambda number, frame: self.terminate())
        try:
            self.loop()
        finally:
            for process in self._processes.values():
                if (helper := process.get("process")) and helper.is_alive():
                    helper.kill()
        if not self.failure and self.returncode not in STOPPED_ON_REQUEST:
            first = next((name for name, one in self._processes.items() if one.get("returncode")), "a part")
            self.failure = f"{first} ended by itself (its last lines are above), so everything was stopped."
        return 1 if self.failure else 0

    def _start(self) -> None:
        super()._start()
        threading.Thread(target=self._watch, daemon=True).start()  # after the forks of _start

    def _watch(self) -> None:
        """Say when the product answers; stop everything when a server dies under it."""
        greeted = False
        while not self._terminating:
            if (dead := self.running.casualty()) and self._all_started():
                self.failure = (
                    f"{dead.name} stopped by itself, so everything was stopped:\n{dead.last_words()}"
                )
                self.terminate()
            if not greeted and _answers(ports()):
                greeted = True
                print(greeting(ports(), self.running), flush=True)
            time.sleep(0.2)


def greeting(listening: dict[str, Port], running: Running) -> str:
    """The lines that tell a newcomer where everything is."""
    base = os.environ["BASE_URL"]
    auth, acct = listening["auth"].number, listening["acct"].number
    return "\n".join(
        (
            "",
            "ISP billing is running. Ctrl-C stops it.",
            f"  Staff      {base}/",
            f"  Customers  {base}/portal/",
            f"  RADIUS     UDP {auth} (authentication) and {acct} (accounting)",
            f"  Data       {running.folder}",
            "  Log in     with the account shown at the first start",
            "             (password lost: ./run changepassword NAME)",
            "",
        )
    )


def _answers(listening: dict[str, Port]) -> bool:
    """Whether the web answers a request and the RADIUS responder has its ports."""
    if not (listening["auth"].taken() and listening["acct"].taken()):
        return False
    connection = http.client.HTTPConnection("127.0.0.1", listening["web"].number, timeout=5)
    with contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/", headers={"Host": "localhost"})
        return connection.getresponse().status < 500
    return False


def prepare() -> None:
    """Run prepare.py; StartError when it fails."""
    process = subprocess.Popen(guarded("-m", "ispbilling.runner.prepare"), start_new_session=True)
    try:
        if process.wait():
            raise StartError(
                "The database could not be prepared; the reason is above. Everything was stopped."
            )
    finally:
        process.terminate()
        process.wait()


def add_processes(manager: Together, web: str) -> None:
    """Add the four processes of the product, as docker-compose.yml has them."""
    workers = ("--workers", "2", "--threads", "4", "--graceful-timeout", "3")
    serve = ("gunicorn", "ispbilling.wsgi", "--preload", "--no-control-socket", "--bind", web)
    manager.add("web", "-m", *serve, *workers)
    # Celery warns root at length; production runs it under an account of its own.
    calm = ("-W", "ignore:You're running the worker with superuser")
    celery = (*calm, "-m", "celery", "-A", "ispbilling", "--quiet")
    pool = ("--concurrency", "2", "--loglevel", "info", "--without-gossip", "--without-mingle")
    manager.add("worker", *celery, "worker", *pool, patient=True)
    schedule = ("--schedule", str(manager.running.folder / "celerybeat-schedule"), "--pidfile=")
    manager.add("beat", *celery, "beat", *schedule, patient=True)
    manager.add("radius", str(CHECKOUT / "manage.py"), "radiusd")


def main() -> int:
    """Start everything, wait, stop everything; the exit status."""
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    if (other := running_env()) is not None:
        raise AlreadyRunning("dev", folder_of(), other)
    listening = ports()
    for port in listening.values():
        port.require()
    web = f"127.0.0.1:{listening['web'].number}"
    os.environ["BASE_URL"] = os.environ.get("BASE_URL") or f"http://{web}"
    os.environ.setdefault("STATICFILES_STORAGE", UNCOMPRESSED)
    print("Starting PostgreSQL and Valkey ...", flush=True)
    with services() as running:
        running.note(ADDRESS=os.environ["BASE_URL"], BASE_URL=os.environ["BASE_URL"])
        print("Preparing the database ...", flush=True)
        prepare()
        manager = Together(running)
        add_processes(manager, web)
        status = manager.run_until_stopped()
    print(f"Error: {manager.failure}" if status else "All stopped.", flush=True)
    return status


def _leave(number: int, frame: object) -> NoReturn:
    raise SystemExit(0)  # unwinds, so that what was started is stopped


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Stopped.")
