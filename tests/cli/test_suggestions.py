"""What is suggested in place of a command or option that there is none."""

import pytest

from leafseal.cli.shared import suggestions
from leafseal.cli.shared.commands import COMMANDS, load
from leafseal.cli.shared.declarations import Command

from .conftest import Run


def options_of_commands() -> set[str]:
    declared = [load(name) for name in COMMANDS]
    commands = [
        one for group in declared for one in ([group] if isinstance(group, Command) else group.commands.values())
    ]
    return {name for command in commands for option in command.options for name in option.names}


def test_synonyms_lead_to_what_there_is() -> None:
    assert set(suggestions._MEANT.values()) <= set(COMMANDS)
    assert not set(suggestions._MEANT) & set(COMMANDS)
    assert {text.split()[0] for text, _ in suggestions._SOPS_FLAGS.values()} <= set(COMMANDS)
    meant = {name for names in suggestions._MEANT_OPTIONS.values() for name in names}
    assert meant <= options_of_commands()


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("view x", 'run "leafseal decrypt"'),
        ("run x", 'run "leafseal exec -e FILE -- PROGRAM"'),
        ("exec -e f ls -la", 'put -- before the program: "leafseal exec -e f -- ls"'),
        ("exec ls -la", 'put -- before the program: "leafseal exec -e FILE -- ls"'),
        ("exec -e f -e g ls -la", 'put -- before the program: "leafseal exec -e f -e g -- ls"'),
        ("decript x", 'run "leafseal decrypt"'),
        ("ENCRYPT x", 'run "leafseal encrypt"'),
        ("groups ad", 'run "leafseal groups add"'),
        ("-d x", 'run "leafseal decrypt FILE"; -d is an option of sops: "leafseal sops -d FILE"'),
        ("-e x", 'run "leafseal encrypt FILE"; -e is an option of sops: "leafseal sops -e FILE"'),
        ("encrypt --inplace x", "use --in-place"),
        ("decrypt --outpt y x", "use --output"),
        ("rotate --recipient age1 x", "use --add-age"),
        ("updatekeys --force x", "use --yes"),
        ("decrypt --force x", 'see "leafseal decrypt --help"'),
        ("encrypt --key age1 x", "use --age"),
        ("decrypt --key keys.txt x", "private keys are read from keys.txt, SOPS_AGE_KEY_FILE or SOPS_AGE_KEY"),
        ("verify --recursive", "use --all"),
        ("filestatus x", 'run "leafseal inspect"'),
        ("encrpyt x", 'run "leafseal encrypt"'),
        ("man", 'run "leafseal help --man"'),
        ("exec-env f ls -la", 'put -- before the program: "leafseal exec-env f -- ls"'),
        ("exec-env --only A,B f ls -la", 'put -- before the program: "leafseal exec-env f -- ls"'),
        ("exec-env --olny A f -- ls -la", "use --only"),
        ("render --to d x=f:/p", "write each after its option, such as --to DIR or --file NAME=FILE:PATH"),
        ("render x=f:/p", "add --to DIR"),
        ("groups add", "add --file FILE"),
        ("get f p v", 'see "leafseal get --help"'),
        ("helm template x", 'run "leafseal helm run template"; with the plugins, it is "helm leafseal template"'),
        ("quite-something-else", 'see "leafseal --help"'),
    ],
)
def test_habits_and_slips_get_an_answer(line: str, hint: str, leafseal: Run) -> None:
    result = leafseal(*line.split())
    assert result.code
    assert result.out == b""
    assert hint in result.err.splitlines()[-1]


def test_values_are_not_repeated(leafseal: Run) -> None:
    assert "hunter2" not in leafseal("--set", '["a"] "hunter2"', "x").err
    assert "hunter2" not in leafseal("sett", "x", "a", "hunter2").err
    assert "hunter2" not in leafseal("exec-env", "x", "curl", "-u", "me:hunter2").err
    key = "AGE-SECRET-KEY-1QQPQQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGP"
    assert key not in leafseal(key).err
