"""Files of SOPS before 3.3.0 whose data key was wrapped under a garbled encryption context (sops-format §3.2, §4.1).

Those versions could give AWS KMS a context in which all values were one of the values, and write the right one into the
file: with what the file says its data key cannot be unwrapped. Such a file is repaired when that is asked for, and by
no command that reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from leafseal.document.limits import DEFAULT_READ, ReadOptions
from leafseal.errors import DataKeyError, MetadataError
from leafseal.keys import Ambient
from leafseal.keys.groups import DataKey, KeyGroup, recover_data_key
from leafseal.keys.registry import make_key
from leafseal.keys.ring import KeyRing, WrappedKey
from leafseal.metadata import Metadata
from leafseal.operations.open import Opened, Source, open_file, read_metadata
from leafseal.operations.product import FORMAT_VERSION, Groups, Product
from leafseal.operations.rekey import rotate

_MAX_GUESSES = 1024


class NothingToRepairError(MetadataError):
    """The file has no encryption context that could have been garbled."""


def open_garbled(source: Source, ring: KeyRing, read: ReadOptions = DEFAULT_READ) -> Opened:
    """Open a file whose data key may be wrapped under a garbled context, and verify all of it.

    Raises `NothingToRepairError` for a file that has none.
    """
    _, metadata = read_metadata(source.data, source.format, read)
    if not metadata.may_have_context_bug:
        raise NothingToRepairError(
            "there is no encryption context to repair",
            hint="only files from SOPS before 3.3.0 need this, with an AWS key whose context has different values",
        )
    return open_file(source, ring, read, find_key=recover_garbled)


def rewrap_garbled(opened: Opened, groups: Groups, ambient: Ambient) -> Product:
    """Return an opened file under a new data key, and under a version that no longer has the fault."""
    current = opened.with_metadata(opened.metadata._replace(version=FORMAT_VERSION))
    return rotate(current, groups, current.metadata.threshold, ambient)


def recover_garbled(metadata: Metadata, ring: KeyRing) -> DataKey:
    """Recover the data key of a file that may be wrapped under a garbled context. Raises `DataKeyError`."""
    try:
        return recover_data_key(metadata.groups, metadata.threshold, ring)
    except DataKeyError as error:
        failure = error
    groups = [tuple(_with_guesses(group)) for group in metadata.groups]
    if sum(map(len, groups)) > _MAX_GUESSES:
        raise MetadataError(f"the encryption contexts leave more than {_MAX_GUESSES} possibilities")
    try:
        return recover_data_key(groups, metadata.threshold, ring)
    except DataKeyError:
        raise failure.with_hint(_NOT_GARBLED) from None


_NOT_GARBLED = "none of its possible encryption contexts decrypts it: the cause is another one"


def _with_guesses(group: KeyGroup) -> Iterator[WrappedKey]:
    """Yield the keys of a group, and for each context all that it may have been garbled to."""
    yield from group
    for wrapped in group:
        kind, fields = wrapped.master_key.kind, wrapped.master_key.to_metadata()
        context = fields.get("context")
        if isinstance(context, Mapping) and len(values := set(context.values())) > 1:
            for value in sorted(values):
                garbled = make_key(kind, {**fields, "context": dict.fromkeys(context, value)})
                yield wrapped._replace(master_key=garbled)
