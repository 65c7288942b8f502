#!/bin/sh
# Make the virtual environment on a machine that has Python 3.11, 3.12 or 3.13 and nothing else.
# Does nothing when the environment is up to date. Everything goes under .venv and .keeper.
#
#   stack/bootstrap.sh             make or update .venv, with the newest of these Pythons
#   stack/bootstrap.sh venv        print which environment that is
#   stack/bootstrap.sh uv ARGS...  run uv, which is fetched if the machine has none
#
# KEEPER_PYTHON=python3.12 makes an environment of its own, .venv-3.12, with that Python.
set -eu

# Certificates that a company or a proxy has added to the system's count too, unless UV_SYSTEM_CERTS
# says otherwise.
export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}" UV_PYTHON_DOWNLOADS=never

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
pythons=$(sed -n 's/^pythons = \[\(.*\)\]/\1/p' stack/versions.toml | tr -d '",')
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
    [ "${KEEPER_INSTALL:-1}" = 1 ] && [ "$(id -u)" = 0 ] && on_debian
}

# Run the apt-get line if this is root on Debian and KEEPER_INSTALL is 1 or blank. Otherwise stop
# with the sentence and, on Debian, the line.
need_packages() {
    sentence=$1
    shift
    line="apt-get update && apt-get install --yes --no-install-recommends $*"
    if may_install; then
        echo "Installing what Keeper needs (KEEPER_INSTALL=0 stops instead): $line" >&2
        DEBIAN_FRONTEND=noninteractive sh -c "$line" && return 0
        fail "The packages could not be installed; try it by hand: $line"
    fi
    on_debian || fail "$sentence"
    if [ "$(id -u)" = 0 ]; then
        fail "$sentence
  $line
  (without KEEPER_INSTALL=0 this command runs that line itself)"
    fi
    fail "$sentence
  as root: $line"
}

version_of() {
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null
}

words() {
    printf "%s" "$*" | sed 's/ /, /g; s/, \([^,]*\)$/ or \1/'
}

# Print the newest Python that serves, or the one asked for.
find_python() {
    if [ -n "${KEEPER_PYTHON:-}" ]; then
        # A pyenv shim called python3.13 works only if pyenv has chosen that version.
        for candidate in "$KEEPER_PYTHON" \
            "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/"$KEEPER_PYTHON"; do
            asked=$(version_of "$candidate") || asked=none
            case " $pythons " in
                *" $asked "*)
                    "$candidate" -c 'import sys; print(sys.executable)'
                    return 0
                    ;;
            esac
        done
        return 1
    fi
    for wanted in $pythons; do
        for candidate in "python$wanted" python3 python \
            "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$wanted".*/bin/python; do
            if [ "$(version_of "$candidate")" = "$wanted" ]; then
                # A pyenv shim works only with pyenv's choice of version; take what is behind it.
                "$candidate" -c 'import sys; print(sys.executable)'
                return 0
            fi
        done
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
        need_packages "The Python in $python lacks its venv module; install it." \
            "python$(version_of "$python")-venv"
    fi
    echo "Installing uv $uv_wanted into .keeper/uv" >&2
    mkdir -p .keeper
    rm -rf .keeper/uv
    "$python" -m venv .keeper/uv ||
        fail "Python could not make a virtual environment in .keeper/uv; see above."
    if ! .keeper/uv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
        --only-binary :all: --require-hashes --requirement stack/uv-requirements.txt; then
        rm -rf .keeper/uv
        fail "uv $uv_wanted could not be fetched, or is not the file that Keeper was made with: \
check the network and pip's index settings, or install uv 0.9 or newer yourself."
    fi
    uv=$root/.keeper/uv/bin/uv
}

ensure_python() {
    python=$(find_python) && return 0
    [ -z "${KEEPER_PYTHON:-}" ] ||
        fail "KEEPER_PYTHON is $KEEPER_PYTHON, which is no Python $(words $pythons) here."
    newest=${pythons%% *}
    sentence="Keeper needs Python $(words $pythons); install one, for example with \
\`pyenv install $newest\`, or point KEEPER_PYTHON at one."
    packaged=$(packaged_python) || fail "$sentence"
    need_packages "$sentence" "python$packaged" "python$packaged-venv"
    python=$(find_python) || fail "Python $packaged is still missing."
}

# The version Debian's and Ubuntu's own package `python3` is of, if it serves.
packaged_python() {
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null)
    case $codename in
        bookworm) echo 3.11 ;;
        noble) echo 3.12 ;;
        trixie | questing | plucky) echo 3.13 ;;
        *) return 1 ;;
    esac
}

# Where the environment is: by itself the choice is made once, and named by nothing.
venv_of() {
    if [ -z "${KEEPER_PYTHON:-}" ]; then
        echo "$root/.venv"
        return 0
    fi
    ensure_python
    echo "$root/.venv-$(version_of "$python")"
}

if [ "${1:-}" = venv ]; then
    venv_of
    exit 0
fi

if [ "${1:-}" = uv ]; then
    shift
    ensure_python
    ensure_uv
    exec "$uv" "$@"
fi

venv=$(venv_of)
stamp=$venv/.keeper-synced
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
UV_PROJECT_ENVIRONMENT=$venv "$uv" sync --locked --quiet --python "$python" ||
    fail "The Python packages could not be installed: check the network and uv's index settings, \
then run the command again (a lock file that is out of date needs \`uv lock\`)."
printf '%s\n' "$digest" >"$stamp"
