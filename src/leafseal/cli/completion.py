"""`leafseal completion`."""

from __future__ import annotations

from leafseal.cli.shared.declarations import Choice, argument, command
from leafseal.system import terminal

# The words go through a pipe, as one of them may be a value. What is offered may be a name that somebody else wrote:
# each script, or its shell, quotes it before it gets into the line.

_BASH = r"""_leafseal() {
    local line kind current=${COMP_WORDS[COMP_CWORD]}
    local -a answer
    COMPREPLY=()
    mapfile -t answer < <(printf '%s\0' "${COMP_WORDS[@]:1:COMP_CWORD}" | VARIABLE=bash command leafseal 2>/dev/null)
    kind=${answer[0]-}
    case $kind in
        files) compopt -o filenames -o default 2>/dev/null ;;
        folders) compopt -o filenames -o dirnames 2>/dev/null ;;
        programs) mapfile -t COMPREPLY < <(compgen -c -- "$current") ;;
        values)
            for line in "${answer[@]:1}"; do
                line=${line%%$'\t'*}
                # Within an open quote, words are as they are, if nothing in them ends the quote or is expanded there.
                # After other quotes Bash may put a word anywhere: only those do that mean nothing in any place.
                case $current in
                    [\"\']*[\"\']* | [!\"\']*[\"\']*) [[ $line != *[![:alnum:]_./-]* ]] || continue ;;
                    [\"\']*) [[ $line != *[\'\"\\\$\`!]* ]] || continue ;;
                    *) printf -v line %q "$line" ;;
                esac
                COMPREPLY+=("$line")
            done ;;
    esac
}
complete -F _leafseal leafseal
"""

_ZSH = r"""#compdef leafseal
_leafseal() {
    local line kind
    local -a answer names texts
    answer=("${(@f)$(print -rN -- "${(@Q)words[2,CURRENT]}" | VARIABLE=zsh command leafseal 2>/dev/null)}")
    kind=$answer[1]
    case $kind in
        files) _files ;;
        folders) _files -/ ;;
        programs) _command_names -e ;;
        values)
            for line in "${(@)answer[2,-1]}"; do
                names+=("${line%%$'\t'*}")
                texts+=("${line/$'\t'/  -- }")
            done
            if [[ $answer[2] == *$'\t'* ]]; then
                compadd -l -d texts -a names
            else
                compadd -a names
            fi ;;
    esac
}
if [[ $funcstack[1] == _leafseal ]]; then
    _leafseal "$@"
else
    compdef _leafseal leafseal
fi
"""

_FISH = r"""function __leafseal
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer (string join0 -- $words[2..-1] "$current" | env VARIABLE=fish leafseal 2>/dev/null)
    switch "$answer[1]"
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current"
        case programs
            __fish_complete_command
        case values
            string join \n -- $answer[2..-1]
    end
end
complete --command leafseal --no-files --arguments '(__leafseal)'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


@command("completion")
@argument("shell", type=Choice(tuple(_SCRIPTS)))
def completion(shell: str) -> None:
    """Print a script with which your shell completes commands, options, file names and paths of values.

    The script for zsh goes into a folder of $fpath, or is read after compinit.

    \b
    source <(leafseal completion bash)
    leafseal completion zsh > ~/.zfunc/_leafseal
    leafseal completion fish > ~/.config/fish/completions/leafseal.fish
    """
    from leafseal.cli.shared.completion import VARIABLE

    terminal.write_result(_SCRIPTS[shell].replace("VARIABLE", VARIABLE).encode())
