"""`leafseal git`: what Git needs to know of encrypted files, and what it starts."""

from __future__ import annotations

from leafseal.cli.shared.declarations import Group, argument, command


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
    leafseal git textconv secrets.yaml
    """,
    {"textconv": textconv},
)
