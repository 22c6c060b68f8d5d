#!/bin/bash
# Makes an image that our Dockerfile takes for python:3.13-slim, from Debian 13's own Python.  python.sh TAG
#   DEBIAN_MIRROR  another mirror than debootstrap's default
# Needs root (for chroot) and Debian's package `debootstrap`; installs nothing on this machine.
set -euo pipefail

TAG=$1
DOCKER=${DOCKER:-docker}

fail() {
    echo "$0: $*" >&2
    exit 1
}

command -v debootstrap >/dev/null || fail "needs Debian's package debootstrap (or pull $TAG where a registry answers)"
[ "$(id -u)" = 0 ] || fail "needs root, since debootstrap works by chroot"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

echo "$TAG: a Debian root by debootstrap, about half a minute"
debootstrap --variant=minbase --include=ca-certificates,netbase,python3,python3-pip-whl,tzdata \
    trixie "$root" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$work/log" 2>&1 || { tail -5 "$work/log" >&2; fail "debootstrap failed"; }

# Like the official image: python and pip in /usr/local/bin, and pip free to install.
rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
for name in python python3 python3.13; do ln -sf /usr/bin/python3.13 "$root/usr/local/bin/$name"; done
chroot "$root" /bin/sh -c 'wheel=$(echo /usr/share/python-wheels/pip-*.whl) && python3 "$wheel/pip" install --quiet --no-index \
    --root-user-action=ignore --no-compile "$wheel"'

# Like the official image: apt fills no layer, and documents and translations are not shipped.
cat >"$root/etc/apt/apt.conf.d/docker-clean" <<CONF
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };
APT::Install-Recommends "false";
CONF
printf 'path-exclude /usr/share/%s/*\n' doc man locale info >"$root/etc/dpkg/dpkg.cfg.d/docker-nodoc"
rm -rf "$root"/usr/share/{doc,man,locale,info,python-wheels}/* "$root"/var/cache/apt/* "$root"/var/cache/debconf/* \
    "$root"/var/lib/apt/lists/* "$root"/var/log/*.log "$root"/var/log/apt "$root"/var/cache/apt/archives
find "$root/usr" -name __pycache__ -prune -exec rm -rf {} +
# The mirror's name resolution is this machine's own, not the image's.
: >"$root/etc/resolv.conf"
: >"$root/etc/hostname"

tar -C "$root" --numeric-owner --one-file-system -c . | "$DOCKER" import \
    --change 'CMD ["python3"]' --change 'LABEL daybook.local-base=1' \
    --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' - "$TAG" >/dev/null
echo "$TAG: made"
