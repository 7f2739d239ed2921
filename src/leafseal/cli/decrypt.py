"""`leafseal decrypt`."""

from __future__ import annotations

import click

from leafseal.cli.main import command
from leafseal.cli.shared.configuration import Configuration
from leafseal.cli.shared.extract import emit_part, locate
from leafseal.cli.shared.files import Output, Outputs, errors_of, output_options, read_all, same_as, show_errors
from leafseal.cli.shared.keys import current_ambient, key_services
from leafseal.cli.shared.options import FORMAT_NAMES, InputOptions, config_option, decrypting_reading, limits_options
from leafseal.document.limits import Limits
from leafseal.keys.ring import KeyRing
from leafseal.operations.batch import open_all, results
from leafseal.operations.convert import convert
from leafseal.operations.open import Opened, Source
from leafseal.system import terminal


@command("decrypt")
@click.argument("files", nargs=-1, metavar="[FILE...]", type=click.Path())
@output_options
@click.option("--extract", metavar="PATH", help="Write only what stands at this path.")
@click.option("--output-type", type=FORMAT_NAMES, help="Write another format than is read.")
@click.option("--indent", type=click.IntRange(-1, 100), metavar="N", help="Indentation of another format.")
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
) -> int:
    """Open sealed files and write them as they were before they were sealed, to the byte.

    Nothing is written before every value of every file has verified. Without FILE standard input is read, as a binary
    file unless --input-type or --filename-override says otherwise.

    \b
    leafseal decrypt config.yaml
    leafseal decrypt --extract db.password config.yaml
    leafseal decrypt --output-type json config.yaml
    """
    names = files or ("-",)
    outputs.check(names)
    if outputs.in_place:
        reading.check_write()
    inputs, errors = read_all(names, reading, limits)
    configuration = Configuration(config)
    by_source = {id(item.source): item for item in inputs}

    def open_one(source: Source, opened: Opened) -> Output:
        target = output_type or source.format
        width = indent
        if width is None and (extract is not None or target != source.format):
            width = configuration.indent(source.name, target)
        if extract is not None:
            plain = emit_part(opened, locate(opened, extract), target, width)
        elif target != source.format:
            plain = convert(opened, target, indent=width)
        else:
            plain = opened.plaintext()
        return Output(by_source[id(source)], plain, same_as(plain), private=True)

    keys, read = KeyRing(current_ambient()), reading.within(limits)
    with terminal.progress(len(inputs), "decrypting") as step:
        outcomes = open_all([item.source for item in inputs], keys, open_one, read=read, progress=step)
    if code := show_errors([*errors, *errors_of(outcomes)]):
        return code
    outputs.write(output for _, output in results(outcomes))
    return 0
