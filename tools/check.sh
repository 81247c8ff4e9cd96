#!/usr/bin/env bash
# What `make check` runs: style, format, types, import contracts and the repository's own rules, each to its end, so
# that one run shows everything there is to mend. They run at once, and what they say comes in this order.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bin="${VENV:-.venv}/bin"
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM
titles=()
pids=()

step() {
    titles+=("$1")
    shift
    "$@" >"$said/${#pids[@]}" 2>&1 &
    pids+=($!)
}

step "ruff: every rule" "$bin/ruff" check --quiet .
step "ruff: format" "$bin/ruff" format --check --quiet .
step "mypy: strict" "$bin/mypy" --no-error-summary
step "import contracts" "$bin/lint-imports" --no-logo
step "linters of OpenAPI and AsyncAPI" "$bin/python" -m tools.linters
step "repository rules" "$bin/pytest" -q tests/repo --numprocesses auto --maxprocesses 4 --dist loadfile

failed=()
for number in "${!pids[@]}"; do
    wait "${pids[$number]}" || failed+=("${titles[$number]}")
    printf '\n== %s\n' "${titles[$number]}"
    cat "$said/$number"
done

if ((${#failed[@]})); then
    printf '\ncheck: FAILED: %s\n' "${failed[@]}"
    exit 1
fi
printf '\ncheck: everything holds\n'
