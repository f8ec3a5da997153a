#!/bin/sh
# Brings the system packages that rramcirc needs: ngspice 44 or newer (with OSDI), libngspice, binutils, python3-venv.
# With the argument `tests` also chromium, in which the tests of the waveform page run. Does nothing when they are there.
# Works as root or with sudo on Debian 12 and newer; elsewhere says what to install.
set -eu

ngspice_ok() {
    version=$(ngspice --version 2>/dev/null | sed -n 's/.*ngspice-\([0-9][0-9]*\).*/\1/p' | head -n 1)
    [ -n "$version" ] && [ "$version" -ge 44 ]
}
library_ok() { ls /usr/lib/*/libngspice.so.0 /usr/lib/libngspice.so.0 /usr/local/lib/libngspice.so.0 2>/dev/null | grep -q .; }
venv_ok() { "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null; }

missing=""
ngspice_ok || missing="$missing ngspice"
library_ok || missing="$missing libngspice0"
command -v ld >/dev/null 2>&1 || missing="$missing binutils"
venv_ok || missing="$missing python3-venv"
[ "${1:-}" != tests ] || command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
[ -z "$missing" ] && exit 0

give_up() {
    echo "rramcirc needs:$missing (ngspice 44 or newer with OSDI). $1" >&2
    exit 3
}

[ -r /etc/os-release ] && . /etc/os-release
[ "${ID:-}" = debian ] && command -v apt-get >/dev/null 2>&1 ||
    give_up "This system is not Debian: install them with its package manager, then run make again."

suite=""
sources=/etc/apt/sources.list.d/rramcirc-backports.sources
if [ "${VERSION_ID:-13}" = 12 ]; then
    suite="-t ${VERSION_CODENAME}-backports"
fi
as_root=""
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 ||
        give_up "Run as root: apt-get update && apt-get install $suite$missing${suite:+ (after adding the suite ${VERSION_CODENAME}-backports to the apt sources)}"
    as_root="sudo"
fi

echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq || give_up "apt-get update failed; see above."
if [ -n "$suite" ] && ! apt-get indextargets --format '$(RELEASE)' | grep -q -- "-backports"; then
    # the mirror that this system uses already carries the backports suite beside the main one
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' | awk -v r="$VERSION_CODENAME" '$2 == r || $2 == "stable" || $2 == "oldstable" {print $1; exit}')
    [ -n "$mirror" ] || give_up "Add the suite ${VERSION_CODENAME}-backports to the apt sources, then run make again."
    printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
        "$mirror" "$VERSION_CODENAME" | $as_root tee "$sources" >/dev/null
    $as_root apt-get update -qq || give_up "apt-get update failed; see above."
fi
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $suite $missing || give_up "apt-get install failed; see above."
ngspice_ok || give_up "The ngspice that was installed is too old: $(ngspice --version 2>/dev/null | grep -o 'ngspice-[0-9]*' | head -n 1)."
