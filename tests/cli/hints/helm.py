"""Hints about Helm: its value files, its getters and its plugins. `FAKE` is a program in its place."""

from __future__ import annotations

from functools import partial

from leafseal.cli.shared.files import read_one
from leafseal.cli.shared.options import InputOptions
from leafseal.deploy.helm.rendering import render
from leafseal.document.limits import DEFAULT_LIMITS
from leafseal.keys import Ambient
from leafseal.keys.ring import KeyRing

from .scenario import ELSEWHERE, Act, Scenario, Stage

_process = partial(Scenario, "deploy.helm.process", stage="at_helm")
_paths = partial(Scenario, "deploy.helm.paths")
_urls = partial(Scenario, "deploy.helm.urls")
_plugins = partial(Scenario, "deploy.helm.plugins", stage="at_helm", environ={"HELM_BIN": "FAKE"})
_placing = partial(Scenario, "cli.helm.placing", stage="at_helm", environ={"HELM_BIN": "FAKE"})

_GET = "helm getter leafseal:app.yaml"
_NEEDED_KEY = "export SOPS_AGE_KEY_FILE=HERE/keys.txt"
_KEY = {"keys.txt": "SECRET_ME\n"}
_OTHERS = "name: x\nversion: 1.0.0\ndownloaders: [{command: x, protocols: [secrets]}]\n"


def _render(reference: str) -> Act:
    """Return what has the post-renderer resolve a reference."""

    def run(_: Stage) -> None:
        text = f"apiVersion: v1\nkind: Secret\nmetadata: {{name: x}}\nstringData:\n  a: {reference}\n".encode()
        ring = KeyRing(Ambient.of_process())
        _, errors = render(text, ring, lambda name: read_one(name, InputOptions(), DEFAULT_LIMITS))
        if errors:
            raise errors[0]

    return run


_rendering = partial(Scenario, "deploy.helm.rendering")
_fixed = partial(Scenario, "cli.shared.failing", refused="helm run lint -f x.yaml", stage="at_helm")
_DEEP = f"about: sops\na: {'[' * 250}{']' * 250}\n"
_MANY_RECIPIENTS = """\
! awk '/- enc/ {inside = 1} inside && /^    [a-z]/ {inside = 0; for (i = 0; i < 1100; i++) printf "%s", block}
       inside {block = block $0 "\\n"; next} {print}' HERE/y.yaml > HERE/x.yaml
"""

SCENARIOS = [
    _rendering(
        'if it is from a value file, run "helm leafseal template", or write -f leafseal:PATH',
        _render("ENC[AES256_GCM,data:aa,iv:aa,tag:aa,type:str]"),
        ("helm run template ./chart -f app.yaml", "helm getter leafseal:app.yaml"),
        environ={"HELM_BIN": "FAKE"},
        stage="at_helm",
    ),
    _rendering(
        'encrypt it with "leafseal encrypt -i FILE"',
        _render("ref+leafseal://plain.yaml#/a"),
        ("encrypt -i --age ME plain.yaml", _render("ref+leafseal://plain.yaml#/a")),
        files={"plain.yaml": "a: b\n"},
    ),
    _rendering(
        "write {}{}",
        _render("ref+leafseal://key#/a"),
        (_render("ref+leafseal://key"),),
        files={"key": "x"},
        before=("encrypt -i --age ME key",),
    ),
    _rendering(
        "keep one document in a file that references name",
        _render("ref+leafseal://two.yaml#/a"),
        ({"two.yaml": "a: b\n"}, "encrypt -i --age ME two.yaml", _render("ref+leafseal://two.yaml#/a")),
        files={"two.yaml": "a: b\n---\nc: d\n"},
        before=("encrypt -i --age ME two.yaml", "! sed -i '/structure1_/d' HERE/two.yaml"),
    ),
    _rendering(
        "name one value in a reference",
        _render("ref+leafseal://app.yaml#/db"),
        (_render("ref+leafseal://app.yaml#/db/password"),),
    ),
    _fixed(
        "use a smaller file: a cluster takes about 1 MiB of what is in it",
        then=({"x.yaml": "a: b\n"}, "helm run lint -f x.yaml"),
        before=("! truncate -s 70M HERE/x.yaml",),
    ),
    _fixed(
        "use a file with fewer levels",
        then=({"x.yaml": "a: [b]\n"}, "helm run lint -f x.yaml"),
        files={"x.yaml": _DEEP},
    ),
    _fixed(
        'name fewer in .sops.yaml, then run "leafseal updatekeys --max-recipients 10000 FILE"',
        then=("updatekeys --max-recipients 10000 --yes x.yaml", "helm run lint -f x.yaml"),
        files={".sops.yaml": "creation_rules: [{age: ME}]\n", "y.yaml": "a: b\n"},
        before=("encrypt -i --age ME,OTHER y.yaml", _MANY_RECIPIENTS),
    ),
    _fixed(
        "give the file the ending of its format, such as .yaml or .json",
        refused="helm run lint -f app.json",
        then=("! mv HERE/app.json HERE/copy.yaml", "helm run lint -f copy.yaml"),
        before=("! cp HERE/app.yaml HERE/app.json",),
    ),
    _process(
        "install Helm, or set {} to its absolute path; a helm in the working tree is ignored",
        "helm plugins --dir out",
        ("export HELM_BIN=FAKE", "helm plugins --dir out"),
        environ={"PATH": "/nonexistent"},
    ),
    _paths(
        "use {}, {} and {}, separated by commas",
        _GET,
        ("export LEAFSEAL_HELM_ALLOW=absolute,parents,links", _GET),
        environ={"LEAFSEAL_HELM_ALLOW": "all"},
    ),
    _paths(
        "to allow it for all charts, set {}={}",
        "helm getter leafseal:HERE/app.yaml",
        ("export LEAFSEAL_HELM_ALLOW=absolute", "helm getter leafseal:HERE/app.yaml"),
    ),
    _urls(
        "write leafseal:PATH, such as leafseal:secrets.enc.yaml",
        "helm getter secrets.enc.yaml",
        (
            {"secrets.enc.yaml": "a: b\n"},
            "encrypt -i --age ME secrets.enc.yaml",
            "helm getter leafseal:secrets.enc.yaml",
        ),
    ),
    _urls(
        "write {}://KEYFILE?FILE",
        "helm getter secrets+age-import://keys.txt",
        ("! chmod 600 HERE/keys.txt", "helm getter secrets+age-import://keys.txt?app.yaml"),
        files=_KEY,
    ),
    _urls(
        "set SOPS_AGE_KEY_FILE for Helm, and name the file as secrets://FILE",
        "helm getter secrets+age-import://keys.txt?app.yaml",
        ("! chmod 600 HERE/keys.txt", _NEEDED_KEY, "helm getter secrets://app.yaml"),
        files=_KEY,
        environ={"HELM_SECRETS_ALLOW_AGE_IMPORT": "false"},
    ),
    _urls(
        "set GNUPGHOME for Helm, and name the file as secrets://FILE",
        "helm getter secrets+gpg-import://key.asc?app.yaml",
        ("export GNUPGHOME=HERE", "helm getter secrets://app.yaml"),
        environ={"HELM_SECRETS_ALLOW_GPG_IMPORT": "false"},
    ),
    _urls(
        "mount the Secret, and write secrets+gpg-import://KEYFILE?FILE",
        "helm getter secrets+gpg-import-kubernetes://ns/name#key?plain.yaml",
        ("helm getter secrets+gpg-import://KEYFILE?none",),
        code=ELSEWHERE,
    ),
    _urls(
        "mount the Secret, and write secrets+age-import://KEYFILE?FILE",
        "helm getter secrets+age-import-kubernetes://ns/name#key?app.yaml",
        ("! chmod 600 HERE/keys.txt", "helm getter secrets+age-import://keys.txt?app.yaml"),
        files=_KEY,
    ),
    _urls(
        "download it, and name the file",
        "helm getter secrets://https://example.org/app.yaml",
        ("helm getter secrets://app.yaml",),
    ),
    _urls("use the backend sops", "helm getter secrets://vals!app.yaml", ("helm getter secrets://sops!app.yaml",)),
    Scenario(
        "cli.helm.getting",
        "Helm gives it: helm template ./chart -f leafseal:FILE",
        "helm getter",
        (_GET,),
    ),
    Scenario(
        "cli.helm.getting",
        'encrypt it with "leafseal encrypt -i FILE", or write leafseal:{}{}',
        "helm getter leafseal:plain.yaml",
        (
            "helm getter leafseal:plain-ok!plain.yaml",
            "encrypt -i --age ME plain.yaml",
            "helm getter leafseal:plain.yaml",
        ),
        files={"plain.yaml": "a: b\n"},
    ),
    Scenario(
        "cli.helm.running",
        'encrypt it with "leafseal encrypt -i FILE"; to use it in plain text, add {}',
        "helm run lint -f plain.yaml",
        (
            "helm run lint -f plain.yaml --leafseal-plain-ok",
            "encrypt -i plain.yaml",
            "helm run lint -f plain.yaml",
        ),
        files={"plain.yaml": "a: b\n", ".sops.yaml": "creation_rules:\n  - age: ME\n"},
        stage="at_helm",
    ),
    _placing(
        "use Helm 3 or 4",
        "helm plugins --dir out",
        ("export FAKE_VERSION=v3.21.4", "helm plugins --dir out"),
        environ={"HELM_BIN": "FAKE", "FAKE_VERSION": "v2.17.0"},
    ),
    _placing("name one with --dir DIR", "helm plugins", ("helm plugins --dir out",)),
    _plugins(
        "remove {}, or place the plugins in another folder with --dir DIR",
        "helm plugins --dir out",
        ("helm plugins --dir other", "! rm -r HERE/out/leafseal-post-renderer", "helm plugins --dir out"),
        before=("helm plugins --dir out", "export FAKE_VERSION=v3.21.4"),
    ),
    _placing(
        "choose another folder with --dir DIR, and set HELM_PLUGINS to it for Helm 4",
        "helm plugins --dir out",
        ("helm plugins --dir other", "export HELM_PLUGINS=HERE/other"),
        files={"../others/helm3": "#!/bin/sh\ncase $1 in version) echo v3.1.0 ;; env) echo HERE/out ;; esac\n"},
        before=("! chmod +x HERE/../others/helm3", "export PATH=HERE/../others:/usr/bin:/bin"),
    ),
    _plugins(
        "remove {}",
        "helm plugins --dir out",
        ("! rm -r HERE/out/old", "helm plugins --dir out"),
        files={"out/old/plugin.yaml": "name: leafseal\nversion: 1.0.0\n"},
    ),
    _plugins(
        "add --force to replace it",
        "helm plugins --dir out",
        ("helm plugins --dir out --force",),
        files={"out/leafseal/plugin.yaml": "name: leafseal\nversion: 1.0.0\n"},
    ),
    _plugins(
        "remove it before you add --secrets, or leave out --secrets",
        "helm plugins --dir out --secrets",
        ("helm plugins --dir out", "! rm -r HERE/out/x", "helm plugins --dir out --secrets"),
        files={"out/x/plugin.yaml": _OTHERS},
    ),
]
