"""Every command of sops with its options (sops-cli §4), and where the code of each is.

The table is all that parsing, help and completion need; a command's module is imported when the command is run.
"""

from __future__ import annotations

from leafseal.document.frozen import NamedTuple
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


HELP = Option("help", "show help", OptionType.FLAG, ("h",))

_CONFIG = (
    Option(
        "config", "use this configuration instead of the .sops.yaml above the current folder", variable="SOPS_CONFIG"
    ),
    Option("indent", "indentation of YAML and JSON output", OptionType.NUMBER),
    Option("mac-only-encrypted", "leave unencrypted values out of the MAC", OptionType.FLAG),
    Option("verbose", "log to standard error", OptionType.FLAG),
)
"""Global options that count for every command, before or after its name."""

_SERVICES = (
    Option(
        "enable-local-keyservice",
        "use the keys of this machine (default: true)",
        OptionType.FLAG,
        variable="SOPS_ENABLE_LOCAL_KEYSERVICE",
        default="true",
    ),
    Option(
        "keyservice",
        "also try this key service, after your own keys: tcp://host:port or unix:///path; may be repeated",
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
    Option("unencrypted-suffix", "encrypt all values except under key names with this ending"),
    Option("encrypted-suffix", "encrypt only values under key names with this ending"),
    Option("unencrypted-regex", "encrypt all values except under key names that match"),
    Option("encrypted-regex", "encrypt only values under key names that match"),
)
_COMMENT_RULE = (
    Option("unencrypted-comment-regex", "encrypt all values except under comments that match"),
    Option("encrypted-comment-regex", "encrypt only values under comments that match"),
)
_ORDER = Option("decryption-order", "kinds of keys in the order to try (comma list)", variable="SOPS_DECRYPTION_ORDER")
_IN_PLACE = Option("in-place", "replace the file with the result", OptionType.FLAG, ("i",))
_OUTPUT = Option("output", "write the result to this file")
_INPUT_TYPE = Option("input-type", "file format, if the name doesn't show it: yaml, json, dotenv, ini or binary")
_OUTPUT_TYPE = Option("output-type", "convert to this format")
_OVERRIDE = Option("filename-override", "choose formats and rule as if the file had this name")
_EXTRACT = Option("extract", """write only the value at this path, such as '["db"]["password"]'""")
_IGNORE_MAC = Option("ignore-mac", "continue although the integrity check (MAC) fails", OptionType.FLAG)
_THRESHOLD = Option("shamir-secret-sharing-threshold", "how many key groups are needed to decrypt", OptionType.NUMBER)
_YES = Option("yes", "do not ask for confirmation", OptionType.FLAG, ("y",))
_IDEMPOTENT = Option("idempotent", "do nothing if nothing would change", OptionType.FLAG)
_MASTER_KEYS = Option("show-master-keys", "show the metadata in the editor, too", OptionType.FLAG, ("s",))
_USER = Option("user", "run the command as this user")
_BACKGROUND = Option("background", "run the command in the background (deprecated)", OptionType.FLAG)
_VERSION_CHECK = (
    Option(
        "disable-version-check",
        "accepted; leafseal never checks for new versions",
        OptionType.FLAG,
        variable="SOPS_DISABLE_VERSION_CHECK",
    ),
    Option("check-for-updates", "accepted; leafseal never checks for new versions", OptionType.FLAG),
)

_IO = (_IN_PLACE, _OUTPUT, _INPUT_TYPE, _OUTPUT_TYPE, _OVERRIDE)
_GROUP_KEYS = tuple(Option(option.name, f"{option.help}; may be repeated", OptionType.LIST) for option in _KEYS)
_GROUP_FILE = Option("file", "the file", short=("f",))

GLOBAL = (
    Option("decrypt", "decrypt a file", OptionType.FLAG, ("d",)),
    Option("encrypt", "encrypt a file", OptionType.FLAG, ("e",)),
    Option("rotate", "re-encrypt a file with a new data key", OptionType.FLAG, ("r",)),
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
    Option("set", """set a value, such as '["db"]["port"] 5432'"""),
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
        "exec-env", "FILE COMMAND", "run a command with the values as environment variables", "exec_env",
        _BACKGROUND, Option("pristine", "start with an empty environment", OptionType.FLAG), _USER,
        Option("same-process", "replace sops with the command, do not wait for it", OptionType.FLAG), _ORDER, _SERVICES,
    ),
    _command(
        "exec-file", "FILE COMMAND", "run a command with the path of the decrypted file in place of {}",
        "exec_file", _BACKGROUND, Option("no-fifo", "use a regular file, not a named pipe", OptionType.FLAG), _USER,
        _INPUT_TYPE, _OUTPUT_TYPE, Option("filename", "name of that file, instead of tmp-file"), _ORDER, _SERVICES,
    ),
    _command(
        "publish", "FILE|DIR", "not available in this version", "unavailable",
        _YES, Option("omit-extensions", "leave out the last extension of the names", OptionType.FLAG),
        Option("recursive", "publish all files of a folder", OptionType.FLAG), _ORDER, _SERVICES, function="publish",
    ),
    _command(
        "keyservice", "", "let other machines use this machine's keys", "keyservice",
        Option("network", "tcp or unix", short=("net",), default="tcp"),
        Option("address", "host:port or path to listen on", short=("addr",), default="127.0.0.1:5000"),
        Option("prompt", "ask before every answer", OptionType.FLAG),
    ),
    _command("filestatus", "FILE", "show whether a file is encrypted, as JSON", "filestatus", _INPUT_TYPE),
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
                "delete", "INDEX", "delete a key group, counted from 0", "groups", _GROUP_FILE, _IN_PLACE, _THRESHOLD,
                _SERVICES, function="delete",
            ),
        ),
        options=(HELP,),
    ),
    _command(
        "updatekeys", "FILE...", "apply the keys in .sops.yaml to existing files", "updatekeys",
        _YES, _INPUT_TYPE, _SERVICES
    ),
    _command(
        "decrypt", "[FILE]", "decrypt a file or standard input", "decrypt",
        _IO, _PROFILE, _EXTRACT, _IGNORE_MAC, _ORDER, _SERVICES,
    ),
    _command(
        "encrypt", "[FILE]", "encrypt a file or standard input", "encrypt",
        _IO, _KEYS, _PROFILE, _RULE, _CONTEXT, _THRESHOLD, _SERVICES,
    ),
    _command(
        "rotate", "FILE", "re-encrypt a file with a new data key", "rotate",
        _IO, _CONTEXT, _CHANGED_KEYS, _ORDER, _SERVICES,
    ),
    _command(
        "edit", "FILE", "edit an encrypted file, or create one", "edit",
        _KEYS, _PROFILE, _INPUT_TYPE, _OUTPUT_TYPE, _RULE, _CONTEXT, _THRESHOLD, _MASTER_KEYS, _IGNORE_MAC, _ORDER,
        _SERVICES,
    ),
    _command(
        "set", "FILE INDEX [VALUE]", "set a value, given as JSON", "set",
        _INPUT_TYPE, _OUTPUT_TYPE, Option("value-file", "VALUE is the name of a file with the value", OptionType.FLAG),
        Option("value-stdin", "read the value from standard input", OptionType.FLAG),
        _THRESHOLD, _IGNORE_MAC, _ORDER, _IDEMPOTENT, _SERVICES, function="set_",
    ),
    _command(
        "unset", "FILE INDEX", "delete a value", "unset",
        _INPUT_TYPE, _OUTPUT_TYPE, _THRESHOLD, _IGNORE_MAC, _ORDER, _IDEMPOTENT, _SERVICES,
    ),
)  # fmt: skip


def find(commands: tuple[Command, ...], name: str) -> Command | None:
    """Return the command of that name, None where there is none."""
    return next((command for command in commands if command.name == name), None)
