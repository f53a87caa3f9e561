"""RADIUS on the wire: octets in, frozen values out, and back.

Owns the codec, the password methods and the dictionary. It knows no customers, no tables and no sockets,
and it is the only package that may import pyrad. Everything malformed is one `WireError`, to be dropped and
counted.
"""
