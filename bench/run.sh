#!/bin/sh
# Builds the release binaries and measures them: `make bench`. Options go to `phantom-bench run`,
# as in `bench/run.sh --rounds 3`. PHANTOM_PROFILE=thin measures another build of the gateway. What is measured, and how to read it: docs/performance.md.
set -eu
case "${1:-}" in
    -h | --help)
        sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
        echo "--rounds N       rounds of each contender, in turn"
        echo "--only-misses    the price of a token that was never seen, alone"
        echo "--only-managed   managed APIs, alone"
        echo "--phantom FILE   another build of the gateway, which is not built then"
        echo "The others: target/thin/phantom-bench run --help, once it is built."
        exit 0
        ;;
esac
cd "$(dirname "$0")/.."

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
