#!/usr/bin/env bash
# What `make check` runs: style, format, types, import contracts and the repository's own rules, each to its end, so
# that one run shows everything there is to mend.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin="${VENV:-.venv}/bin"
failed=()

step() {
    local title=$1
    shift
    printf '\n== %s\n' "$title"
    "$@" || failed+=("$title")
}

step "ruff: every rule" "$bin/ruff" check --quiet .
step "ruff: format" "$bin/ruff" format --check --quiet .
step "mypy: strict" "$bin/mypy" --no-error-summary
step "import contracts" "$bin/lint-imports" --no-logo
step "linters of OpenAPI and AsyncAPI" "$bin/python" -m tools.linters
step "repository rules" "$bin/pytest" -q tests/repo

if ((${#failed[@]})); then
    printf '\ncheck: FAILED: %s\n' "${failed[@]}"
    exit 1
fi
printf '\ncheck: everything holds\n'
