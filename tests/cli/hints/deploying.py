"""Hints of the commands that deploy encrypted files; kubectl is replaced by a program that takes everything."""

from __future__ import annotations

from functools import partial

from .scenario import Scenario

_SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: db\nstringData:\n    password: swordfish\n"
_FILES = {"db.yaml": _SECRET}
_RULES = "creation_rules: [{age: ME, encrypted_regex: '^(data|stringData)$'}]\n"
_GENERATOR = "apiVersion: leafseal/v1alpha1\nkind: SecretGenerator\nmetadata: {{name: g{}}}\nmanifests: [db.yaml]\n"
_FUNCTION = ", annotations: {config.kubernetes.io/function: 'exec: {path: leafseal-krm}'}"
_APPLY = "kubectl apply -f db.yaml"
_NEW = "kubectl new secret db --age ME"
_scenario = partial(Scenario, files=_FILES, stage="at_kubectl")

SCENARIOS = [
    _scenario("cli.kubectl", 'see "kubectl leafseal --help"', "kubectl aply", ("kubectl --help", _APPLY)),
    _scenario(
        "cli.kubectl",
        "put it after the command: kubectl leafseal apply {} …",
        "kubectl -n shop apply -f db.yaml",
        ("kubectl apply -n shop -f db.yaml",),
    ),
    _scenario("cli.kubectl.handing_on", "add -f FILE, or -k DIR", "kubectl apply", (_APPLY,)),
    _scenario(
        "cli.kubectl.handing_on",
        'to create an encrypted one, write "kubectl leafseal new secret NAME"',
        "kubectl create secret generic db --from-literal=a=b",
        (f"{_NEW} --from-literal=a=b",),
    ),
    _scenario(
        "cli.kubectl.handing_on",
        "leave out -o",
        "kubectl template -o json -f db.yaml",
        ("kubectl template -f db.yaml",),
    ),
    _scenario(
        "cli.kubectl.handing_on", "leave out --save-config", "kubectl create --save-config -f db.yaml", (_APPLY,)
    ),
    _scenario(
        "cli.kubectl.handing_on",
        'use "kubectl leafseal edit" first',
        "kubectl create --edit -f app.yaml",
        ("kubectl edit app.yaml", "kubectl create -f db.yaml"),
        environ={"EDITOR": "true"},
    ),
    _scenario(
        "cli.kubectl.handing_on",
        'encrypt it with "leafseal encrypt -i FILE"; to use it in plain text, add {}',
        _APPLY,
        (f"{_APPLY} --leafseal-plain-ok", "encrypt -i db.yaml", _APPLY),
        files={**_FILES, ".sops.yaml": _RULES},
    ),
    _scenario(
        "cli.kubectl.handing_on",
        "leave it out of resources, and apply it with -f",
        "kubectl apply -k encrypted",
        ("kubectl apply -k .", "kubectl apply -f db.yaml"),
        before=("encrypt -i --age ME db.yaml",),
    ),
    _scenario(
        "deploy.kubectl.kustomize",
        'install kustomize, or delete the annotation "config.kubernetes.io/function" from the generator',
        "kubectl apply -k .",
        ({"g.yaml": _GENERATOR.format("")}, "kubectl apply -k ."),
        files={"kustomization.yaml": "generators: [g.yaml]\n", "g.yaml": _GENERATOR.format(_FUNCTION)},
        environ={"PATH": "HERE/../bin:/usr/bin:/bin"},
    ),
    _scenario("deploy.kubectl.words", "use only one of them", "kubectl apply -k . -f db.yaml", (_APPLY,)),
    _scenario(
        "deploy.kubectl.found",
        "download it, and give the file",
        "kubectl apply -f https://example.org/a.yaml",
        (_APPLY,),
    ),
    _scenario(
        "deploy.kubectl.process",
        "install kubectl, or set {} to its absolute path; a kubectl in the working tree is ignored",
        _APPLY,
        ("export PATH=HERE/../bin", _APPLY),
        environ={"PATH": "/nowhere"},
    ),
    _scenario(
        "cli.kubectl.encrypting",
        "add an ending, such as -o secret.yaml",
        f"{_NEW} --from-literal a=b -o yaml",
        (f"{_NEW} --from-literal a=b -o secret.yaml",),
    ),
    _scenario(
        "cli.kubectl.encrypting",
        "choose a name that ends in .yaml",
        f"{_NEW} --from-literal a=b -o secret.json",
        (f"{_NEW} --from-literal a=b -o secret.yaml",),
    ),
    _scenario(
        "cli.kubectl.encrypting",
        "add -o FILE, or a recipient, such as --age age1…",
        "kubectl new secret db --from-literal a=b",
        ("kubectl new secret db --from-literal a=b -o db.enc.yaml", f"{_NEW} --from-literal a=b"),
        files={".sops.yaml": _RULES},
    ),
    _scenario(
        "cli.kubectl.new",
        'write "kubectl leafseal new secret NAME", or "… secret tls NAME"',
        "kubectl new db --from-literal a=b",
        (f"{_NEW} --from-literal a=b",),
    ),
    _scenario(
        "cli.kubectl.new",
        "add --from-file FILE, --from-env-file FILE or --from-literal KEY=VALUE",
        _NEW,
        (f"{_NEW} --from-file db.yaml", f"{_NEW} --from-env-file a.env", f"{_NEW} --from-literal a=b"),
        files={"db.yaml": _SECRET, "a.env": "A=1\n"},
    ),
    _scenario(
        "cli.kubectl.new",
        "add --docker-username NAME --from-file password=FILE, or --from-file .dockerconfigjson=FILE",
        "kubectl new secret docker-registry hub --age ME",
        (
            "kubectl new secret docker-registry hub --age ME --docker-username NAME --from-file password=db.yaml",
            "kubectl new secret docker-registry hub --age ME --from-file .dockerconfigjson=db.yaml",
        ),
    ),
    _scenario(
        "cli.kubectl.new",
        "add --cert FILE --key FILE",
        "kubectl new secret tls web --age ME",
        ("kubectl new secret tls web --age ME --cert PEM --key PEM",),
    ),
    _scenario(
        "cli.kubectl.new",
        'use "kubectl leafseal new secret tls NAME"',
        f"{_NEW} --cert PEM --key PEM",
        ("kubectl new secret tls db --age ME --cert PEM --key PEM",),
    ),
    _scenario(
        "cli.kubectl.fetch",
        'write "kubectl leafseal fetch secret/NAME"',
        "kubectl fetch db --age ME",
        ("kubectl fetch secret/db --age ME",),
    ),
]
