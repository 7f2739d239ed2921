"""`leafseal decrypt`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from leafseal.cli.shared.batch import transform
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.declarations import FileName, argument, command, option
from leafseal.cli.shared.files import Output, Outputs, distinct, output_options
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import (
    InputOptions,
    config_option,
    converting_options,
    decrypting_reading,
    limits_options,
    quiet_option,
)
from leafseal.display import visible
from leafseal.document.limits import Limits
from leafseal.errors import UsageError
from leafseal.formats import FORMATS
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import Item, open_all
from leafseal.operations.open import Opened
from leafseal.operations.product import Product
from leafseal.system import terminal

if TYPE_CHECKING:
    from leafseal.document.tree import Node


@command("decrypt")
@argument("files", is_many=True, metavar="[FILE...]", type=FileName())
@output_options
@quiet_option
@option(
    "--extract",
    metavar="PATH",
    help="Write only the value at this path: text without a line break, a mapping as a file.",
)
@converting_options
@decrypting_reading
@config_option
@key_services
@limits_options
def decrypt(
    files: tuple[str, ...],
    outputs: Outputs,
    extract: str | None,
    output_type: str | None,
    indent: int | None,
    reading: InputOptions,
    config: str | None,
    limits: Limits,
) -> None:
    """Decrypt files to what they were before, byte for byte.

    Nothing is written before every value of every file is verified. Without FILE, standard input is read.

    \b
    leafseal decrypt config.yaml
    leafseal decrypt --extract database.password config.yaml
    leafseal decrypt --output-type json config.yaml
    """
    if not files and terminal.is_stdin():
        raise UsageError("no FILE is named; to paste an encrypted file here, write - as FILE")
    names = distinct(files, by_name=outputs.output_dir is not None) or ("-",)
    outputs.check(names)
    if outputs.in_place:
        reading.check_write()
    configuration = Configuration(config)

    def work(item: Item, opened: Opened) -> Output:
        own = item.source.format
        target = output_type or own
        width = indent
        if width is None and (extract is not None or target != own):
            width = configuration.indent(item.name, target)
        if extract is None and opened.leaves.unauthenticated and FORMATS[target].is_read_by_shells:
            from leafseal.cli.shared.unbound import refuse_unbound

            refuse_unbound(item.name, opened)
        if extract is not None:
            from leafseal.operations.extract import emit_part, locate, part_at

            part = part_at(opened, locate(opened, extract))
            plain = emit_part(part, target, indent=width, for_shells=target != own)
            if target != own and FORMATS[target].is_read_by_shells:
                _warn_of_names(item.name, part)
        elif target != own:
            from leafseal.operations.convert import convert

            plain = convert(opened, target, indent=width)
            if FORMATS[target].is_read_by_shells:
                _warn_of_names(item.name, *opened.documents()[:1])
        else:
            plain = opened.plaintext()
        told = _told(opened, extract) if terminal.shows_notes() else None  # it does not keep what was opened
        return Output(item, plain, Product.exactly(plain), private=True, told=told)

    run = partial(open_all, ring=KeyRing(current_ambient()), work=work, read=reading.within(limits))
    transform(names, run, outputs, reading=reading, limits=limits, verb="decrypting", done="decrypted")


def _told(opened: Opened, extract: str | None) -> Callable[[], str]:
    from leafseal.cli.shared import told

    text = told.decrypted(opened) if extract is None else f"decrypted {visible(extract)}"
    return lambda: text


def _warn_of_names(file: str, *parts: Node) -> None:
    """Name the keys of what is written that a shell would take for commands: a name cannot be put in quotes."""
    from leafseal.display import first_of
    from leafseal.document.tree import Comment, MappingNode
    from leafseal.operations.unbound_names import is_identifier

    items = [item for part in parts if isinstance(part, MappingNode) for item in part.items]
    names = [item[0] for item in items if not isinstance(item, Comment)]
    if odd := [visible(name) for name in names if not is_identifier(name)]:
        terminal.warn(
            f"{file}: a shell that reads the result takes these key names for commands, not for variables:"
            f" {first_of(odd)}"
        )
