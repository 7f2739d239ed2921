"""Hints about files that were changed, damaged, or mistaken for others."""

from __future__ import annotations

import re
from pathlib import Path

from .scenario import Scenario, Stage


def _one_part_twice(_: Stage) -> None:
    path = Path("f.yaml")
    first, second = re.findall("-----BEGIN.*?-----END", path.read_text(), re.DOTALL)
    path.write_text(path.read_text().replace(second, first))


SCENARIOS = [
    Scenario(
        "operations.unreadable",
        'encrypt it with "leafseal encrypt -i FILE"',
        "decrypt a.yaml",
        (
            "encrypt -i --age ME a.yaml",
            "decrypt a.yaml",
        ),
        files={"a.yaml": "a: 1\n"},
    ),
    Scenario(
        "operations.unreadable",
        (
            'to keep one of them, run "leafseal repair FILE"; to read both values, run "leafs'
            'eal decrypt --allow-duplicates --ignore-mac FILE"'
        ),
        "decrypt app.yaml",
        (
            "decrypt --allow-duplicates --ignore-mac app.yaml",
            "repair --yes --keep first app.yaml",
            "decrypt app.yaml",
        ),
        before=("! sed -i 's/^    port:.*/&\\n&/' app.yaml",),
    ),
    Scenario(
        "errors",
        ('see what changed with "git log -p"; "leafseal repair FILE" shows what is known, and mends it after asking'),
        "decrypt app.yaml",
        (
            "repair --yes app.yaml",
            "decrypt app.yaml",
        ),
        before=("! sed -i 's/^name_unencrypted: .*/name_unencrypted: other/' app.yaml",),
    ),
    Scenario(
        "operations.open",
        ("if you know what was changed, and to make it valid, add --ignore-mac --write-unverified"),
        "set app.yaml db.port 1",
        (
            "set --ignore-mac --write-unverified app.yaml db.port 1",
            "decrypt app.yaml",
        ),
        before=(
            "! sed -i 's/^    port: ENC.AES256_GCM,data:./&A/' app.yaml",
            "! sed -i 's/^name_unencrypted: .*/name_unencrypted: other/' app.yaml",
        ),
    ),
    Scenario(
        "operations.unreadable",
        'restore a version that has the metadata; "git log -p FILE" shows where it was lost',
        "decrypt app.yaml",
        (
            "! cp ../kept.yaml app.yaml",
            "decrypt app.yaml",
        ),
        before=(
            "! cp app.yaml ../kept.yaml",
            "! sed -i '/^sops:/,$d' app.yaml",
        ),
    ),
    Scenario(
        "operations.leaves",
        ('restore the file from Git; or remove the value with "leafseal repair FILE", then add it with "leafseal set"'),
        "decrypt app.yaml",
        (
            "repair --yes --remove app.yaml",
            "set app.yaml db.port 5432",
            "decrypt app.yaml",
        ),
        before=("! sed -i 's/^    port: ENC.AES256_GCM,data:./&A/' app.yaml",),
    ),
    Scenario(
        "operations.leaves",
        "save the file as UTF-8 without a byte order mark, or restore it from Git",
        "decrypt f.env",
        (
            "! sed -i '1s/^...//' f.env",
            "decrypt f.env",
        ),
        files={"f.env": "A=1\n"},
        before=(
            "encrypt -i --age ME f.env",
            "! printf '\\357\\273\\277' | cat - f.env > g; mv g f.env",
        ),
    ),
    Scenario(
        "operations.leaves",
        (
            'see who changed it with "git log -p"; then restore the file, or encrypt the value with '
            '"leafseal repair --yes --encrypt FILE"'
        ),
        "decrypt app.yaml",
        ("repair --yes --encrypt app.yaml", "decrypt app.yaml"),
        before=("! sed -i 's/^    port:.*/    port: 1/' app.yaml",),
    ),
    Scenario(
        "operations.leaves",
        "delete the comment, or write it again without the ENC[…] text",
        "decrypt app.yaml",
        (
            "! sed -i '1s/.*/# settings/' app.yaml",
            "decrypt app.yaml",
        ),
        before=("! sed -i '1s/data:./&A/' app.yaml",),
    ),
    Scenario(
        "operations.encrypt",
        ("if it is an encrypted file that was damaged, restore it; to encrypt it as it is, add {}"),
        "encrypt --age ME f.yaml",
        ("encrypt --age ME --allow-tokens f.yaml",),
        files={"f.yaml": "a: ENC[AES256_GCM,data:aa==,iv:aa==,tag:aa==,type:str]\n"},
    ),
    Scenario(
        "operations.encrypt",
        'to change it, use "leafseal edit"; to encrypt it again, add {}',
        "encrypt --age ME v",
        ("encrypt --age ME --allow-tokens v",),
        files={"v": "x"},
        before=("encrypt -i --age ME v",),
    ),
    Scenario(
        "formats.common",
        'delete the one that does not belong to the values, then run "leafseal repair FILE"',
        "decrypt f.ini",
        (
            "! sed -i '1,/^$/d' f.ini",
            "repair --yes f.ini",
            "decrypt f.ini",
        ),
        files={"f.ini": "[a]\nb = 1\n"},
        before=(
            "encrypt -i --age ME f.ini",
            "! (printf '[sops]\\nmac = x\\n\\n'; cat f.ini) > g; mv g f.ini",
        ),
    ),
    Scenario(
        "formats.binary",
        "if the file has another format, add it, such as --input-type yaml",
        "decrypt --input-type binary v",
        ("decrypt --input-type yaml v",),
        before=("! cp app.yaml v",),
    ),
    Scenario(
        "metadata",
        "add the version that wrote the file, such as 3.13.2",
        "decrypt app.yaml",
        (
            "! sed -i 's/^sops:/&\\n    version: 3.13.2/' app.yaml",
            "decrypt app.yaml",
        ),
        before=("! sed -i '/^    version:/d' app.yaml",),
    ),
    Scenario(
        "metadata.weak_types",
        'restore the line from Git; "git log -p FILE" shows where it was changed',
        "decrypt app.yaml",
        (
            "! cat line >> app.yaml",
            "decrypt app.yaml",
        ),
        before=("! grep lastmodified app.yaml > line", "! sed -i '/lastmodified/d' app.yaml"),
    ),
    Scenario(
        "operations.rekey",
        "use the program that added them; or, to lock these keys out, delete {} from the sops metadata",
        "rotate -i app.yaml",
        (
            "! sed -i '/future_kms/,+1d' app.yaml",
            "rotate -i app.yaml",
            "decrypt app.yaml",
        ),
        before=("! sed -i 's/^sops:/&\\n    future_kms:\\n      - {id: k, enc: abc}/' app.yaml",),
    ),
    Scenario(
        "metadata",
        "write the version that wrote the file, such as 3.13.2",
        "decrypt app.yaml",
        (
            "! sed -i 's/^    version:.*/    version: 3.13.2/' app.yaml",
            "decrypt app.yaml",
        ),
        before=("! sed -i 's/^    version:.*/    version: new/' app.yaml",),
    ),
    Scenario(
        "operations.unreadable",
        'the sops metadata was changed or cut off: restore it from Git; "git log -p FILE" shows where',
        "decrypt app.yaml",
        (
            "! cp whole.yaml app.yaml",
            "decrypt app.yaml",
        ),
        before=("! cp app.yaml whole.yaml", "! sed -i '/recipient:/,$d' app.yaml"),
    ),
    Scenario(
        "operations.unreadable",
        "this is an encrypted {} file: add --input-type {}",
        "decrypt app.json",
        ("decrypt --input-type yaml app.json",),
        before=("! mv app.yaml app.json",),
    ),
    Scenario(
        "operations.unreadable",
        'restore the file from Git: it is an encrypted one that was cut off; "git log -p FILE" shows where',
        "decrypt app.yaml",
        (
            "! cp whole.yaml app.yaml",
            "decrypt app.yaml",
        ),
        before=("! cp app.yaml whole.yaml", "! head -c 100 whole.yaml | sed 's/: ENC/: \"ENC/' > app.yaml"),
    ),
    Scenario(
        "operations.unreadable",
        'delete the one that does not belong to the values, then run "leafseal repair FILE"',
        "decrypt app.yaml",
        (
            "! cp whole.yaml app.yaml",
            "repair app.yaml",
            "decrypt app.yaml",
        ),
        before=("! cp app.yaml whole.yaml", "! sed -n '/^sops:/,$p' whole.yaml >> app.yaml"),
    ),
    Scenario(
        "providers.wrapped",
        'restore the file from Git; "git log -p FILE" shows where this key was changed',
        "decrypt app.yaml",
        (
            "! cp whole.yaml app.yaml",
            "decrypt app.yaml",
        ),
        before=("! cp app.yaml whole.yaml", "! sed -i 's/-----BEGIN AGE.*/-----BEGIN/' app.yaml"),
    ),
    Scenario(
        "metadata.weak_types",
        "put it in quotes",
        "decrypt app.yaml",
        (
            "! sed -i 's/^    version:.*/    version: \"3.13.2\"/' app.yaml",
            "decrypt app.yaml",
        ),
        before=("! sed -i 's/^    version:.*/    version: 2026-01-01/' app.yaml",),
    ),
    Scenario(
        "cli.verify",
        (
            'restore the file from Git; or remove these values with "leafseal repair", then a'
            'dd new ones with "leafseal set"'
        ),
        "verify app.yaml",
        (
            "repair --yes --remove app.yaml",
            "set app.yaml db.port 5432",
            "verify app.yaml",
        ),
        before=(
            "! sed -i 's/^    port: ENC.AES256_GCM,data:./&A/' app.yaml",
            "! sed -i 's/^    password: ENC.AES256_GCM,data:./&A/' app.yaml",
        ),
    ),
    Scenario(
        "cli.repair",
        "to keep one of them, add --keep first or --keep last",
        "repair --yes app.yaml",
        (
            "repair --yes --keep first app.yaml",
            "decrypt app.yaml",
        ),
        before=("! sed -i 's/^    port:.*/&\\n    port: x/' app.yaml",),
    ),
    Scenario(
        "cli.repair",
        'to remove these values, add --remove; after that, "leafseal set" adds new ones',
        "repair --yes app.yaml",
        (
            "repair --yes --remove app.yaml",
            "set app.yaml db.port 5432",
            "decrypt app.yaml",
        ),
        before=("! sed -i 's/^    port: ENC.AES256_GCM,data:./&A/' app.yaml",),
    ),
    Scenario(
        "cli.repair",
        "the rule in the metadata was changed: restore the metadata from Git",
        "repair --yes app.yaml",
        (
            "! cp ../kept.yaml app.yaml",
            "decrypt app.yaml",
        ),
        before=(
            "! cp app.yaml ../kept.yaml",
            "! sed -i 's/^    unencrypted_suffix:.*/    encrypted_regex: nothing/' app.yaml",
        ),
    ),
    Scenario(
        "operations.seal",
        'choose a pattern that is not part of them, or begin it with "^ ", the blank after "#"',
        "encrypt --age ME --unencrypted-comment-regex data f.yaml",
        ("encrypt --age ME --unencrypted-comment-regex '^ data' f.yaml",),
        files={"f.yaml": "# x\na: 1\n"},
    ),
    Scenario(
        "operations.repair",
        'restore the file from Git: "git log -p FILE" shows its versions',
        "repair --yes --remove f.env",
        (
            "! cp ../kept.env f.env",
            "decrypt f.env",
        ),
        files={
            "f.env": (
                "A0=1\nA1=1\nA2=1\nA3=1\nA4=1\nA5=1\nA6=1\nA7=1\nA8=1\nA9=1\nA10=1\nA11=1\nA12=1\nA13=1\nA14=1\n"
                "A15=1\nA16=1\nA17=1\nA18=1\nA19=1\nA20=1\nA21=1\nA22=1\nA23=1\nA24=1\nA25=1\nA26=1\nA27=1\nA2"
                "8=1\nA29=1\nA30=1\nA31=1\nA32=1\nA33=1\nA34=1\nA35=1\nA36=1\nA37=1\nA38=1\nA39=1\nA40=1\nA41="
                "1\nA42=1\nA43=1\nA44=1\nA45=1\nA46=1\nA47=1\nA48=1\nA49=1\nA50=1\nA51=1\nA52=1\nA53=1\nA54=1\n"
                "A55=1\nA56=1\nA57=1\nA58=1\nA59=1\nA60=1\nA61=1\nA62=1\nA63=1\nA64=1\nA65=1\nA66=1\nA67=1\nA6"
                "8=1\nA69=1\nA70=1\nA71=1\nA72=1\nA73=1\nA74=1\nA75=1\nA76=1\nA77=1\nA78=1\nA79=1\nA80=1\nA81="
                "1\nA82=1\nA83=1\nA84=1\nA85=1\nA86=1\nA87=1\nA88=1\nA89=1\nA90=1\nA91=1\nA92=1\nA93=1\nA94=1\n"
                "A95=1\nA96=1\nA97=1\nA98=1\nA99=1\nA100=1\nA101=1\n"
            )
        },
        before=(
            "encrypt -i --age ME f.env",
            "! cp f.env ../kept.env; sed -i 's/^A[0-9]*=ENC.AES256_GCM,data:./&A/' f.env",
        ),
    ),
    Scenario(
        "formats.binary",
        ("This is likely not an encrypted binary file? If not, use --output-type to select the correct output type."),
        "decrypt --output-type binary app.yaml",
        ("decrypt --output-type yaml app.yaml",),
    ),
    Scenario(
        "cli.repair",
        ("to remove these values, add --remove; to encrypt those in plain text as they are, add --encrypt"),
        "repair --yes app.yaml",
        (
            "repair --yes --encrypt app.yaml",
            "decrypt app.yaml",
        ),
        before=("! sed -i 's/^    port:.*/    port: 1/' app.yaml",),
    ),
    Scenario(
        "cli.shared.options",
        "use only one of them",
        "decrypt --ignore-mac --require-structure app.yaml",
        (
            "decrypt --ignore-mac app.yaml",
            "decrypt --require-structure app.yaml",
        ),
    ),
    Scenario(
        "operations.structure",
        'check it with "git log -p"; then "leafseal rotate -i FILE" covers it',
        "decrypt --require-structure f.env",
        (
            "rotate -i f.env",
            "decrypt --require-structure f.env",
        ),
        files={"f.env": "A=1\n"},
        before=(
            "encrypt -i --age ME f.env",
            "! sed -i '/^sops_leafseal__map_structure1_/d' f.env",
        ),
    ),
    Scenario(
        "errors",
        ('see what changed with "git log -p"; "leafseal repair FILE" shows what is known, and mends it after asking'),
        "decrypt app.yaml",
        (
            "repair --yes app.yaml",
            "decrypt app.yaml",
        ),
        before=("! sed -i 's/^empty:/other:/' app.yaml",),
    ),
    Scenario(
        "operations.repair",
        'delete its lines in a text editor, then run "leafseal repair FILE" again',
        "repair --yes --remove f.yaml",
        ("! sed -i -e '1,2d' -e 's/[*]x/a/' f.yaml", "repair --yes f.yaml", "decrypt f.yaml"),
        files={"f.yaml": "? &x a\n: v\nb_unencrypted: *x\nc: d\n"},
        before=("encrypt -i --age ME f.yaml", "! sed -i '2s/data:Z/data:Y/;t;2s/data:./data:Z/' f.yaml"),
    ),
    Scenario(
        "cli.repair",
        'undo the change that broke it; "git log -p FILE" shows the changes',
        "repair f.yaml",
        ("! cp ../committed.yaml f.yaml", "verify f.yaml"),
        files={"f.yaml": "a: 1\n"},
        before=("encrypt -i --age ME f.yaml", "! cp f.yaml ../committed.yaml; sed -i s/^a:/b:/ f.yaml"),
        stage="at_terminal",
    ),
    Scenario(
        "operations.open",
        'restore the file from Git; if sops converted it from another format, use "leafseal sops decrypt"',
        "decrypt f.env",
        ("sops decrypt f.env",),
        files={"f.yaml": "a: 1.5\n"},
        before=(
            "sops encrypt --age ME --output-type dotenv --output f.env f.yaml",
            "! sed -i '/structure/d' f.env",  # as sops itself writes it
        ),
    ),
    Scenario(
        "metadata",
        "restore the file from Git",
        "decrypt app.yaml",
        ("! cp ../committed.yaml app.yaml", "decrypt app.yaml"),
        before=("! cp app.yaml ../committed.yaml; sed -i 's/structure[0-9]*_t/structure_t/' app.yaml",),
    ),
    Scenario(
        "keys.groups",
        "restore the file from Git: its key groups were changed",
        "decrypt f.yaml",
        ("! cp ../committed.yaml f.yaml", "decrypt f.yaml"),
        files={
            "f.yaml": "a: 1\n",
            ".sops.yaml": "creation_rules:\n  - key_groups:\n      - age: [ME]\n      - age: [ME]\n",
        },
        before=("encrypt -i f.yaml", "! cp f.yaml ../committed.yaml", _one_part_twice),
    ),
    Scenario(
        "formats.yaml.emitter",
        "remove them from the comment",
        "decrypt --output-type yaml f.env",
        ("edit f.env", "decrypt --output-type yaml f.env"),
        files={"f.env": "# a\x01\nA=1\n"},
        before=("encrypt -i --age ME f.env", "! printf '#!/bin/sh\nsed -i 1d $1\n' > ../ed; chmod +x ../ed"),
        environ={"EDITOR": "HERE/../ed"},
    ),
    Scenario(
        "formats.common",
        "raise the limit with --max-file-size if this is meant",
        "decrypt --max-file-size 9000 f.json",
        ("decrypt --max-file-size 1M f.json",),
        files={"f.json": '{"a": ' + "[" * 150 + "1" + "]" * 150 + "}"},
        before=("encrypt -i --age ME f.json",),
    ),
    Scenario(
        "formats",
        "raise the limit with --max-file-size if this is meant",
        "edit --max-file-size 5K app.yaml",
        ("edit --max-file-size 1M app.yaml",),
        before=(
            '! echo "z: $(printf %06000d 1)" > ../big; printf "#!/bin/sh\\ncp HERE/../big \\$1\\n" > ../ed',
            "! chmod +x ../ed",
        ),
        environ={"EDITOR": "HERE/../ed"},
    ),
]
