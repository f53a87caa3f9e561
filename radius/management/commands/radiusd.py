"""`manage.py radiusd`: the RADIUS server, until it is told to stop."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from radius.accounts.meaning import rule
from radius.server.workers import Settings, Supervisor


class Command(BaseCommand):
    help = "Answer RADIUS: authentication, accounting, and Disconnect-Requests. Stops on SIGTERM or Ctrl-C."
    requires_system_checks = ("installation",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--address", default=settings.RADIUS_ADDRESS, help="where to listen; several with commas"
        )
        parser.add_argument("--auth-port", type=int, default=settings.RADIUS_AUTH_PORT)
        parser.add_argument("--acct-port", type=int, default=settings.RADIUS_ACCT_PORT)
        parser.add_argument("--auth-workers", type=int, default=settings.RADIUS_AUTH_WORKERS)
        parser.add_argument("--acct-workers", type=int, default=settings.RADIUS_ACCT_WORKERS)
        parser.add_argument("--radsec-port", type=int, default=settings.RADIUS_RADSEC_PORT)
        parser.add_argument("--coa-port", type=int, default=settings.RADIUS_COA_PORT)

    def handle(self, **options: Any) -> None:
        chosen = Settings(
            addresses=tuple(part.strip() for part in options["address"].split(",") if part.strip()),
            auth_port=options["auth_port"],
            acct_port=options["acct_port"],
            auth_workers=options["auth_workers"],
            acct_workers=options["acct_workers"],
            coa_port=options["coa_port"],
            spool_folder=Path(settings.RADIUS_SPOOL_DIR),
            spool_octets=settings.RADIUS_SPOOL_MAX_MB * 10**6,
            sample_accepts=settings.RADIUS_SAMPLE_ACCEPTS,
            wrong_passwords=settings.RADIUS_WRONG_PASSWORDS,
            usernames=rule(),
            radsec_port=options["radsec_port"],
            radsec_certificate=_path(settings.RADIUS_RADSEC_CERTIFICATE),
            radsec_key=_path(settings.RADIUS_RADSEC_KEY),
            radsec_authority=_path(settings.RADIUS_RADSEC_CA),
        )
        connections.close_all()  # the workers are forked: each makes its own

        def ready() -> None:
            radsec = f", {chosen.radsec_port} (TLS)" if chosen.radsec_port else ""
            where = ", ".join(chosen.addresses)
            self.stdout.write(
                f"RADIUS answers on {where}: {chosen.auth_port} and {chosen.acct_port} (UDP){radsec}."
            )
            self.stdout.flush()

        Supervisor(chosen).run(ready)


def _path(setting: str) -> Path | None:
    return Path(setting) if setting else None
