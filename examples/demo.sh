#!/usr/bin/env bash
# The main job, on copies of examples/app in a temporary folder with a throw-away key. Run it with `make demo`.
# Nothing outside that folder is read or written: no home, no keys, no configuration of Git.
set -euo pipefail

command -v leafseal >/dev/null || { echo 'demo: leafseal is not on PATH; "make demo" installs it' >&2; exit 1; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/leafseal-demo.XXXXXX")
trap 'status=$?; rm -rf "$work"; [ "$status" = 0 ] || echo "demo: failed with exit code $status" >&2; exit "$status"' EXIT

# A clean environment: only PATH, the language and the terminal come along.
for name in $(compgen -e); do
    case $name in PATH | LANG | LC_* | TERM | TMPDIR | SHLVL | PWD) ;; *) unset "$name" ;; esac
done
export HOME=$work/home GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat
export GIT_AUTHOR_NAME=Demo GIT_AUTHOR_EMAIL=demo@example.org GIT_COMMITTER_NAME=Demo GIT_COMMITTER_EMAIL=demo@example.org
mkdir -p "$HOME" "$work/shop" "$work/bin"

heading() { printf '\n\n== %s\n' "$*"; }
show() { printf '\n$ %s\n' "$*"; "$@"; }
# Tokens are long, and their middle says nothing.
shorten() { sed -E 's/(data:[^,]{1,6})[^,]*,iv:[^,]*,tag:[^,]*,/\1…,/; s/(age1.{8})[a-z0-9]{40,}/\1…/'; }

cp -R "$here"/app/. "$work/shop/"
cd "$work/shop"
rm -rf __pycache__
git init --quiet --initial-branch=main .

heading '1. An identity of your own'
printf '\n$ leafseal keygen --append\n'
leafseal keygen --append 2>&1 | sed "s|$HOME|~|"
recipient=$(sed -n 's/^# public key: //p' "$HOME/.config/sops/age/keys.txt")

heading '2. For whom, and what: the configuration'
cat >.sops.yaml <<END
creation_rules:
  - path_regex: ^config\.yaml\$
    encrypted_regex: (?i)(password|secret|token|signing_key)
    age: $recipient
  - path_regex: ^secret\.yaml\$
    encrypted_regex: ^(data|stringData)\$
    age: $recipient
  - age: $recipient
END
show cat .sops.yaml

heading '3. Encrypt four files with one command'
cp config.yaml "$work/config.before.yaml"
show leafseal encrypt -i config.yaml secrets.env secret.yaml app.ini

heading '4. What Git sees: names, layout and comments stay, values do not'
git add .
git commit --quiet --message 'Settings of the bookshop'
printf '\n$ git show HEAD:config.yaml\n'
git show HEAD:config.yaml | shorten | sed '/^sops:/,$d'
printf '\n$ git show HEAD:secrets.env\n'
git show HEAD:secrets.env | shorten | sed '/^sops_/d'

heading '5. Edit: the editor here is a script that changes one password'
cat >"$work/bin/editor" <<'END'
#!/bin/sh
sed 's/correct horse battery staple/a new password/' "$1" >"$1.new" && cat "$1.new" >"$1" && rm "$1.new"
END
chmod +x "$work/bin/editor"
printf '\n$ leafseal edit config.yaml\n'
EDITOR=$work/bin/editor leafseal edit config.yaml
show git diff --stat
printf '\n$ git diff\n'
git diff --unified=0 | shorten
changed=$(git diff --unified=0 | grep -E '^\+[^+]' | grep -cvE '^\+ +(lastmodified|structure1_t[0-9a-f]+|mac):')
[ "$changed" = 1 ] || { echo "demo: $changed values changed where 1 was expected" >&2; exit 1; }
printf '\nOne line of values; the others are the time of the change, the digest of the structure and the MAC of the file.\n'

heading '6. Every other byte came back'
printf '\n$ leafseal decrypt config.yaml | diff config.before.yaml -\n'
leafseal decrypt config.yaml >"$work/config.after.yaml"
diff "$work/config.before.yaml" "$work/config.after.yaml" || [ $? = 1 ]

heading '7. Start a program with the secrets in its environment'
show leafseal exec-env secrets.env -- python worker.py

heading '8. Or read them in the program itself: import leafseal; leafseal.load("config.yaml")'
show python app.py

heading 'Done. The temporary folder, key included, is gone.'
