#!/bin/sh
# Builds the release binaries and measures them: `make bench`. Options go to `phantom-bench run`,
# as in `bench/run.sh --rounds 3`. PHANTOM_PROFILE=thin measures another build of the gateway. What is measured, and how to read it: docs/performance.md.
set -eu
case "${1:-}" in
    -h | --help)
        sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
        cat <<'END'
--phantom FILE    another build of the gateway, which is not built then; the tool that measures is
--nginx FILE      another nginx
--directory DIR   where configurations, logs and the summary go (target/bench)
--rounds N        rounds of each contender, in turn (7)
--requests N      a round's requests to each contender (60000)
--connections N   connections of the load (32)
--rate N          requests a second where latency is measured (5000)
--seconds N       a round's time at that rate (5)
--tokens N        tokens where memory is measured (50000)
--misses N        a round's requests that each bring a new token (20000)
--gateway-core N  processor of what is measured, from 0 (0)
--load-core N     processor of the load (1)
--only-misses     the price of a token that was never seen, alone
--only-managed    managed APIs and the pages, alone
--strict          an exit code of failure where a target is missed
END
        exit 0
        ;;
esac
cd "$(dirname "$0")/.."

script=run.sh
kind() {
    case "$1" in
        --rounds | --requests | --connections | --rate | --seconds | --tokens | --misses) echo count ;;
        --gateway-core | --load-core) echo core ;;
        --phantom | --nginx) echo program ;;
        --directory) echo folder ;;
        --only-misses | --only-managed | --strict) echo flag ;;
        *) echo unknown ;;
    esac
}
. bench/arguments
check_arguments "$@"

if ! command -v nginx >/dev/null 2>&1; then
    echo "bench: installing nginx, the yardstick" >&2
    as_root=""
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get update -q
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        nginx-light
    # The package may have started its service: not ours to measure, and on port 80 for no reason.
    if [ -s /run/nginx.pid ]; then
        $as_root kill -QUIT "$(cat /run/nginx.pid)" || true
    fi
fi
for tool in nginx taskset setpriv; do
    command -v "$tool" >/dev/null 2>&1 || { echo "bench: $tool is missing" >&2; exit 1; }
done

# The gateway as it is released; the tool that measures it needs no whole-program link of its own.
profile="${PHANTOM_PROFILE:-release}"
case " $* " in
    *" --phantom"*) ;;
    *) cargo build --profile "$profile" --locked -p phantom ;;
esac
cargo build --profile thin --locked -p phantom-bench
target="${CARGO_TARGET_DIR:-target}"
case " $* " in
    *" --phantom"*) ;;
    *) set -- --phantom "$target/$profile/phantom" "$@" ;;
esac
exec "$target/thin/phantom-bench" run "$@"
