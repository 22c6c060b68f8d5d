#!/bin/bash
# Builds the images of the services, and puts the list of what each holds (SBOM) into dist/sbom.
#   DOCKER         the client of an engine with BuildKit
#   PYTHON_IMAGE   the base; what is on this machine is not asked of a registry
#   VERSION        the tag; default: the project's version.  SOURCE: where the code is, for a label
#   CA_BUNDLE      certificates to trust while building.     PIP_CONF: a pip.conf with an index of one's own
set -euo pipefail
cd "$(dirname "$0")/../.."

DOCKER=${DOCKER:-docker}
PYTHON_IMAGE=${PYTHON_IMAGE:-python:3.13-slim}
VERSION=${VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml | head -1)}
REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)
export DOCKER_BUILDKIT=1

fail() {
    echo "$0: $*" >&2
    exit 1
}

"$DOCKER" version --format '{{.Server.Version}}' >/dev/null 2>&1 || fail "no Docker engine answers \`$DOCKER\`"
"$DOCKER" image inspect "$PYTHON_IMAGE" >/dev/null 2>&1 \
    || echo "$PYTHON_IMAGE is not here, so the engine asks its registry. If none answers: make base-images"

arguments=(--file deploy/Dockerfile --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE" --build-arg "VERSION=$VERSION")
arguments+=(--build-arg "REVISION=$REVISION" --build-arg "SOURCE=${SOURCE:-}")
[ -z "${CA_BUNDLE:-}" ] || arguments+=(--secret "id=ca_bundle,src=$CA_BUNDLE")
[ -z "${PIP_CONF:-}" ] || arguments+=(--secret "id=pip_conf,src=$PIP_CONF")

mkdir -p dist/sbom
for service in gateway enrichment-worker insights-worker; do
    image=daybook/$service:$VERSION
    echo "$image: building"
    "$DOCKER" build --quiet "${arguments[@]}" --target "$service" --tag "$image" . >/dev/null \
        || fail "$image could not be built. No base image: make base-images. Certificates or an index of your own: deploy/README.md"
    "$DOCKER" run --rm --network none --entrypoint python "$image" -c \
        'print(open("/usr/share/sbom/sbom.cdx.json").read(), end="")' >"dist/sbom/$service.cdx.json"
    "$DOCKER" image inspect --format "$image: {{.Size}} bytes" "$image"
done
