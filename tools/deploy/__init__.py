"""`python -m tools.deploy`: infra/k8s rendered, and held against Kubernetes' own schemas and our rules."""
