#!/bin/bash
# Proves the set-up in a bare Debian 12: debootstrap's smallest system plus python3, make, git, ca-certificates.
#
#   packaging/prove-bare.sh          as root, then as a user with sudo
#   packaging/prove-bare.sh root     one of the two: root, user
#
# In each system, on a git clone of this checkout's HEAD: `make run` before anything else is there, until its window
# stands on a virtual screen; `make run FOLDER=`; `make test`. Pictures of the screen lie in $BARE afterwards.
#
# Needs root, debootstrap, git, Xvfb, xdotool and procps here. From the environment:
#   BARE     the folder to work in, about 5 GB         MIRROR   a Debian mirror; otherwise the one that apt uses here
#   PHOTOS   a folder of photos for FOLDER=            LOOK_S   seconds that a window stays open
#   STEPS    some of: qt run test; otherwise all three
# What this machine tells pip, and its certificates, are lent to the system; every mount ends with the proof.
set -euo pipefail

TOP=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
BARE=${BARE:-/var/tmp/lookalike-bare}
PHOTOS=${PHOTOS:-$TOP/../shared/photos/castle}
LOOK_S=${LOOK_S:-8}
STEPS=${STEPS:-run qt test}
RELEASE=bookworm
SET_UP_S=1800
WINDOW_S=60

stop() { echo "$*" >&2; exit 2; }

[ "$(id -u)" = 0 ] || stop "The proof makes a system of its own, so it needs root's rights."
for tool in debootstrap git unshare Xvfb xdotool pgrep; do
    command -v "$tool" >/dev/null || stop "The proof needs $tool: please install it."
done

# Everything below runs in namespaces of its own, so that no mount and no process outlives it.
if [ -z "${LOOKALIKE_PROOF:-}" ]; then
    export LOOKALIKE_PROOF=1
    exec unshare --mount --pid --mount-proc --fork --kill-child "$0" "$@"
fi

make_base() {
    if [ -e "$BARE/base.ready" ]; then return; fi
    local mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' \
        'Created-By: Packages' "Codename: $RELEASE" 'Component: main' | head -n 1)}
    [ -n "$mirror" ] || stop "No mirror of $RELEASE in apt's sources: please set MIRROR."
    rm -rf "$BARE/base"
    mkdir -p "$BARE/base"
    debootstrap --variant=minbase --include=python3,make,git,ca-certificates "$RELEASE" "$BARE/base" "$mirror"
    touch "$BARE/base.ready"
}

# Shows a file or folder of this machine at the same place in the system, read-only.
lend() {
    [ -e "$1" ] && ! mountpoint -q "$ROOT$1" || return 0
    if [ -d "$1" ]; then mkdir -p "$ROOT$1"; else mkdir -p "$ROOT$(dirname "$1")"; touch "$ROOT$1"; fi
    mount --bind "$1" "$ROOT$1"
    mount -o remount,bind,ro "$ROOT$1"
}

# A fresh system in $ROOT, with this machine's way to the network and a clone in $WORK.
make_system() {
    WHO=$1
    ROOT=$BARE/$WHO
    HOME_THERE=/root
    [ "$WHO" = root ] || HOME_THERE=/home/someone
    WORK=$HOME_THERE/lookalike
    rm -rf "$ROOT"
    cp -a "$BARE/base" "$ROOT"
    mount --bind "$ROOT" "$ROOT"
    mount -t proc proc "$ROOT/proc"
    mount --rbind /sys "$ROOT/sys"
    mount --rbind /dev "$ROOT/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
    mkdir -m 1777 "$ROOT/tmp/.X11-unix"
    mount --bind /tmp/.X11-unix "$ROOT/tmp/.X11-unix"
    cp -L /etc/resolv.conf /etc/hosts "$ROOT/etc/"
    lend /etc/ssl/certs/ca-certificates.crt
    lend /etc/pip.conf
    local place
    for place in $({ pip config list; env | grep '^PIP_'; } 2>/dev/null | grep -oE "(file://)?/[^ '\"]+"); do
        case $place in
            file://*) lend "$(dirname "${place#file://}")" ;; # an index, whose files lie beside it
            *) lend "$place" ;;
        esac
    done
    if [ "$WHO" = user ]; then
        as_root "apt-get -q update && apt-get -q -y install --no-install-recommends sudo &&
            useradd --create-home --shell /bin/bash someone &&
            echo 'someone ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/someone" >"$BARE/user-sudo.log" 2>&1
    fi
    git clone --quiet --no-hardlinks "$TOP" "$ROOT$WORK"
    if [ -d "$PHOTOS" ]; then cp -rL "$PHOTOS" "$ROOT$HOME_THERE/photos"; fi
    [ "$WHO" = root ] || as_root "chown -R someone: $HOME_THERE"
}

# Runs a command in the system as root, in an environment as bare as after a login.
as_root() {
    local kept
    mapfile -t kept < <(env | grep -E '^(PIP_[A-Z_]+|SSL_CERT_FILE|[a-z]+_proxy)=')
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "${kept[@]}" \
        chroot "$ROOT" /bin/bash -c "$1"
}

# Runs a command in the clone as the one whom the proof is about.
in_clone() {
    if [ "$WHO" = root ]; then
        as_root "cd $WORK && $1"
    else
        as_root "cd $WORK && exec setpriv --reuid someone --regid someone --init-groups \
            env HOME=$HOME_THERE USER=someone bash -c $(printf %q "$1")"
    fi
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# Opens the window, photographs the screen, ends the window as a session's end would, looks for what it left.
prove_window() {
    local picture=$1 limit_s=$2 command=$3 started running code=0
    started=$(milliseconds)
    in_clone "echo \$\$ >/tmp/window.pid; export DISPLAY=$DISPLAY; exec $command" </dev/null &
    running=$!
    until xdotool search --onlyvisible --name 'Lookalike' >/dev/null 2>&1; do
        kill -0 "$running" 2>/dev/null || stop "“$command” ended before it had a window."
        [ $(($(milliseconds) - started)) -lt $((limit_s * 1000)) ] || stop "“$command” had no window after $limit_s s."
        sleep 0.05
    done
    echo "proof: $WHO: window of “$command” after $(($(milliseconds) - started)) ms"
    sleep "$LOOK_S"
    in_clone "QT_QPA_PLATFORM=xcb DISPLAY=$DISPLAY .venv/bin/python -" <<'CODE'
from PySide6.QtGui import QGuiApplication

app = QGuiApplication([])
image = app.primaryScreen().grabWindow(0).toImage()
image.save("/tmp/screen.png")
colours = {image.pixel(x, y) for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)}
assert len(colours) > 20, "the screen is empty"
CODE
    cp "$ROOT/tmp/screen.png" "$picture"
    # The process is make: it passes the signal on.
    kill -TERM "$(cat "$ROOT/tmp/window.pid")"
    wait "$running" || code=$?
    local ends_at=$((SECONDS + 15))
    while pgrep -f 'lookalike/\.venv/bin/' >/dev/null; do
        [ "$SECONDS" -lt "$ends_at" ] || { pgrep -af 'lookalike/\.venv/bin/'; stop "The window left processes."; }
        sleep 0.1
    done
    echo "proof: $WHO: the window was ended (make's code $code) and left no process"
}

prove() {
    make_system "$1"
    echo "proof: $WHO: Debian $(cat "$ROOT/etc/debian_version"), $(as_root 'python3 --version')," \
        "$(as_root "dpkg-query -f '.' -W" | wc -c) packages, commit $(git -C "$TOP" rev-parse --short HEAD)"
    local step
    for step in $STEPS; do "prove_$step"; done
}

prove_run() {
    local folder=
    [ ! -d "$PHOTOS" ] || folder=" FOLDER=$HOME_THERE/photos"
    prove_window "$BARE/$WHO-first.png" "$SET_UP_S" "make run"
    prove_window "$BARE/$WHO-again.png" "$WINDOW_S" "make run$folder"
    in_clone ".venv/bin/lookalike status"
}

# The venv alone, and Qt without a screen and with one.
prove_qt() {
    local started=$SECONDS platform
    in_clone "make venv" </dev/null
    echo "proof: $WHO: make venv took $((SECONDS - started)) s; with nothing left to do" \
        "$( { TIMEFORMAT=%R; time in_clone 'make venv' >/dev/null; } 2>&1) s"
    for platform in offscreen xcb; do
        in_clone "QT_QPA_PLATFORM=$platform DISPLAY=$DISPLAY .venv/bin/python -" <<'CODE'
import hnswlib, onnxruntime, PIL, pillow_heif, watchfiles
from PySide6.QtWidgets import QApplication, QLabel

app = QApplication([])
label = QLabel("Lookalike")
label.show()
app.processEvents()
assert label.grab().width() > 0
print("proof: Qt opens a window on", app.platformName())
CODE
    done
}

prove_test() {
    local started=$SECONDS
    in_clone "make test" </dev/null
    echo "proof: $WHO: make test with its set-up took $((SECONDS - started)) s"
}

mkdir -p "$BARE" /tmp/.X11-unix
make_base
rm -f "$BARE/display"
Xvfb -displayfd 3 -screen 0 1400x900x24 -nolisten tcp -ac -noreset 3>"$BARE/display" 2>/dev/null &
until [ -s "$BARE/display" ]; do sleep 0.1; done
DISPLAY=:$(cat "$BARE/display")
export DISPLAY
for who in ${1:-root user}; do prove "$who"; done
echo "proof: all is well"
