"""`leafseal git`: what Git needs to know of encrypted files, and what it starts."""

from __future__ import annotations

from leafseal.cli.shared.declarations import Group, argument, command, option
from leafseal.cli.shared.options import json_option, quiet_option
from leafseal.cli.shared.reports import reporting


@command("setup")
@option("--protect", is_flag=True, help="Also refuse to add plain text of files that must be encrypted.")
@quiet_option
def setup(protect: bool) -> None:
    """Have Git show and merge encrypted files by their values.

    Writes which files to .gitattributes, from the path_regex of the rules in .sops.yaml, and what Git runs for them to
    the configuration of this clone. The first is for everybody and is committed; the second each clone needs for
    itself. Nothing else is changed, and running it again is safe. A rule that .gitattributes cannot express is named,
    and all YAML, JSON, dotenv and INI files get the drivers then, which leave plain files to Git.

    With --protect, Git refuses to add a file in plain text if a rule is for such files, or if Git has it encrypted.

    \b
    leafseal git setup
    leafseal git setup --protect
    """
    from leafseal.cli.git import setting_up

    setting_up.set_up(protect=protect)


@command("unsetup")
@option("--protect", is_flag=True, help="Remove only what --protect added.")
@option("--attributes", "shared", is_flag=True, help="Also remove the lines in .gitattributes, for everybody.")
@quiet_option
def unsetup(protect: bool, shared: bool) -> None:
    """Remove from this clone what setup wrote.

    .gitattributes stays, because other clones have it too: without a driver, Git ignores its lines.

    \b
    leafseal git unsetup
    leafseal git unsetup --protect
    """
    from leafseal.cli.git import setting_up

    setting_up.remove(protect=protect, shared=shared)


@command("doctor")
@json_option
@reporting("git doctor", encrypted_files=0, guard=False, problems=[])
def doctor(as_json: bool) -> int:
    """Tell what this clone lacks to show, merge and protect encrypted files.

    \b
    leafseal git doctor
    """
    from leafseal.cli.git import doctoring

    return doctoring.look(as_json=as_json)


@command("guard")
@argument("file", metavar="FILE")
@option("--parent", default="", metavar="PID", help="The Git that asks.", is_hidden=True)
def guard(file: str, parent: str) -> None:
    """Fail if standard input must not be added to Git as FILE. Git runs this, after setup --protect.

    \b
    leafseal git guard secrets.yaml < secrets.yaml
    """
    from leafseal.cli.git import guarding

    guarding.judge(file, parent)


@command("jj")
def jj() -> None:
    """Print the settings with which jj merges encrypted files.

    \b
    leafseal git jj >> "$(jj config path --user)"
    """
    from leafseal.git.drivers import JJ
    from leafseal.system import terminal

    terminal.write_result(JJ.encode())


@command("textconv")
@argument("file", metavar="FILE")
def textconv(file: str) -> None:
    """Print the plain text of an encrypted file, any other as it is. Git runs this.

    Only keys on this machine are used that need no passphrase. Without one, the file is printed as it is.

    \b
    git config diff.leafseal.textconv 'f() { leafseal git textconv -- "$1" || cat -- "$1"; }; f'
    """
    from leafseal.cli.git import showing

    showing.show(file)


git = Group(
    "git",
    """Have Git show, merge and protect encrypted files.

    \b
    leafseal git setup
    leafseal git doctor
    """,
    {"setup": setup, "unsetup": unsetup, "doctor": doctor, "guard": guard, "jj": jj, "textconv": textconv},
)
