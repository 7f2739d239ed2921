#!/bin/sh
# Builds the image. BuildKit gets the token as a file in memory, which leafseal deletes when the build has ended.
# Words after build.sh are further options of "docker build".
set -eu
cd "$(dirname "$0")"
exec leafseal exec --supervise -e build.env --file INDEX_TOKEN=INDEX_TOKEN -- \
  sh -c 'exec docker build --secret "id=index_token,src=$INDEX_TOKEN_FILE" "$@" .' sh "$@"
