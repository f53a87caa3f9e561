"""Benches: how fast the product is, measured against a named peer on the same machine. See README.md.

`./run bench NAME [options]` runs one. Progress goes to stderr; the last line on stdout is one JSON object.
"""
