"""`leafseal helm`, which is `helm leafseal` too."""

from __future__ import annotations

from leafseal.cli.shared.declarations import Group, command, option


@command("run", passes_on="arguments")
def run(arguments: list[str]) -> int:
    """Run any Helm command with encrypted value files: what "helm leafseal" does.

    The files of -f, --values and --set-file that are encrypted are decrypted in memory, all of them or none, before
    Helm starts. ? before a name means that the file may be missing. All other words reach Helm as they are, and so does
    a file in plain text. If a rule in .sops.yaml would encrypt something in it, Helm starts only with
    --leafseal-plain-ok.

    \b
    leafseal helm run upgrade shop ./chart -f values.yaml -f secrets.enc.yaml
    helm leafseal template ./chart -f "secrets.enc.yaml,?local.enc.yaml"
    helm leafseal diff upgrade shop ./chart --set-file tls.key=tls.enc.key
    """
    from leafseal.cli.helm import running

    return running.run(arguments)


@command("plugins")
@option("--helm", metavar="PROGRAM", help="The Helm to write plugins for [default: HELM_BIN, else helm on PATH].")
@option("--dir", "folder", metavar="DIR", help="Where to write them [default: the plugin folder of that Helm].")
@option("--secrets", is_flag=True, help="Also answer secrets:// of value files, in place of helm-secrets.")
@option("--force", is_flag=True, help="Replace plugins of these names that leafseal did not write.")
def plugins(helm: str | None, folder: str | None, secrets: bool, force: bool) -> None:
    """Write the plugins with which Helm runs leafseal: helm leafseal, leafseal:PATH, and the post-renderer.

    Helm is asked for its version: plugins for Helm 4 are not written where Helm 3 looks, which would load none then.

    \b
    leafseal helm plugins
    leafseal helm plugins --helm /opt/helm4/helm --dir ~/helm4-plugins --secrets
    """
    from leafseal.cli.helm import placing

    placing.place(helm, folder, with_secrets=secrets, force=force)


@command("getter", passes_on="arguments")
def getter(arguments: list[str]) -> int:
    """Print the decrypted value file that a URL names; Helm runs this for -f leafseal:PATH.

    A file in plain text is an error, unless the URL is leafseal:plain-ok!PATH. ? before the path means that the file
    may be missing. Absolute paths, .. and links out of the current folder are refused, unless LEAFSEAL_HELM_ALLOW
    lists absolute, parents or links. secrets://PATH is read as helm-secrets does.

    \b
    helm template ./chart -f leafseal:secrets.enc.yaml
    leafseal helm getter leafseal:secrets.enc.yaml
    """
    from leafseal.cli.helm import getting

    return getting.run(arguments)


@command("post-render")
def post_render() -> int:
    """Print manifests from standard input, decrypted; Helm runs this as its post-renderer.

    Encrypted manifests are decrypted, and ref+leafseal://FILE#/path/of/value becomes that value of an encrypted file.
    All other manifests stay as they are. If anything cannot be decrypted, nothing is printed. Files are restricted as
    for the getter, by LEAFSEAL_HELM_ALLOW. Helm 4 hides what a post-renderer says: errors are shown at the terminal,
    and written to the file that LEAFSEAL_ERROR_FILE names.

    \b
    helm template ./chart --post-renderer leafseal-post-renderer
    """
    from leafseal.cli.helm import rendering

    return rendering.run()


helm = Group(
    "helm",
    """Use encrypted value files and manifests with Helm 3 and 4.

    \b
    leafseal helm plugins
    helm leafseal upgrade shop ./chart -f values.yaml -f secrets.enc.yaml
    """,
    {"run": run, "plugins": plugins, "getter": getter, "post-render": post_render},
)
