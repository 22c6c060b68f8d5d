#!/bin/bash
# Makes the cluster the first time, then becomes the server. Known settings, meant as in the official image:
#   POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE), POSTGRES_INITDB_ARGS, PGDATA,
#   and *.sql, *.sh in /docker-entrypoint-initdb.d, run once in the new database.
set -euo pipefail

# A secret comes as a value or as a file's content, never both.
read_secret() {
    local name=$1 file=$1_FILE
    [ -n "${!file:-}" ] || return 0
    [ -z "${!name:-}" ] || { echo "both $name and $file are set" >&2; exit 1; }
    export "$name"="$(<"${!file}")"
}

make_cluster() {
    [ -n "${POSTGRES_PASSWORD:-}" ] || { echo "POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE must be set" >&2; exit 1; }
    # shellcheck disable=SC2086  # several arguments in one setting
    initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
        ${POSTGRES_INITDB_ARGS:-} >/dev/null
    printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
    # Nobody outside meets the server before it is what they expect.
    pg_ctl --pgdata="$PGDATA" --options="-c listen_addresses=''" --wait start >/dev/null
    [ "$POSTGRES_DB" = postgres ] || createdb --username="$POSTGRES_USER" --maintenance-db=postgres "$POSTGRES_DB"
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        case $file in
            *.sql) psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --file="$file" ;;
            *.sh) bash "$file" ;;
        esac
    done
    pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop >/dev/null
}

case ${1:-} in
    -*) set -- postgres "$@" ;;
esac
if [ "${1:-}" = postgres ]; then
    if [ "$(id -u)" = 0 ]; then
        mkdir -p "$PGDATA" /var/run/postgresql
        chown -R postgres:postgres "$PGDATA" /var/run/postgresql
        chmod 700 "$PGDATA"
        exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
    fi
    export POSTGRES_USER=${POSTGRES_USER:-postgres}
    export POSTGRES_DB=${POSTGRES_DB:-$POSTGRES_USER}
    read_secret POSTGRES_PASSWORD
    [ -s "$PGDATA/PG_VERSION" ] || make_cluster
    unset POSTGRES_PASSWORD
    shift
    set -- postgres -c listen_addresses='*' "$@"
fi
exec "$@"
