"""`leafseal argocd`: the two commands of a config management plugin."""

from __future__ import annotations

from leafseal.cli.shared.declarations import Group, command


@command("discover")
def discover() -> int:
    """Print the encrypted files below the current folder, and generator configurations; nothing if there are none.

    Argo CD takes any output as "this plugin is needed".

    \b
    leafseal argocd discover
    """
    from leafseal.cli.argocd import finding

    return finding.discover()


@command("generate")
def generate() -> int:
    """Print the manifests of the application in the current folder, decrypted.

    A kustomization is built by kustomize, a chart is rendered by Helm, and all other manifests are printed as they are.
    If there are none, if one is still encrypted, or if it takes 80 % of ARGOCD_EXEC_TIMEOUT, nothing is printed.

    \b
    leafseal argocd generate
    """
    from leafseal.cli.argocd import rendering

    return rendering.generate()


argocd = Group(
    "argocd",
    """Be a config management plugin of Argo CD.

    \b
    leafseal argocd discover
    leafseal argocd generate
    """,
    {"discover": discover, "generate": generate},
)
