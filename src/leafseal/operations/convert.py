"""Write the values of a file, plain or sealed, in another format."""

from __future__ import annotations

from collections.abc import Sequence

from leafseal.document.limits import ReadOptions
from leafseal.document.tree import MappingNode, build
from leafseal.formats import FORMATS, emit, parse
from leafseal.keys.groups import DataKey
from leafseal.metadata import Metadata
from leafseal.operations.open import Opened, read_metadata
from leafseal.operations.product import Product
from leafseal.operations.seal import has_structure, with_structure


def convert(opened: Opened, output_format: str, *, indent: int | None = None) -> bytes:
    """Return the values in another format, as that format's emitter writes them; only YAML holds several documents.

    What a shell would run or expand is quoted, where shells read files of that format.
    """
    return emit(opened.documents(), output_format, indent=indent, for_shells=True)


def reformat(product: Product, output_format: str, *, indent: int | None = None) -> Product:
    """Return a sealed file in another format: tokens, recipients and MAC are what they were.

    Spellings of values are of the old format and go. Raises `EmitError` for what the format cannot hold.
    """
    document, metadata = read_metadata(product.data, product.format, product.read)
    tree = build((leaf, leaf.value) for leaf in document.leaves())
    plain = metadata.with_spelling({})
    written = FORMATS[output_format].tree_format or output_format
    data = emit_sealed(tree, plain._replace(extra={}, structure=""), product.data_key, written, indent, product.read)
    return Product(data, written, product.data_key, None, product.read)


def emit_sealed(
    tree: Sequence[MappingNode],
    metadata: Metadata,
    data_key: DataKey,
    output_format: str,
    indent: int | None,
    read: ReadOptions,
) -> bytes:
    """Return a tree whose selected leaves are tokens as a file of another format."""
    written = parse(emit(tree, output_format, indent=indent), output_format, read, sealed=True)
    if not read.omit_structure and has_structure(output_format):
        metadata = with_structure(metadata, written, data_key)
    return written.rewrite([], metadata.to_mapping(), indent)
