"""Links in a chart: Helm follows them and gives templates what is there, be it a private key or an environment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from leafseal.deploy.helm.paths import LINKS, Allowed, insist
from leafseal.errors import naming
from leafseal.system.working_tree import is_within, working_tree

CHART = "Chart.yaml"


def find_leading_out(folder: str, root: str) -> str | None:
    """Return a link below a chart's folder, or below one that a link of it leads to, that leads out of `root`."""
    return next(_leading_out(folder, os.path.realpath(root), set()), None)


def _leading_out(folder: str, root: str, seen: set[str]) -> Iterator[str]:
    if (real := os.path.realpath(folder)) in seen:
        return
    seen.add(real)
    for parent, folders, names in os.walk(folder):
        for name in sorted((*folders, *names)):
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                continue
            if not is_within(os.path.realpath(path), root):
                yield path
            elif os.path.isdir(path):
                yield from _leading_out(path, root, seen)


def refuse_in_charts(arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Raise `RefusedError` for a chart among the words of a command line with a link out of its Git working tree.

    Outside of Git it is one out of the chart.
    """
    for word in arguments:
        if os.path.isfile(os.path.join(word, CHART)):
            path = find_leading_out(word, working_tree(word) or word)
            if path is not None:
                with naming(path):
                    insist(LINKS, Allowed.of(environ), "a link leads out of the repository, and Helm would follow it")
