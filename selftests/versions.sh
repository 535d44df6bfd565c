#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The places that say which version this is agree.
# shellcheck source=lib.sh source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"
[ -f "$TOP/dkms.conf" ] || skip_all "no source tree around the tests"

version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$TOP/dkms.conf")
is "dkms.conf has one" "$(grep -Ec '^[0-9]+\.[0-9]+\.[0-9]+$' <<<"$version")" 1
is "module/version.h" \
	"$(sed -n 's/^#define NFLUA_VERSION[[:space:]]*"\(.*\)"/\1/p' "$TOP/module/version.h")" \
	"$version"
nfluactl=$TOP/build/userspace/nfluactl
[ -x "$nfluactl" ] || nfluactl=$(command -v nfluactl)
if [ -n "$nfluactl" ]; then
	is "nfluactl" "$("$nfluactl" version | sed -n '1s/^nfluactl \([^ ,]*\).*/\1/p')" "$version"
else
	skip "nfluactl" "it is not built"
fi
if [ -f /sys/module/nflua/version ]; then
	is "the loaded module" "$(cat /sys/module/nflua/version)" "$version"
elif modinfo nflua >/dev/null 2>&1; then
	is "the installed module" "$(modinfo -F version nflua)" "$version"
else
	skip "the module" "it is not installed"
fi
is "the module's name in dkms.conf" \
	"$(sed -n 's/^BUILT_MODULE_NAME\[0\]="\(.*\)"/\1/p' "$TOP/dkms.conf")" nflua
finish
