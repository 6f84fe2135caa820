"""The Kubernetes API, one site each, always by an explicit kubeconfig and context."""
