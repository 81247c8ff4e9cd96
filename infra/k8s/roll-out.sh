#!/usr/bin/env bash
# Rolls an overlay out: servers and settings, then this release's migrations, then the processes. Usage: roll-out.sh
# OVERLAY. Speaks to the cluster that KUBECONFIG names; each step may be repeated, and it stops at the first that fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

overlay=${1:?which overlay: local or production}
namespace=smartfactory
processes='app.kubernetes.io/component in (api, worker)'
everything_else='app.kubernetes.io/component notin (api, worker, migrate)'
migrations='app.kubernetes.io/component=migrate'
rendered=$(mktemp)
trap 'rm -f "$rendered"' EXIT

kubectl kustomize "overlays/$overlay" >"$rendered"
if grep -q 'sha256:0\{64\}' "$rendered"; then
    echo "overlays/$overlay/release names no release yet: put the digests of its images there" >&2
    exit 1
fi

# A Job is not changed once it exists: the last release's go, this one's come.
kubectl --namespace "$namespace" delete job --selector app.kubernetes.io/part-of=smartfactory --ignore-not-found --wait
kubectl apply --server-side --filename "$rendered" --selector "$everything_else"
if [[ $overlay == local ]]; then
    kubectl --namespace "$namespace" rollout status statefulset/postgres statefulset/kafka --timeout 600s
else
    kubectl --namespace "$namespace" wait --for=condition=Ready --timeout 1200s clusters.postgresql.cnpg.io --all
    kubectl --namespace "$namespace" wait --for=condition=Ready --timeout 1200s kafkas.kafka.strimzi.io --all
    kubectl --namespace "$namespace" wait --for=condition=Ready --timeout 300s kafkausers.kafka.strimzi.io --all
    kubectl --namespace "$namespace" wait --for=condition=Ready --timeout 300s kafkatopics.kafka.strimzi.io --all
fi

kubectl apply --server-side --filename "$rendered" --selector "$migrations"
kubectl --namespace "$namespace" wait --for=condition=Complete --timeout 1800s job --selector "$migrations"

kubectl apply --server-side --filename "$rendered" --selector "$processes"
kubectl --namespace "$namespace" rollout status deployment --selector "$processes" --timeout 900s
