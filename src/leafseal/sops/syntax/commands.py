"""Every command of sops with its options (sops-cli §4), and where the code of each is.

The table is all that parsing, help and completion need; a command's module is imported when the command is run.
"""

from __future__ import annotations

from typing import NamedTuple

from leafseal.keys.kinds import KINDS, OPTION_ORDER
from leafseal.sops.syntax.grammar import Option, OptionType


class Command(NamedTuple):
    """A command: `module:function` of its code, or the commands below it."""

    name: str
    usage: str
    help: str
    code: str = ""
    options: tuple[Option, ...] = ()
    commands: tuple[Command, ...] = ()


HELP = Option("help", "show this", OptionType.FLAG, ("h",))

_CONFIG = (
    Option("config", "configuration file, in place of one searched from the current directory", variable="SOPS_CONFIG"),
    Option("indent", "indentation of YAML and JSON that is written anew", OptionType.NUMBER),
    Option("mac-only-encrypted", "compute the MAC over sealed values only", OptionType.FLAG),
    Option("verbose", "say on standard error what is done", OptionType.FLAG),
)
"""Global options that count for every command, before or after its name."""

_SERVICES = (
    Option(
        "enable-local-keyservice",
        "unwrap and wrap data keys in this process",
        OptionType.FLAG,
        variable="SOPS_ENABLE_LOCAL_KEYSERVICE",
        default="true",
    ),
    Option(
        "keyservice",
        "a key service to ask after the local one, as tcp://host:port or unix:///path; may be repeated",
        OptionType.LIST,
        variable="SOPS_KEYSERVICE",
    ),
)

_KINDS = [KINDS[name] for name in OPTION_ORDER]
_KEYS = tuple(
    Option(kind.option, f"{kind.what} (comma list)", short=(kind.short,) if kind.short else (), variable=kind.variable)
    for kind in _KINDS
)
_PROFILE = Option("aws-profile", "AWS profile for requests to AWS")
_CONTEXT = Option("encryption-context", "AWS encryption context, key:value pairs (comma list)")
_CHANGED_KEYS = tuple(
    Option(f"{prefix}-{kind.option}", f"{verb} {kind.what} (comma list)")
    for kind in _KINDS
    for prefix, verb in (("add", "add"), ("rm", "remove"))
)

_RULE = (
    Option("unencrypted-suffix", "leave clear what is under names with this ending"),
    Option("encrypted-suffix", "seal only what is under names with this ending"),
    Option("unencrypted-regex", "leave clear what is under names that match"),
    Option("encrypted-regex", "seal only what is under names that match"),
)
_COMMENT_RULE = (
    Option("unencrypted-comment-regex", "leave clear what is under comments that match"),
    Option("encrypted-comment-regex", "seal only what is under comments that match"),
)
_ORDER = Option("decryption-order", "kinds of keys in the order to try (comma list)", variable="SOPS_DECRYPTION_ORDER")
_IN_PLACE = Option("in-place", "write the file itself", OptionType.FLAG, ("i",))
_OUTPUT = Option("output", "write to this file")
_INPUT_TYPE = Option("input-type", "format that is read: yaml, json, dotenv, ini or binary")
_OUTPUT_TYPE = Option("output-type", "format that is written")
_OVERRIDE = Option("filename-override", "take formats and rule as for this name")
_EXTRACT = Option("extract", """write only what stands at this path, such as '["db"]["password"]'""")
_IGNORE_MAC = Option("ignore-mac", "go on although the MAC does not fit", OptionType.FLAG)
_THRESHOLD = Option("shamir-secret-sharing-threshold", "how many key groups must open", OptionType.NUMBER)
_YES = Option("yes", "approve of everything", OptionType.FLAG, ("y",))
_IDEMPOTENT = Option("idempotent", "do nothing where nothing would change", OptionType.FLAG)
_MASTER_KEYS = Option("show-master-keys", "show the metadata in the editor too", OptionType.FLAG, ("s",))
_USER = Option("user", "run the command as this user")
_BACKGROUND = Option("background", "start the command and do not wait (deprecated)", OptionType.FLAG)
_VERSION_CHECK = (
    Option(
        "disable-version-check",
        "nothing: the newest version is never asked for",
        OptionType.FLAG,
        variable="SOPS_DISABLE_VERSION_CHECK",
    ),
    Option("check-for-updates", "nothing: the newest version is never asked for", OptionType.FLAG),
)

_IO = (_IN_PLACE, _OUTPUT, _INPUT_TYPE, _OUTPUT_TYPE, _OVERRIDE)
_GROUP_KEYS = tuple(Option(option.name, f"{option.help}; may be repeated", OptionType.LIST) for option in _KEYS)
_GROUP_FILE = Option("file", "the file", short=("f",))

GLOBAL = (
    Option("decrypt", "open a file and write it", OptionType.FLAG, ("d",)),
    Option("encrypt", "seal a file and write it", OptionType.FLAG, ("e",)),
    Option("rotate", "seal a file anew under a new data key", OptionType.FLAG, ("r",)),
    *_VERSION_CHECK,
    *_KEYS,
    _PROFILE,
    _IN_PLACE,
    _EXTRACT,
    _INPUT_TYPE,
    _OUTPUT_TYPE,
    _MASTER_KEYS,
    *_CHANGED_KEYS,
    _IGNORE_MAC,
    *_RULE,
    *_COMMENT_RULE,
    *_CONFIG,
    _CONTEXT,
    Option("set", """store a value, such as '["db"]["port"] 5432'"""),
    _THRESHOLD,
    _OUTPUT,
    _OVERRIDE,
    _ORDER,
    *_SERVICES,
    HELP,
    Option("version", "show the version", OptionType.FLAG, ("v",)),
)
"""The options of `sops [options] FILE`, and of all that may stand before a command's name."""


def _command(
    name: str, usage: str, text: str, module: str, *options: Option | tuple[Option, ...], function: str = ""
) -> Command:
    flat = [option for item in options for option in ((item,) if isinstance(item, Option) else item)]
    attribute = function or module.rpartition(".")[2]
    return Command(name, usage, text, f"leafseal.sops.{module}:{attribute}", (*flat, *_CONFIG, HELP))


COMMANDS = (
    Command(
        "completion",
        "bash|zsh",
        "print a completion script for a shell",
        commands=(
            _command("bash", "", "print the script for bash", "syntax.completion", function="bash"),
            _command("zsh", "", "print the script for zsh", "syntax.completion", function="zsh"),
        ),
        options=(HELP,),
    ),
    _command(
        "exec-env", "FILE COMMAND", "run a command with the values in its environment", "exec_env",
        _BACKGROUND, Option("pristine", "pass on nothing of the own environment", OptionType.FLAG), _USER,
        Option("same-process", "become the command instead of waiting for it", OptionType.FLAG), _ORDER, _SERVICES,
    ),
    _command(
        "exec-file", "FILE COMMAND", "run a command with the opened file, whose path takes the place of {}",
        "exec_file", _BACKGROUND, Option("no-fifo", "use a regular file, not a named pipe", OptionType.FLAG), _USER,
        _INPUT_TYPE, _OUTPUT_TYPE, Option("filename", "name of that file, in place of tmp-file"), _ORDER, _SERVICES,
    ),
    _command(
        "publish", "FILE|DIR", "publish files to where the configuration says (not in this version)", "unavailable",
        _YES, Option("omit-extensions", "cut the names' last extensions", OptionType.FLAG),
        Option("recursive", "publish all files of a folder", OptionType.FLAG), _ORDER, _SERVICES, function="publish",
    ),
    _command(
        "keyservice", "", "wrap and unwrap data keys for others", "keyservice",
        Option("network", "tcp or unix", short=("net",), default="tcp"),
        Option("address", "host:port or path to listen at", short=("addr",), default="127.0.0.1:5000"),
        Option("prompt", "ask before every answer", OptionType.FLAG),
    ),
    _command("filestatus", "FILE", "tell whether a file is encrypted, as JSON", "filestatus", _INPUT_TYPE),
    Command(
        "groups",
        "add|delete",
        "change the key groups of a file",
        commands=(
            _command(
                "add", "", "add a key group", "groups", _GROUP_FILE, _GROUP_KEYS, _PROFILE, _IN_PLACE, _THRESHOLD,
                _CONTEXT, _SERVICES, function="add",
            ),
            _command(
                "delete", "INDEX", "remove a key group, counted from 0", "groups", _GROUP_FILE, _IN_PLACE, _THRESHOLD,
                _SERVICES, function="delete",
            ),
        ),
        options=(HELP,),
    ),
    _command(
        "updatekeys", "FILE...", "give files the keys of the configuration", "updatekeys", _YES, _INPUT_TYPE, _SERVICES
    ),
    _command(
        "decrypt", "[FILE]", "open a file, or standard input, and write it", "decrypt",
        _IO, _PROFILE, _EXTRACT, _IGNORE_MAC, _ORDER, _SERVICES,
    ),
    _command(
        "encrypt", "[FILE]", "seal a file, or standard input, and write it", "encrypt",
        _IO, _KEYS, _PROFILE, _RULE, _CONTEXT, _THRESHOLD, _SERVICES,
    ),
    _command(
        "rotate", "FILE", "seal a file anew under a new data key", "rotate",
        _IO, _CONTEXT, _CHANGED_KEYS, _ORDER, _SERVICES,
    ),
    _command(
        "edit", "FILE", "edit an encrypted file, or make one", "edit",
        _KEYS, _PROFILE, _INPUT_TYPE, _OUTPUT_TYPE, _RULE, _CONTEXT, _THRESHOLD, _MASTER_KEYS, _IGNORE_MAC, _ORDER,
        _SERVICES,
    ),
    _command(
        "set", "FILE INDEX [VALUE]", "store a value, given as JSON", "set",
        _INPUT_TYPE, _OUTPUT_TYPE, Option("value-file", "VALUE is a file that holds it", OptionType.FLAG),
        Option("value-stdin", "the value comes from standard input", OptionType.FLAG),
        _THRESHOLD, _IGNORE_MAC, _ORDER, _IDEMPOTENT, _SERVICES, function="set_",
    ),
    _command(
        "unset", "FILE INDEX", "remove a value", "unset",
        _INPUT_TYPE, _OUTPUT_TYPE, _THRESHOLD, _IGNORE_MAC, _ORDER, _IDEMPOTENT, _SERVICES,
    ),
)  # fmt: skip


def find(commands: tuple[Command, ...], name: str) -> Command | None:
    """Return the command of that name, None where there is none."""
    return next((command for command in commands if command.name == name), None)
