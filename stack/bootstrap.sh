#!/bin/sh
# Make the virtual environment on a machine that has Python 3.11 and nothing else.
# Does nothing when the environment is up to date. Everything goes under .venv and .keeper.
#
#   stack/bootstrap.sh             make or update .venv
#   stack/bootstrap.sh uv ARGS...  run uv, which is fetched if the machine has none
set -eu

# The certificates a company or a proxy has added to the system's count too, unless told otherwise.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" UV_PYTHON_DOWNLOADS=never

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
venv=$root/.venv
stamp=$venv/.keeper-synced
python_wanted=$(sed -n 's/^python = "\(.*\)"/\1/p' stack/versions.toml)
uv_wanted=$(sed -n 's/^uv = "\(.*\)"/\1/p' stack/versions.toml)
disk_mib=3072

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

on_debian() {
    [ -r /etc/os-release ] && grep -Eq '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release
}

may_install() {
    { [ "${KEEPER_INSTALL:-}" = 1 ] || [ "${CI:-}" = true ]; } &&
        [ "$(id -u)" = 0 ] && on_debian
}

# Run the apt-get line if that was asked for, else stop with the sentence and the line.
need_packages() {
    sentence=$1
    shift
    line="apt-get update && apt-get install --yes $*"
    if may_install; then
        echo "Running: $line"
        DEBIAN_FRONTEND=noninteractive sh -c "$line" && return 0
        fail "The packages could not be installed; try it by hand: $line"
    fi
    on_debian || fail "$sentence"
    if [ "$(id -u)" = 0 ]; then
        fail "$sentence
  $line
  (with KEEPER_INSTALL=1 this command runs that line itself)"
    fi
    fail "$sentence
  as root: $line"
}

is_wanted_python() {
    [ "$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = \
        "$python_wanted" ]
}

find_python() {
    for candidate in "${KEEPER_PYTHON:-}" "python$python_wanted" python3 python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$python_wanted".*/bin/python; do
        [ -n "$candidate" ] || continue
        if is_wanted_python "$candidate"; then
            # A pyenv shim works only with pyenv's choice of version; take what is behind it.
            "$candidate" -c 'import sys; print(sys.executable)'
            return 0
        fi
    done
    return 1
}

# 0.9 is the first series that reads this lock file and its settings.
is_usable_uv() {
    "$1" --version 2>/dev/null | awk '
        { split($2, v, "."); ok = $1 == "uv" && (v[1] > 0 || v[2] >= 9) }
        END { exit !ok }'
}

find_uv() {
    for candidate in uv "$root/.keeper/uv/bin/uv"; do
        if is_usable_uv "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

ensure_uv() {
    uv=$(find_uv) && return 0
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        need_packages "Python $python_wanted in $python lacks its venv module; install it." \
            "python$python_wanted-venv"
    fi
    echo "Installing uv $uv_wanted into .keeper/uv" >&2
    mkdir -p .keeper
    rm -rf .keeper/uv
    "$python" -m venv .keeper/uv ||
        fail "Python could not make a virtual environment in .keeper/uv; see above."
    if ! .keeper/uv/bin/python -m pip install --quiet --disable-pip-version-check \
        "uv==$uv_wanted"; then
        rm -rf .keeper/uv
        fail "uv $uv_wanted could not be fetched: check the network and pip's index settings, \
or install uv 0.9 or newer yourself."
    fi
    uv=$root/.keeper/uv/bin/uv
}

ensure_python() {
    python=$(find_python) && return 0
    sentence="Keeper needs Python $python_wanted; install it, for example with \
\`pyenv install $python_wanted\`, or point KEEPER_PYTHON at one."
    # Debian 12 alone has it as a package.
    grep -q '^VERSION_CODENAME=bookworm' /etc/os-release 2>/dev/null || fail "$sentence"
    need_packages "$sentence" "python$python_wanted" "python$python_wanted-venv"
    python=$(find_python) || fail "Python $python_wanted is still missing."
}

if [ "${1:-}" = uv ]; then
    shift
    ensure_python
    ensure_uv
    exec "$uv" "$@"
fi

digest=$(cat pyproject.toml uv.lock stack/versions.toml | cksum)
if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then
    exit 0
fi

ensure_python

if [ ! -x "$venv/bin/python" ]; then
    free=$(df -Pm "$root" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge "$disk_mib" ] ||
        fail "Keeper needs $((disk_mib / 1024)) GiB of disk in $root and $free MiB are free; \
free some or move the checkout."
fi

ensure_uv

echo "Making the virtual environment"
"$uv" sync --locked --quiet --python "$python" ||
    fail "The Python packages could not be installed: check the network and uv's index settings, \
then run the command again (a lock file that is out of date needs \`uv lock\`)."
printf '%s\n' "$digest" >"$stamp"
