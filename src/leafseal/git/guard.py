"""The guard: a clean filter that passes bytes through, and fails `git add` of plain text that must be encrypted.

Git runs it for every file that it covers, so a shell looks first. An encrypted file passes there, without a Python and
even where leafseal is gone. Anything else is judged by leafseal, with the bytes that Git was given, which need not be
those of the work tree.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from leafseal.git.attributes import DRIVER, KEPT
from leafseal.git.repository import Repository
from leafseal.system import files
from leafseal.system.programs import ProgramError, output_of

UNDO = f"git config --local --remove-section filter.{DRIVER}; git config --local --remove-section filter.{KEPT}"
"""What removes the guard where there is no leafseal to do it."""

SCRIPT_NAME = "leafseal-guard"
"""The file with the shell's half, in what all work trees of a clone share."""

_MOST = 1 << 26  # bytes that are judged; what is larger is no file that leafseal encrypts

# A script, because Git shows what it ran when that fails. Plain text stays in memory: one copy goes to Git as it comes,
# the other to awk, which keeps it until it knows enough.
SCRIPT = rf"""# Written by "leafseal git setup --protect", for files with filter={DRIVER} or filter={KEPT}.
# Encrypted files pass here; leafseal is asked about all others. To remove it without leafseal:
# {UNDO}

guard() {{
    LEAFSEAL_FILE=$1 LEAFSEAL_PARENT=$PPID LEAFSEAL_IS_KEPT=
    export LEAFSEAL_FILE LEAFSEAL_PARENT LEAFSEAL_IS_KEPT LEAFSEAL_ASK
    {{ tee /dev/fd/3 | look >&2; }} 3>&1
}}

# The same for files that may be plain text, unless the index has them encrypted.
guard_kept() {{
    LEAFSEAL_FILE=$1 LEAFSEAL_PARENT=$PPID
    LEAFSEAL_IS_KEPT='exec git --literal-pathspecs grep --cached --threads=1 -q --no-textconv \
        -F -e "ENC[AES256_GCM," -- "$LEAFSEAL_FILE" 2>/dev/null'
    export LEAFSEAL_FILE LEAFSEAL_PARENT LEAFSEAL_IS_KEPT LEAFSEAL_ASK
    unset GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS
    {{ tee /dev/fd/3 | look >&2; }} 3>&1
}}

LEAFSEAL_ASK='
if command -v {DRIVER} >/dev/null; then exec {DRIVER} git guard --parent="$LEAFSEAL_PARENT" -- "$LEAFSEAL_FILE"; fi
cat >/dev/null
printf "%s" "{DRIVER}: error: $LEAFSEAL_FILE: " | tr -d "\\000-\\037\\177"
echo "not encrypted, and {DRIVER} is not on PATH to tell whether it must be"
echo "{DRIVER}: hint: install {DRIVER}, or remove the guard: {UNDO}"
exit 1'

look() {{
    LC_ALL=C awk '
        /ENC\[AES256_GCM,/ {{ token = 1 }}
        /lastmodified/ {{ metadata = 1 }}
        /unresolved|^<<<<<<</ {{ conflict = 1 }}
        {{ if ((size += length($0) + 1) < {_MOST}) line[++kept] = $0 }}
        END {{
            if (NR == 0 || token && metadata && !conflict) exit 0
            if (!conflict && ENVIRON["LEAFSEAL_IS_KEPT"] && system(ENVIRON["LEAFSEAL_IS_KEPT"])) exit 0
            ask = ENVIRON["LEAFSEAL_ASK"]
            for (i = 1; i <= kept; i++) print line[i] | ask
            exit close(ask) != 0
        }}'
}}
"""

_FIND = f'd=.git; test -f $d/{SCRIPT_NAME} || d=$(git rev-parse --git-common-dir); . "$d/{SCRIPT_NAME}"'

FILTERS: Mapping[str, str] = {
    f"filter.{name}.{setting}": value
    for name, function in ((DRIVER, "guard"), (KEPT, "guard_kept"))
    # Without `smudge` a checkout of these files would fail, as `required` says; without that, a failing filter passes.
    for setting, value in (("clean", f"{_FIND}; {function} %f"), ("smudge", "cat"), ("required", "true"))
}
"""What a clone's configuration says of the guard."""


def place(repository: Repository) -> bool:
    """Write the shell's half; tell whether it was not there as it should be."""
    path = os.path.join(repository.common_dir, SCRIPT_NAME)
    if is_placed(repository):
        return False
    if os.path.lexists(path):
        os.unlink(path)
    files.create(path, SCRIPT.encode())
    return True


def is_placed(repository: Repository) -> bool:
    """Tell whether the shell's half is there, as this version writes it."""
    try:
        with open(os.path.join(repository.common_dir, SCRIPT_NAME), "rb") as file:
            return file.read() == SCRIPT.encode()
    except OSError:
        return False


def displace(repository: Repository) -> None:
    """Delete the shell's half."""
    path = os.path.join(repository.common_dir, SCRIPT_NAME)
    if os.path.lexists(path):
        os.unlink(path)


_READERS = {"diff", "status", "blame", "describe"}
"""What Git filters files for in order to compare them, not to keep them."""

_WITH_VALUE = {"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env", "--super-prefix"}


def only_reads(process: int) -> bool:
    """Tell whether a process is a Git that compares files and keeps nothing of them.

    Git does not tell its filters, and `git diff` has to go on while a file is decrypted for a moment.
    """
    words = _arguments(process)
    if not words or os.path.basename(words[0]).removesuffix(".exe") != "git":
        return False
    rest = iter(words[1:])
    for word in rest:
        if word in _WITH_VALUE:
            next(rest, None)
        elif not word.startswith("-"):
            return word in _READERS
    return False


def _arguments(process: int) -> list[str]:
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            return os.fsdecode(file.read()).split("\0")[:-1]
    except OSError:
        pass
    try:
        told = output_of(["ps", "-o", "args=", "-p", str(process)], os.environ, seconds=5, limit=1 << 16)
    except ProgramError:
        return []
    return os.fsdecode(told).split()
