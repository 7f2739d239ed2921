"""The help of `kubectl leafseal`, which needs no more than this text: it is shown before anything else is loaded."""

from __future__ import annotations

HELP = """\
Usage: kubectl leafseal COMMAND [FLAGS]

  Use manifests that are encrypted in Git with kubectl. They are decrypted in
  memory, all of them or none, and kubectl reads them from its standard input.

Commands that decrypt manifests and hand them to kubectl:
  apply      Apply manifests, by server-side apply
  create     Create the objects in manifests
  replace    Replace the objects in manifests
  diff       Show what apply would change
  delete     Delete the objects in manifests
  template   Print the decrypted manifests; needs no cluster

Commands that work on encrypted files:
  edit       Edit a manifest; data of Secrets is shown decoded
  new        Create an encrypted manifest of a Secret; needs no cluster
  fetch      Write a Secret of the cluster to an encrypted file

Flags of apply, create, replace, diff, delete and template:
  -f FILE               File or folder, - for standard input; repeatable, or a
                        list with commas
  -R                    Also use the folders in a folder
  -k DIR                Use what "kubectl kustomize DIR" prints
  --client-side         apply and diff: not by server-side apply, which keeps
                        values out of the last-applied annotation
  --leafseal-plain-ok   Accept a Secret in plain text although a rule in
                        .sops.yaml would encrypt it

  All other flags are those of the kubectl command, such as -n and --dry-run.
  They go after "leafseal": kubectl leafseal apply -n shop -f secrets.yaml
  "kubectl leafseal COMMAND --help" shows the flags of one command.

Examples:
  kubectl leafseal apply -f deploy/
  kubectl leafseal diff -f db.enc.yaml,cache.enc.yaml -n shop
  kubectl leafseal new secret db --from-file=password.txt -o db.enc.yaml
  kubectl leafseal edit db.enc.yaml
"""

HANDED_ON = ("apply", "create", "replace", "diff", "delete")
"""The commands of kubectl that get decrypted manifests."""

OWN = ("edit", "new", "fetch")
"""Our commands, with options of their own."""

COMMANDS = (*HANDED_ON, "template", *OWN)


def help_of(words: list[str]) -> str | None:
    """Return the help that words after `kubectl leafseal` ask for, in any place; None for that of our own commands."""
    if not words or words[0] in ("-h", "--help") or words == ["help"]:
        return HELP
    name = words[1] if words[0] == "help" else words[0]
    flags = words[: words.index("--")] if "--" in words else words
    is_asked = words[0] == "help" or "-h" in flags or "--help" in flags
    if is_asked and name in (*HANDED_ON, "template"):
        from leafseal.deploy.kubectl.command_usage import text_of  # which the help of all does without

        return text_of(name)
    return None
