"""`./run ANYTHING`: a manage.py command on the running instance, or on servers started just for it."""

import os
import sys

from ispbilling.runner.account import CHECKOUT
from ispbilling.runner.embedded import chosen_urls, running_env, services
from ispbilling.runner.guarded import finish

LONGEST_START = 30.0  # seconds a command waits for an instance that is just starting


def main(arguments: list[str]) -> int:
    """Run `manage.py ARGUMENTS` with the environment it needs and return its exit status."""
    manage = [str(CHECKOUT / "manage.py"), *arguments]
    running = None if chosen_urls() else running_env(seconds=LONGEST_START)
    if running is not None:
        os.environ.update({name: value for name, value in running.items() if not os.environ.get(name)})
        os.execv(sys.executable, [sys.executable, *manage])  # noqa: S606 - takes our place, signals and all
    if os.environ.get("SECRET_KEY") and chosen_urls():
        os.execv(sys.executable, [sys.executable, *manage])  # noqa: S606 - nothing here is ours
    with services():
        return finish(*manage)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
