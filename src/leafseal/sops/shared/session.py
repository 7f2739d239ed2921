"""What the commands share: formats, configuration, opening, and where results go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING

from leafseal.document.frozen import NamedTuple
from leafseal.document.tree import MappingNode
from leafseal.errors import ConfigError, EmitError, system_text
from leafseal.formats import FORMATS, emit, format_of
from leafseal.keys import Ambient, MasterKey
from leafseal.keys.ring import KeyRing
from leafseal.operations.open import Opened, Source
from leafseal.sops.shared import opening, services, talk
from leafseal.sops.shared.failures import Failure
from leafseal.sops.shared.reading import READ, warn_of_more
from leafseal.sops.syntax.grammar import Arguments
from leafseal.system import reading, terminal

if TYPE_CHECKING:
    from leafseal.config.load import Config, CreationRule  # imported where one is loaded: it brings YAML
    from leafseal.operations.product import Product


class Formats(NamedTuple):
    """The format that is read and the one that is written."""

    input: str
    output: str

    @classmethod
    def of(cls, arguments: Arguments, name: str) -> Formats:
        """Return what the options say, else what the name tells; type names that nobody knows say nothing."""
        own = format_of(name)
        wanted = [arguments.text("input-type"), arguments.text("output-type")]
        return cls(*(text if text in FORMATS else own for text in wanted))


class Session:
    """One run of a command: its arguments, and what was loaded for them."""

    def __init__(self, arguments: Arguments, *, gives_context: bool = False) -> None:
        self.arguments = arguments
        self.gives_context = gives_context  # `sops FILE` gives the configuration's AWS keys the encryption context too

    # -- talk

    @property
    def may_add_messages(self) -> bool:
        """Tell whether what sops would not say may be said."""
        return talk.may_add_messages(self.arguments.flag("verbose"))

    def notice(self, text: str) -> None:
        """Tell something that sops would not, where somebody looks and no program listens."""
        if self.may_add_messages:
            talk.warn("CMD", text)

    def notice_skipped_mac(self, name: str, opened: Opened) -> None:
        """Tell that a file was written whose MAC was not looked at."""
        if opened.read.ignore_mac:
            self.notice(f"{name}: written although the integrity check (MAC) was skipped")

    def check(self, *, order: bool = False) -> None:
        """Load the configuration: one that cannot be read stops every command of sops.

        With `order` refuse also one of decryption that cannot be, before anything is read. Commands call this once they
        have looked at their arguments, as sops does. Raises `LeafsealError`.
        """
        _ = self.config
        if order:
            _order(self.arguments)

    # -- the configuration

    @cached_property
    def config(self) -> Config | None:
        """The configuration that `--config` names, else the one found from the current directory upwards.

        A fault in a rule counts only where the rule does, as in sops.
        """
        from leafseal.config.find import find_config_from_cwd

        explicit = self.arguments.text("config")
        path = explicit or find_config_from_cwd(warn=lambda text: talk.warn("CMD", text))
        if not path:
            return None
        from leafseal.config.load import load_config

        try:
            config = load_config(path, lenient=True, pipes=bool(explicit))
        except ConfigError as error:
            if isinstance(error.__context__, OSError):
                reason = system_text(error.__context__)
                raise Failure(f"could not read config file: open {path}: {reason}") from error
            raise
        for location, message in config.faults:
            self.notice(f"{path}: {location}: {message}")
        for warning in config.warnings:
            self.notice(f"{path}: {warning}")
        return config

    def rule_for(self, name: str) -> CreationRule | None:
        """Return the creation rule for a file, None without a configuration or rules. Raises `ConfigError`."""
        return None if self.config is None else self.config.rule_for(name)

    def configured_keys(self, name: str) -> list[MasterKey]:
        """Return the keys that the configuration names for a file; none where no rule is for it."""
        try:
            rule = self.rule_for(name)
        except ConfigError:
            return []
        return [key for group in rule.groups for key in group] if rule is not None else []

    def indent(self, format_name: str) -> int | None:
        """Return the indentation for what is written anew: the option's, else the configuration's.

        Raises `EmitError` for one that cannot be.
        """
        if self.arguments.is_given("indent"):
            return _checked_indent(self.arguments.number("indent"), format_name)
        return None if self.config is None else self.config.indents.get(format_name)

    # -- keys

    @cached_property
    def ambient(self) -> Ambient:
        """What providers may consult, and who is asked besides them, or in their place."""
        own = Ambient.of_process(terminal.passphrase_asker())
        return Ambient(
            services.environment(own),
            own.home_text,
            own.ask,
            services=services.elsewhere(self.arguments),
            asks_providers=services.is_local(self.arguments),
            tell=own.tell,
            names_host=True,
        )

    @cached_property
    def keys(self) -> KeyRing:
        """The key ring of this run."""
        order = _order(self.arguments)
        return KeyRing(self.ambient, order=order) if order else KeyRing(self.ambient)

    # -- files

    def open(self, snapshot: reading.Snapshot, format_name: str) -> Opened:
        """Open a sealed file. Raises `LeafsealError`."""
        source = Source(snapshot.path, snapshot.data, format_name, snapshot.path)
        read = READ._replace(ignore_mac=self.arguments.flag("ignore-mac"))
        if not self.arguments.flag("verbose"):
            return opening.open_file(source, self.keys, read, self.notice)
        from leafseal.sops.shared import verbose

        with verbose.told_of(self.keys):
            return opening.open_file(source, self.keys, read, self.notice)

    def plain(self, opened: Opened, output: str) -> bytes:
        """Return an opened file in the output format: to the byte where that is its own and no indentation is named.

        Raises `Failure` with exit code 4.
        """
        if output == opened.document.format and not self._is_laid_out_anew(output):
            return opened.plaintext()
        return self.emit(opened.documents(), output)

    def _is_laid_out_anew(self, output: str) -> bool:
        wanted = FORMATS[output]
        return wanted.least_indent is not None and not wanted.tree_format and self.arguments.is_given("indent")

    def emit(self, documents: Sequence[MappingNode], output: str) -> bytes:
        """Return trees as a file of the output format. Raises `Failure` with exit code 4."""
        try:
            return emit(documents, output, indent=self.indent(output))
        except EmitError as error:
            text = f"{error.message}\n\n{_NOT_BINARY}" if FORMATS[output].tree_format else error.message
            raise Failure(f"Error dumping file: {text}", 4) from error

    def in_format(self, product: Product, output: str) -> Product:
        """Return a sealed file in the output format, as it is where that is its own and no indentation is asked for.

        Raises `Failure` with exit code 4.
        """
        if output == product.format and not self._is_laid_out_anew(output):
            return product
        from leafseal.operations.convert import reformat

        try:
            return reformat(product, output, indent=self.indent(output))
        except EmitError as error:
            raise Failure(f"Could not marshal tree: {error}", 4, hint=error.hint) from error

    def check_outputs(self) -> None:
        """Raise `Failure` where both `--output` and `--in-place` are given."""
        if self.arguments.flag("in-place") and self.arguments.text("output"):
            raise Failure("Error: cannot operate on both --output and --in-place", 8)

    def write(
        self, target: reading.Snapshot, data: bytes, verify: Callable[[bytes], None], *, private: bool = False
    ) -> None:
        """Write a result where the options say: in place, to a file, or to standard output.

        A new file with something `private` is one that only its owner reads.
        """
        if self.arguments.flag("in-place"):
            replace(self, target, data, verify, private=private)
        elif output := self.arguments.text("output"):
            from leafseal.sops.shared import writing  # here, as in `replace`, because most results go to a stream

            writing.put(output, data, verify, self.notice, what="output file", private=private)
            self.tell_written()
        else:
            talk.write_result(data)

    def tell_written(self) -> None:
        """Tell that a file was written, where that was asked for."""
        if self.arguments.flag("verbose"):
            talk.log("CMD", "info", "File written successfully")


def _order(arguments: Arguments) -> tuple[str, ...]:
    """Return the kinds that `--decryption-order` names. Raises `Failure` with exit code 112."""
    order = [kind.strip() for kind in arguments.text("decryption-order").split(",") if kind.strip()]
    for kind in order:
        if order.count(kind) > 1:
            raise Failure(f"Duplicate decryption key type: {kind}", 112)
    return tuple(order)


_NOT_BINARY = (
    "This is likely not an encrypted binary file? If not, use --output-type to select the correct output type."
)


def replace(
    session: Session, target: reading.Snapshot, data: bytes, verify: Callable[[bytes], None], *, private: bool = False
) -> None:
    """Put a result in the place of the file that it was made from."""
    from leafseal.sops.shared import writing

    writing.put(target, data, verify, session.notice, what="in-place file", private=private)
    session.tell_written()


def held(session: Session, path: str) -> AbstractContextManager[None]:
    """Return what holds the lock of a file that is to be read, changed and written back in its place."""
    if not session.arguments.flag("in-place"):
        return nullcontext()
    from leafseal.system.locks import locked

    return locked(path)


def one_file(session: Session) -> str:
    """Return the one file of a command, and warn of those too many as sops does. Raises `Failure` without one."""
    words = session.arguments.positionals
    if not words:
        raise Failure("Error: no file specified", 100)
    warn_of_more(words, 1)
    return words[0]


def _checked_indent(indent: int, format_name: str) -> int | None:
    least = FORMATS[format_name].least_indent
    if least is not None and indent < least:
        raise EmitError(_NEGATIVE if least == 0 else _BELOW_A_TAB)
    return indent


_NEGATIVE = "YAML Negative indentation not accepted"
_BELOW_A_TAB = "Error marshaling to json: JSON Indentation parameter smaller than -1 is not accepted"
