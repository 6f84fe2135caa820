"""The contract of client routing in Kubernetes on a real API server: the suite is the one that the fake passes."""

from tests.contract.test_kube_client_routing import *  # noqa: F403
