"""The help of the commands of `kubectl leafseal` that hand manifests to kubectl, and of `template`."""

from __future__ import annotations

from collections.abc import Mapping

from leafseal.document.frozen import NamedTuple


class _Text(NamedTuple):
    """What is said of one command."""

    title: str
    about: str
    flags: tuple[str, ...]
    examples: tuple[str, ...]


_FILES = """\
  -f FILE               File or folder, - for standard input; repeatable, or a
                        list with commas
  -R                    Also use the folders in a folder
  -k DIR                Use what "kubectl kustomize DIR" prints
"""
_CLIENT_SIDE = """\
  --client-side         Not by server-side apply, which keeps values out of the
                        last-applied annotation
"""
_PLAIN_OK = """\
  --leafseal-plain-ok   Accept a Secret in plain text although a rule in
                        .sops.yaml would encrypt it
"""

_TEXTS: Mapping[str, _Text] = {
    "apply": _Text(
        "Apply encrypted manifests",
        """\
  Decrypt the manifests in memory, all of them or none, and run "kubectl apply"
  with --server-side, so that the values are in no annotation.
""",
        (_FILES, _CLIENT_SIDE, _PLAIN_OK),
        ("apply -f deploy/", "apply -f db.enc.yaml,cache.enc.yaml -n shop", "apply -k overlays/test --dry-run=server"),
    ),
    "create": _Text(
        "Create the objects in encrypted manifests",
        """\
  Decrypt the manifests in memory, all of them or none, and run
  "kubectl create".
  To create an encrypted manifest, use "kubectl leafseal new secret NAME".
""",
        (_FILES, _PLAIN_OK),
        ("create -f db.enc.yaml -n shop",),
    ),
    "replace": _Text(
        "Replace the objects in encrypted manifests",
        """\
  Decrypt the manifests in memory, all of them or none, and run
  "kubectl replace". What kubectl writes to files for --force is in a folder in
  memory.
""",
        (_FILES, _PLAIN_OK),
        ("replace -f db.enc.yaml -n shop",),
    ),
    "diff": _Text(
        "Show what apply would change",
        """\
  Decrypt the manifests in memory, all of them or none, and run "kubectl diff"
  with --server-side. kubectl hides the values of Secrets with ***.

  Exit code: 0 without differences, 1 with some, 2 and more for errors.
""",
        (_FILES, _CLIENT_SIDE, _PLAIN_OK),
        ("diff -f deploy/", "diff -f db.enc.yaml -n shop"),
    ),
    "delete": _Text(
        "Delete the objects in encrypted manifests",
        """\
  Decrypt the manifests in memory, all of them or none, and run "kubectl delete"
  with their kinds and names. kubectl gets no values.
""",
        (_FILES,),
        ("delete -f db.enc.yaml -n shop",),
    ),
    "template": _Text(
        "Print decrypted manifests",
        """\
  Print the manifests as kubectl would get them, in plain text, all of them or
  none. No cluster is needed.
""",
        (_FILES, _PLAIN_OK),
        ("template -f db.enc.yaml", "template -R -f deploy/"),
    ),
}


_OTHERS = """
  All other flags are those of "kubectl {0}", such as -n. To see them, run
  "kubectl {0} --help".
"""


def text_of(name: str) -> str:
    """Return the help of a command."""
    text = _TEXTS[name]
    others = "" if name == "template" else _OTHERS.format(name)
    examples = "".join(f"  kubectl leafseal {line}\n" for line in text.examples)
    return (
        f"Usage: kubectl leafseal {name} -f FILE [FLAGS]\n\n  {text.title}.\n\n{text.about}\n"
        f"Flags:\n{''.join(text.flags)}{others}\nExamples:\n{examples}"
    )
