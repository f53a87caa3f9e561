"""What browser tests share: log in, hear what the console says, and take the two screenshots of a page."""

import os
from pathlib import Path

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, Page

from ispbilling.core.models import User

WIDTHS = {1440: 900, 390: 844}


def log_in(page: Page, base: str, user: User, then: str = "/staff/") -> None:
    """Open `then` with the session of somebody who logged in; the door itself is for tests of the door."""
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": base}])
    page.goto(f"{base}{then}")


def complaints(context: BrowserContext) -> list[str]:
    """A list that fills with every console error and uncaught fault, refused styles and scripts included."""
    heard: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            heard.append(message.text)

    context.on("console", listen)
    context.on("weberror", lambda error: heard.append(str(error.error)))
    return heard


def folder() -> Path:
    """Where pictures go: the folder SHOTS names, .data/shots by default; git ignores it."""
    chosen = Path(os.environ.get("SHOTS", settings.BASE_DIR / ".data" / "shots"))
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


def shoot(page: Page, name: str, *, full_page: bool = True) -> list[Path]:
    """Screenshots of the page at 1440 and 390 px, whole unless a dialog lies over it; none where nobody asked for
    pictures, because they take longer than most tests.
    """
    taken = []
    wanted = "SHOTS" in os.environ or "SHOTS_ONLY" in os.environ
    for width, height in WIDTHS.items() if wanted else ():
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_load_state("networkidle")
        taken.append(folder() / f"{name}-{width}.png")
        page.screenshot(path=taken[-1], full_page=full_page)
    page.set_viewport_size({"width": 1440, "height": 900})
    return taken


def drawn(page: Page, *canvases: str) -> bool:
    """Whether Chart.js has drawn on all of these within ten seconds. The page's policy lets no expression be evaluated
    again and again inside it, so it is asked from outside.
    """
    asked = "ids => Boolean(window.Chart) && ids.every(id => Chart.getChart(id))"
    for _ in range(100):
        if page.evaluate(asked, list(canvases)):
            return True
        page.wait_for_timeout(100)
    return False


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than the window; anything over 0 makes a phone scroll sideways."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider
