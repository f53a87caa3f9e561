"""DES of one block under three keys, which is all of DES that MS-CHAP needs (RFC 2433 A.3, RFC 2759 8.5).

pycryptodome's object interface costs 30 us for the three blocks, mostly Python. The libcrypto that Python
itself was linked with does it in 2 us when called directly; where it cannot be reached, or does not agree
with pycryptodome at import, pycryptodome is used.
"""

from collections.abc import Callable

from Crypto.Cipher import DES


def _slow(block: bytes, keys: bytes) -> bytes:
    return b"".join(
        DES.new(keys[n : n + 8], DES.MODE_ECB).encrypt(block)  # noqa: S304 - what the RFC says
        for n in (0, 8, 16)
    )


def _direct() -> Callable[[bytes, bytes], bytes]:
    try:
        import _hashlib  # a module that is linked with libcrypto: opening it finds the same one

        from cffi import FFI  # type: ignore[import-untyped]

        ffi = FFI()
        ffi.cdef(
            "void DES_set_key_unchecked(const char *key, void *schedule);"
            "void DES_ecb_encrypt(const char *block, char *out, void *schedule, int encrypt);"
        )
        library = ffi.dlopen(_hashlib.__file__)
        schedule_key, encrypt = library.DES_set_key_unchecked, library.DES_ecb_encrypt
    except (ImportError, AttributeError, OSError):
        return _slow
    space, given, made = ffi.new("uint64_t[16]"), ffi.new("char[24]"), ffi.new("char[24]")
    schedule = ffi.cast("void *", space)
    given_octets, made_octets = ffi.buffer(given), ffi.buffer(made)
    key1, key2, key3 = (ffi.cast("char *", given) + n for n in (0, 8, 16))
    out1, out2, out3 = (ffi.cast("char *", made) + n for n in (0, 8, 16))
    # The pointers above do not keep what they point into.
    kept = space, given, made

    def des(block: bytes, keys: bytes, _kept: object = kept) -> bytes:
        given_octets[:] = keys
        schedule_key(key1, schedule)
        encrypt(block, out1, schedule, 1)
        schedule_key(key2, schedule)
        encrypt(block, out2, schedule, 1)
        schedule_key(key3, schedule)
        encrypt(block, out3, schedule, 1)
        return made_octets[:]

    sample = b"\x10\x2d\xb5\xdf\x08\x5d\x30\x41", bytes(range(0, 48, 2))
    return des if des(*sample) == _slow(*sample) else _slow


# Not thread-safe (one set of buffers); each server process answers from one thread.
three_blocks = _direct()
