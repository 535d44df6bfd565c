# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the tools of scripts/ share: where things are, how they talk, and apt
# run on private directories. Sourced, never run.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
BUILD=$TOP/build
# shellcheck disable=SC2034
CACHE=$BUILD/cache
TOOL=${0##*/}

say() { printf '%s: %s\n' "$TOOL" "$*" >&2; }
die() { say "$*"; exit 1; }

# usage_from FILE: prints the comment block at the head of a tool as its help.
usage_from() {
	sed -n '/^# Usage:/,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$1"
}

# with_lock NAME COMMAND...: runs COMMAND while no other process holds NAME,
# which is cache/... for what is kept there: trees may share a cache.
with_lock() {
	local lock=$BUILD/$1.lock
	shift
	mkdir -p "${lock%/*}"
	(
		flock 9
		"$@" 9>&-
	) 9>"$lock"
}

# content_id FILE...: a short digest of the files' contents.
content_id() { cat "$@" | sha256sum | cut -c1-16; }

host_suite() {
	# shellcheck source=/dev/null
	(. /etc/os-release && printf '%s\n' "${VERSION_CODENAME:-}")
}

# apt_stanza SUITE: prints the machine's own apt source of its release (or of
# its security updates if SUITE ends in -security), changed to SUITE. The form
# is that of the file it was found in, so that options and keys are kept.
apt_stanza() {
	local suite=$1 want file out
	want=$(host_suite)
	case $suite in *-security) want=$want-security ;; esac
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
		[ -f "$file" ] || continue
		case $file in
		*.sources) out=$(apt_stanza_deb822 "$want" "$suite" <"$file") ;;
		*.list) out=$(apt_stanza_line "$want" "$suite" <"$file") ;;
		*) continue ;;
		esac
		if [ -n "$out" ]; then
			printf '%s\n' "$out"
			return 0
		fi
	done
	return 1
}

apt_stanza_deb822() {
	awk -v want="$1" -v suite="$2" '
		function flush(  i) {
			if (found && on && !done) {
				for (i = 1; i <= n; i++)
					print line[i]
				done = 1
			}
			n = 0; found = 0; on = 1
		}
		BEGIN { on = 1 }
		/^[ \t]*$/ { flush(); next }
		/^#/ { next }
		tolower($1) == "enabled:" && tolower($2) ~ /^(no|false|0|off)$/ { on = 0 }
		tolower($1) == "suites:" {
			for (i = 2; i <= NF; i++)
				if ($i == want)
					found = 1
			$0 = "Suites: " suite
		}
		tolower($1) == "types:" { $0 = "Types: deb" }
		tolower($1) == "components:" { $0 = "Components: main" }
		{ line[++n] = $0 }
		END { flush() }'
}

apt_stanza_line() {
	sed -nE "s|^[[:space:]]*deb[[:space:]]+((\\[[^]]*\\][[:space:]]+)?)([^[:space:]]+)[[:space:]]+$1[[:space:]].*|deb \\1\\3 $2 main|p" |
		head -n 1
}

# apt_sources DIR SUITE...: writes one source file for each SUITE into DIR.
# Fails if the machine has no source of the same kind.
apt_sources() {
	local dir=$1 suite text
	shift
	mkdir -p "$dir"
	rm -f "$dir"/*
	for suite in "$@"; do
		text=$(apt_stanza "$suite") || return 1
		case $text in
		deb*) printf '%s\n' "$text" >"$dir/$suite.list" ;;
		*) printf '%s\n' "$text" >"$dir/$suite.sources" ;;
		esac
	done
}

# private_apt DIR TOOL ARGS...: runs an apt tool that sees only the sources in
# DIR/sources and no installed package; the machine's proxy and keys hold.
private_apt() {
	local dir=$1 tool=$2
	shift 2
	mkdir -p "$dir/state" "$dir/lists/partial" "$dir/cache/archives/partial"
	[ -e "$dir/status" ] || : >"$dir/status"
	"$tool" -q -o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$dir/sources" \
		-o Dir::Etc::preferences=/dev/null \
		-o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State="$dir/state" -o Dir::State::lists="$dir/lists" \
		-o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache" \
		-o Acquire::Languages=none -o Acquire::Retries=2 \
		-o APT::Sandbox::User=root -o APT::Get::List-Cleanup=1 "$@"
}

# make_root DIR SUITES VARIANT PACKAGES [ARCHITECTURE]: an unpacked Debian system
# of the first of SUITES in DIR, made anew and only then moved to its place.
make_root() {
	local dir=$1 suites=$2 variant=$3 packages=$4 arch=${5-} tmp=$1.new
	command -v mmdebstrap >/dev/null || "$TOP/scripts/packages" kernels
	# shellcheck disable=SC2086
	apt_sources "$tmp.apt" $suites ||
		die "this machine's apt sources name no Debian ${suites%% *}, nor $(host_suite) to derive it from"
	apt-config dump Acquire | grep -v '""' >"$tmp.conf"
	# one that was interrupted leaves /proc and /sys mounted in it
	rm -rf --one-file-system "$tmp"
	if ! mmdebstrap --quiet --mode=root --variant="$variant" \
		${arch:+"--architectures=$arch"} --aptopt="$tmp.conf" --aptopt='Acquire::Languages "none"' \
		--aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--include="$packages" "${suites%% *}" "$tmp" \
		"$tmp.apt"/* 2>"$tmp.log"; then
		cat "$tmp.log" >&2
		rm -rf --one-file-system "$tmp" "$tmp.apt" "$tmp.conf"
		return 1
	fi
	rm -rf "$dir" "$tmp.apt" "$tmp.conf" "$tmp.log"
	mv "$tmp" "$dir"
}

# bench_module KERNEL: builds scripts/bench-module and prints where it is.
bench_module() {
	local rel dir f
	rel=$("$TOP/scripts/kernels" release "$1") || return 1
	dir=$BUILD/bench/$rel
	mkdir -p "$dir"
	for f in Kbuild nflua_bench.c; do
		cmp -s "$TOP/scripts/bench-module/$f" "$dir/$f" ||
			cp "$TOP/scripts/bench-module/$f" "$dir/$f"
	done
	"$TOP/scripts/kernels" make "$1" "$dir" >&2 || return 1
	echo "$dir/nflua_bench.ko"
}
