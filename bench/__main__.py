"""`./run bench NAME [options]`: run a bench, or say which there are."""

import sys
from importlib import import_module

BENCHES = {
    "billing": "planning, issuing, undoing and verifying a month's run against bare inserts",
    "chaos_billing": "month ends while workers are killed and PostgreSQL crashes, and a control that fails",
    "coa": "from the commit of a bulk suspension to the Disconnect-Requests of ten thousand sessions",
    "fuzz": "a million mutated datagrams against the listening RADIUS server",
    "kill": "what an accounting responder acknowledged before kill -9, five hundred times",
    "radius": "authentication and accounting against a tuned FreeRADIUS with PostgreSQL",
    "usage": "the first of a month and the usage pages, for 100,000 lines and thirteen months",
    "web": "staff pages over 100,000 customers: time, SQL statements, and the same SQL alone",
}


def main(arguments: list[str]) -> int:
    """Run the bench named first with the other arguments and return its exit status."""
    if arguments and arguments[0] in BENCHES:
        return int(import_module(f"bench.{arguments[0]}").main(arguments[1:]))
    known = "\n".join(f"  {name:13} {what}" for name, what in BENCHES.items())
    print(f"Usage: ./run bench NAME [options]\n{known}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
