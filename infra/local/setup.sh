#!/usr/bin/env bash
# Makes the virtual environment from requirements.lock: hashes required, every package of the workspace editable.
# Usage: setup.sh PYTHON VENV. Run by the Makefile when the lock or a pyproject.toml is newer than the last setup.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

wanted=$1
venv=$2
tools=.cache/tools

say() { printf '%s\n  %s\n' "$1" "$2" >&2; }

find_python() {
    local candidate
    for candidate in "$wanted" python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    say "파이썬 3.11 이상이 필요합니다. 설치한 뒤 make PYTHON=python3.x 로 다시 실행해 주세요." \
        "Python 3.11 or newer is needed. Install it and run make again, with PYTHON=python3.x if it has another name."
    return 1
}

find_uv() {
    if uv --version >/dev/null 2>&1; then
        echo uv
    elif [[ -x $tools/bin/uv ]]; then
        echo "$PWD/$tools/bin/uv"
    else
        get_uv >&2 && echo "$PWD/$tools/bin/uv"
    fi
}

# A venv where the system has the module; pip's own target folder where Debian has split `venv` away.
get_uv() {
    say "uv를 내려받습니다." "Getting uv."
    rm -rf "$tools"
    if "$python" -m venv "$tools" 2>/dev/null; then
        "$tools/bin/python" -m pip install --quiet uv && return
    fi
    rm -rf "$tools"
    "$python" -m pip install --quiet --target "$tools" uv && return
    say "uv를 받지 못했습니다. 네트워크를 확인하거나 uv를 직접 설치한 뒤 다시 실행해 주세요." \
        "uv could not be fetched. Check the network, or install uv yourself, and run make again."
    return 1
}

enough_disk() {
    local free_kib
    free_kib=$(df -Pk . | awk 'NR == 2 { print $4 }')
    if ((free_kib < 1024 * 1024)); then
        say "디스크 여유 공간이 1 GB보다 적습니다. 공간을 확보한 뒤 다시 실행해 주세요." \
            "Less than 1 GB of disk is free. Make room and run make again."
        return 1
    fi
}

enough_disk
python=$(find_python)
uv=$(find_uv)
[[ -x $venv/bin/python ]] || "$uv" venv --quiet --python "$python" "$venv"

install() { VIRTUAL_ENV="$PWD/$venv" "$uv" pip "$@"; }

say "의존성을 설치합니다 (해시 확인)." "Installing the locked dependencies, each checked against its hash."
sync() { install sync --quiet --compile-bytecode --require-hashes requirements.lock; }
# The second try trusts the machine's own certificate store: behind an office's proxy only that knows its authority.
if ! sync 2>/dev/null && ! UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1 sync; then
    say "내려받기에 실패했습니다. 네트워크를 확인한 뒤 make를 다시 실행하면 이어서 설치합니다." \
        "A download failed. Check the network; running make again goes on from here."
    exit 1
fi
projects=()
for project in libs/*/ services/*/ infra/local/; do
    [[ -f $project/pyproject.toml ]] && projects+=(-e "$project")
done
install install --quiet --no-deps --no-build-isolation --offline "${projects[@]}"
"$venv/bin/python" -m compileall -q libs services infra/local/src || true
say "Kafka를 준비합니다 (처음 한 번, 30초쯤)." "Preparing Kafka (once, about half a minute)."
"$venv/bin/python" -m smartfactory.stack.class_learning ||
    say "Kafka를 다 준비하지 못했습니다. 처음 시작할 때 이어서 받고, 시작이 조금 느립니다." \
        "Kafka is not fully prepared: the first start goes on with it, and starts are a little slower."
echo "$uv" >"$venv/.uv"
touch "$venv/.ready"
