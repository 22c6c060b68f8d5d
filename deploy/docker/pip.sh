#!/bin/sh
# pip, with what the build was lent: neither file stays in a layer, nor do their values in the history.
#   ca_bundle  certificates (PEM) to trust, for an index of one's own or a proxy that opens TLS
#   pip_conf   a pip.conf, such as one with the address and password of an index
set -eu
secrets=/run/secrets
if [ -s $secrets/ca_bundle ]; then export PIP_CERT=$secrets/ca_bundle; fi
if [ -s $secrets/pip_conf ]; then export PIP_CONFIG_FILE=$secrets/pip_conf; fi
# Wheels only: a source distribution would run code of its own here.
export PIP_ONLY_BINARY=:all: PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_QUIET=1
case " $* " in
    *" install "*) set -- "$@" --no-compile ;;
esac
exec python -m pip "$@"
