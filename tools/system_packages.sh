#!/bin/sh
# What pip cannot install: shared libraries that OpenCV and MediaPipe load, which a minimal Linux
# lacks; Debian also keeps what makes virtual environments in a package of its own. With `browser`,
# the browser that opens the report in tests; without it they are skipped.
# Installs what is missing where that is possible without asking; otherwise says the line to type.
#
#     sh tools/system_packages.sh [PYTHON] [browser]
set -eu
[ "$(uname -s)" = Linux ] || exit 0

packages=""
want() { # library file, Debian package
    ldconfig -p 2>/dev/null | grep -q "$1" || packages="$packages $2"
}
PATH="$PATH:/sbin:/usr/sbin"
want libGL.so.1 libgl1
want libEGL.so.1 libegl1
want libGLESv2.so.2 libgles2
want libgthread-2.0.so.0 libglib2.0-0
"${1:-python3}" -c "import ensurepip" 2>/dev/null || packages="$packages python3-venv"
if [ "${2:-}" = browser ] && [ -z "${CHROMIUM:-}" ]; then
    command -v chromium >/dev/null || packages="$packages chromium"
    want libatomic.so.1 libatomic1 # for the program that drives it
fi
[ -n "$packages" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of names
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >/dev/null
else
    echo "Missing system packages. Debian and Ubuntu: sudo apt-get install$packages" >&2
fi
