"""Passwords, kept as scrypt digests (RFC 7914)."""

import hashlib
import hmac
import secrets
import threading

SHORTEST, LONGEST = 12, 200
# 32 MiB and about a tenth of a second for each guess.
_N, _R, _P = 2**15, 8, 1
# Many guesses at once would otherwise fill the memory that listeners need.
_ONE_AT_A_TIME = threading.Lock()


def digest(password: str) -> str:
    """A new digest of a password: parameters, salt and key in one line."""
    salt = secrets.token_bytes(16)
    return f"scrypt:{_N}:{_R}:{_P}:{salt.hex()}:{_key(password, salt, _N, _R, _P).hex()}"


def fits(password: str, stored: str) -> bool:
    """Whether this is the password of a digest."""
    _, n, r, p, salt, key = stored.split(":")
    found = _key(password, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, bytes.fromhex(key))


def _key(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    with _ONE_AT_A_TIME:
        return hashlib.scrypt(
            password.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32
        )
