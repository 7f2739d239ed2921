"""`sops completion`: scripts that have a shell ask this program what can follow (sops-cli §4.14)."""

from __future__ import annotations

from leafseal.sops.syntax.grammar import Arguments
from leafseal.system import terminal

# The word being typed is handed over where it is an option, else an empty one in its place: of what is offered, the
# shell itself drops what does not fit.

_BASH = """\
_sops_complete() {
  local current=${COMP_WORDS[COMP_CWORD]}
  local -a typed
  typed=("${COMP_WORDS[@]:0:COMP_CWORD}")
  typed[0]=${typed[0]/#\\~\\//"$HOME"/}
  if [[ $current == -* ]]; then
    typed+=("$current")
  else
    typed+=("")
  fi
  COMPREPLY=($(compgen -W "$("${typed[@]}" --generate-bash-completion 2>/dev/null)" -- "$current"))
}
complete -o bashdefault -o default -F _sops_complete sops
"""

_ZSH = """\
#compdef sops
_sops() {
  local current=${words[CURRENT]}
  local -a typed choices
  typed=("${(@)words[1,CURRENT-1]}")
  typed[1]=${~typed[1]}
  if [[ $current == -* ]]; then
    typed+=("$current")
  else
    typed+=("")
  fi
  choices=("${(@f)$(_CLI_ZSH_AUTOCOMPLETE_HACK=1 "${typed[@]}" --generate-bash-completion 2>/dev/null)}")
  if [[ -n $choices[1] ]]; then
    _describe 'values' choices
  else
    _files
  fi
}
if [[ $funcstack[1] == _sops ]]; then
  _sops "$@"
else
  compdef _sops sops
fi
"""


def bash(_arguments: Arguments) -> int:
    """Print the script for bash."""
    terminal.write_result(_BASH.encode())
    return 0


def zsh(_arguments: Arguments) -> int:
    """Print the script for zsh."""
    terminal.write_result(_ZSH.encode())
    return 0
