#!/bin/sh
# Installs nrm as a service of this machine: user, folders, program, settings, units of systemd. It can be run again at any
# time: what is there stays, program and units become those of this version. What it did not do it says in one line, exit 2.
set -eu
umask 022

usage() {
    cat <<'TEXT'
usage: install.sh [--wheel FILE] [--python PYTHON] [--signers FILE] [--small] [--root DIR] [--dry-run]
       install.sh --uninstall [--root DIR] [--dry-run]

Without --wheel it takes the bundle in whose folder it lies, and needs no network.
  --wheel FILE     a wheel of nrm; what it needs comes from the package index, by the hashes of requirements-statistics.lock
  --python PYTHON  the Python to run it with, 3.11 or newer (default: python3)
  --signers FILE   who may have signed the bundle, as `ssh-keygen -Y verify` reads it; without it the signature is not looked at
  --small          leave out what calculates reports and compares names (nrm[statistics]): for crossing points and shelters
  --root DIR       install below DIR, a folder that is there, to look at it: no user is made, no unit is started
  --dry-run        say what would be done, and do nothing
  --uninstall      stop the service, take program and units away; everything that was recorded stays
TEXT
}

fail() {
    echo "install.sh: $*" >&2
    exit 2
}

here=$(cd "$(dirname "$0")" && pwd)
root="" wheel="" python=python3 signers="" small="" dry="" uninstall=""
while [ $# -gt 0 ]; do
    case $1 in
        --root | --wheel | --python | --signers)
            [ -n "${2-}" ] || fail "$1: say what"
            case $1 in
                --root) root=$2 ;;
                --wheel) wheel=$2 ;;
                --python) python=$2 ;;
                --signers) signers=$2 ;;
            esac
            shift
            ;;
        --small) small=yes ;;
        --dry-run) dry=yes ;;
        --uninstall) uninstall=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) fail "$1: not known; see install.sh --help" ;;
    esac
    shift
done

if [ -n "$root" ]; then
    case $root in
        *[!A-Za-z0-9/._-]*) fail "--root: name a folder of letters, digits, and / . _ -" ;;
        /*) ;;
        *) root=$PWD/$root ;;
    esac
    [ -d "$root" ] || fail "--root: there is no folder $root; make it first: mkdir -p $root"
    [ -w "$root" ] || fail "--root: $root cannot be written"
    root=$(cd "$root" && pwd)
    [ "$root" != / ] || root=""
fi
[ -n "$root" ] || [ -n "$dry" ] || [ "$(id -u)" = 0 ] || fail "run it as root, or say --root DIR to look at it"

program=$root/opt/nrm settings=$root/etc/nrm units=$root/etc/systemd/system command=$root/usr/local/sbin/nrm
manual=$root/usr/local/share/man/man1/nrm.1
services="nrm.service nrm-erase.service nrm-backup.service nrm-drill.service nrm-doctor.service"
timers="nrm-erase.timer nrm-backup.timer nrm-drill.timer nrm-doctor.timer"

run() {
    if [ -n "$dry" ]; then
        echo "would run: $*"
    else
        "$@" || fail "this failed: $*"
    fi
}

started() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

own() { # own MODE OWNER FOLDER: make it if it is not there; what is there keeps its owner and mode
    [ -d "$3" ] && return
    if [ -n "$root" ]; then run install -d -m "$1" "$3"; else run install -d -m "$1" -o "${2%:*}" -g "${2#*:}" "$3"; fi
}

put() { # put MODE FROM TO: a file of this version, with the folders of this machine
    if [ -n "$dry" ]; then
        echo "would write: $3"
        return
    fi
    mkdir -p "$(dirname "$3")" || fail "this failed: mkdir -p $(dirname "$3")"
    sed -E "s#/(opt|etc|var/lib|var/backups)/nrm#$root&#g" "$2" >"$3.new" || fail "$3 cannot be written"
    chmod "$1" "$3.new"
    mv "$3.new" "$3"
}

if [ -n "$uninstall" ]; then
    [ -d "$program" ] || [ -e "$units/nrm.service" ] || fail "--uninstall: nothing of nrm is installed${root:+ below $root}"
    # shellcheck disable=SC2086 # a list of units
    if started; then run systemctl disable --now nrm.service $timers; fi
    for unit in $services $timers; do run rm -f "$units/$unit"; done
    for unit in nrm nrm-; do
        run rm -f "$units/$unit.service.d/10-hardened.conf"
        run rmdir --ignore-fail-on-non-empty "$units/$unit.service.d"
    done
    run rm -rf "$program" "$command" "$manual"
    if started; then run systemctl daemon-reload; fi
    echo "left as they are: $settings with the key files, $root/var/lib/nrm, $root/var/lib/nrm-main, $root/var/lib/nrm-second," \
        "$root/var/backups/nrm, and the user nrm. Delete them only when nobody needs a record any more."
    exit 0
fi

[ -z "$wheel" ] || [ -r "$wheel" ] || fail "--wheel: $wheel cannot be read"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "--python: $python is no Python of 3.11 or newer"
if [ -z "$root" ]; then # the user nrm has to run it
    for path in "$(readlink -f "$(command -v "$python")")" "$("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))')"; do
        while [ "$path" != / ]; do
            [ -n "$(find "$path" -maxdepth 0 -perm -001)" ] ||
                fail "--python: $path is closed to the user nrm; name one that everybody can run, such as /usr/bin/python3"
            path=$(dirname "$path")
        done
    done
fi
"$python" -c 'import venv, ensurepip' 2>/dev/null || fail "--python: $python has no venv; apt-get install python3-venv"
for library in libpangoft2-1.0.so.0:libpangoft2-1.0-0 libharfbuzz-subset.so.0:libharfbuzz-subset0; do
    ls /usr/lib/*/"${library%:*}" >/dev/null 2>&1 || ls /usr/lib/"${library%:*}" >/dev/null 2>&1 ||
        fail "PDF needs a library: apt-get install --no-install-recommends ${library#*:}"
done

if [ -n "$wheel" ]; then
    case ${wheel##*/} in
        nrm-*.whl) ;;
        *) fail "--wheel: $wheel is no wheel of nrm; its name is as nrm-1.0.0-py3-none-any.whl" ;;
    esac
    [ -z "$signers" ] || fail "--signers: is for a bundle, not for --wheel"
    lock=$here/../requirements-statistics.lock
    [ -z "$small" ] || lock=$here/../requirements.lock
    [ -r "$lock" ] || fail "--wheel: $lock is not there; run install.sh in its place in the source"
else
    wanted=requirements.txt
    [ -z "$small" ] || wanted=requirements-small.txt
    [ -r "$here/requirements.txt" ] || fail "name a wheel with --wheel, or run it in the folder of a bundle"
    (cd "$here" && sha256sum --quiet --strict -c SHA256SUMS) >&2 || fail "the bundle is damaged: a file is not as in SHA256SUMS"
    there=$(cd "$here" && find . ! -type d ! -path ./SHA256SUMS ! -path ./SHA256SUMS.sig | wc -l)
    [ "$there" = "$(sort -u "$here/SHA256SUMS" | wc -l)" ] ||
        fail "the bundle holds files that SHA256SUMS does not name: unpack it again, into a new folder"
    made=$(sed -n '1s/^# for //p' "$here/requirements.txt")
    has=$("$python" -c 'import platform, sys; print("Python %d.%d on %s" % (*sys.version_info[:2], platform.machine()))')
    [ "$made" = "$has" ] || fail "--python: the bundle is for $made, and $python is $has"
    if [ -n "$signers" ]; then
        [ -r "$signers" ] || fail "--signers: $signers cannot be read"
        who=$(ssh-keygen -Y find-principals -s "$here/SHA256SUMS.sig" -f "$signers" 2>/dev/null | head -n 1)
        ssh-keygen -Y verify -q -n nrm-bundle -I "${who:-nobody}" -f "$signers" -s "$here/SHA256SUMS.sig" \
            <"$here/SHA256SUMS" >/dev/null 2>&1 || fail "--signers: nobody whom $signers names signed this bundle"
        echo "signed by $who"
    else
        echo "install.sh: nobody looked at who signed this bundle: name them with --signers" >&2
    fi
fi
if started && systemctl -q is-active nrm.service; then
    fail "nrm.service is running: take a backup, then systemctl stop nrm.service"
fi

if [ -z "$root" ] && ! id nrm >/dev/null 2>&1; then
    run useradd --system --user-group --home-dir /var/lib/nrm --no-create-home --shell /usr/sbin/nologin nrm
fi
own 0755 root:root "$root/opt"
own 0750 root:nrm "$settings"
own 0700 nrm:nrm "$settings/keys"
for folder in nrm nrm-main nrm-second; do own 0700 nrm:nrm "$root/var/lib/$folder"; done
own 0700 nrm:nrm "$root/var/backups/nrm"

[ -x "$program/bin/python" ] || run "$python" -m venv "$program"
pip="$program/bin/python -m pip --disable-pip-version-check --quiet install"
if [ -n "$wheel" ]; then
    [ -n "$dry" ] || echo "installing what nrm needs, from the package index: two minutes or more, and pip says nothing until it is done"
    # shellcheck disable=SC2086 # a command and its words
    run $pip --require-hashes -r "$lock"
    # shellcheck disable=SC2086
    run $pip --no-index --no-deps --force-reinstall "$wheel"
else
    # shellcheck disable=SC2086
    run $pip --no-index --find-links "$here/wheels" --require-hashes -r "$here/$wanted"
fi
for guide in operator.md commands.md failures.md data-protection.md data-protection.sq.md threat-model.md access.md release-reader.sql; do
    [ ! -r "$here/$guide" ] || put 0644 "$here/$guide" "$program/share/doc/$guide"
    [ -z "$wheel" ] || [ ! -r "$here/../docs/$guide" ] || put 0644 "$here/../docs/$guide" "$program/share/doc/$guide"
done

for folder in site guides; do
    [ -d "$here/$folder" ] || continue
    run rm -rf "$program/share/doc/$folder"
    run cp -r "$here/$folder" "$program/share/doc/$folder"
    run chmod -R u=rwX,go=rX "$program/share/doc/$folder"
done

put 0755 "$here/nrm" "$command"
[ ! -r "$program/share/man/man1/nrm.1" ] || put 0644 "$program/share/man/man1/nrm.1" "$manual"
if [ ! -e "$settings/nrm.env" ]; then
    put 0640 "$here/nrm.env" "$settings/nrm.env"
    [ -n "$root" ] || run chgrp nrm "$settings/nrm.env"
fi
for unit in $services $timers; do put 0644 "$here/systemd/$unit" "$units/$unit"; done
for unit in nrm nrm-; do put 0644 "$here/systemd/hardened.conf" "$units/$unit.service.d/10-hardened.conf"; done
if started; then run systemctl daemon-reload; fi

[ -z "$dry" ] || exit 0
installed=$("$program/bin/nrm" --version) || fail "what was installed does not start"
echo "installed: $installed"
if [ -e "$root/var/lib/nrm/instance.toml" ]; then
    echo "next: nrm upgrade, then systemctl start nrm.service"
else
    echo "next: write your address into $settings/nrm.env, then nrm init --country COUNTRY"
    echo "or, if this machine takes the place of one that is gone: no nrm init, but *When the machine is gone* of" \
        "$program/share/doc/operator.md"
fi
