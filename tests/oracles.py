"""What an error may not carry: a value, or anything from which one can be told."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator


def traces_of(secret: str | bytes) -> set[str]:
    """Return the forms in which a secret could be told: itself, hexadecimal, base64, digests."""
    data = secret.encode() if isinstance(secret, str) else secret
    forms = {data.decode("utf-8", "replace"), repr(data)[2:-1], data.hex(), data.hex().upper()}
    forms |= {base64.b64encode(data).decode().rstrip("="), base64.urlsafe_b64encode(data).decode().rstrip("=")}
    for name in ("sha256", "sha512"):
        digest = hashlib.new(name, data)
        forms |= {digest.hexdigest(), digest.hexdigest().upper(), base64.b64encode(digest.digest()).decode()}
    return forms


def carried(error: BaseException) -> Iterator[str]:
    """Yield all text that hangs on an exception: arguments, notes, attributes, and those of causes and contexts."""
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield str(one)
        yield repr(one)
        yield repr(one.args)
        yield repr(getattr(one, "__notes__", ()))
        # Those of Python keep their subject in attributes that are in no __dict__.
        for name in ("object", "doc", "filename", "text", "msg", *getattr(one, "__dict__", {})):
            yield repr(getattr(one, name, None))
        waiting += [other for other in (one.__cause__, one.__context__) if other is not None]


def assert_silent(error: BaseException, secrets: Iterable[str | bytes]) -> None:
    """Fail where an error carries any trace of a secret."""
    text = "\n".join(carried(error))
    for secret in secrets:
        for trace in traces_of(secret):
            assert trace not in text, f"the error {type(error).__name__} carries a secret"
