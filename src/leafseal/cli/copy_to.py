"""`leafseal copy-to`."""

from __future__ import annotations

from leafseal.cli.shared.declarations import argument, command
from leafseal.cli.shared.options import quiet_option
from leafseal.system import terminal


@command("copy-to")
@argument("folder", metavar="DIR")
@quiet_option
def copy_to(folder: str) -> None:
    """Copy leafseal and its Python to DIR, so that another container can run it.

    DIR is a volume that both containers mount. It gets the programs leafseal, leafseal-krm and ksops, and a folder
    that they need. The other image needs no Python, but the C library of this one or a newer one.

    \b
    leafseal copy-to /custom-tools
    """
    from leafseal.deploy import copying

    paths = copying.copy_to(folder)
    terminal.say_done(f"copied: {', '.join(paths)}")
