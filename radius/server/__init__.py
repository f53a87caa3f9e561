"""The RADIUS server: sockets, workers, snapshot and handlers."""
