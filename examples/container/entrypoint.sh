#!/bin/sh
# Writes the files of render.yaml into memory, then becomes the program that is named, with the variables of secrets.env.
# If anything does not decrypt, nothing starts.
set -eu
leafseal render --to /run/bookshop/files --map /app/render.yaml
exec leafseal exec -e /app/secrets.env -- "$@"
