"""Password digests: scrypt (RFC 7914)."""

import hashlib
import hmac
import secrets
import threading

SHORTEST, LONGEST = 12, 200
"""Characters of a password."""
COST = 2**15
"""Cost N of new digests.

With block size 8, each guess takes 32 MiB and about 0.1 s.
"""
_BLOCK_SIZE, _PARALLELISM = 8, 1
# Many guesses at once would otherwise fill the memory that listeners need.
_ONE_AT_A_TIME = threading.Lock()


def digest(password: str) -> str:
    """Return a new digest: parameters, salt and key in one line."""
    salt = secrets.token_bytes(16)
    key = _key(password, salt, COST, _BLOCK_SIZE, _PARALLELISM)
    return f"scrypt:{COST}:{_BLOCK_SIZE}:{_PARALLELISM}:{salt.hex()}:{key.hex()}"


def fits(password: str, stored: str) -> bool:
    """Return true if a stored digest is the one of a password."""
    _, n, r, p, salt, key = stored.split(":")
    computed = _key(password, bytes.fromhex(salt), int(n), int(r), int(p))
    return hmac.compare_digest(computed, bytes.fromhex(key))


def _key(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    with _ONE_AT_A_TIME:
        return hashlib.scrypt(
            password.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32
        )
