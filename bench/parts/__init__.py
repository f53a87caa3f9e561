"""The parts of `./run bench radius`: each is a module whose `run(stage)` returns its part of the result."""

#: Name, and what it measures, in the order they run: the last two stop PostgreSQL under the server.
PARTS = {
    "growth": "memory, load seconds and cost of a login at 1,000, 10,000, 100,000 (and --million) subscribers",
    "rates": "requests a second and their cost against the peer's, 64 and 256 outstanding",
    "open": "latency at 1,500 requests a second against the peer's",
    "suspension": "from the commit of a suspension to the next reject, and back, under load",
    "junk": "latency of real clients under 50,000 datagrams a second from strangers",
    "responders": "two of our servers on one database",
    "outage": "PostgreSQL crashed under load, and back after a minute",
    "frozen": "PostgreSQL not answering on open connections for half a minute",
}
