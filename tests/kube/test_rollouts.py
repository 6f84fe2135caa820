"""The contract of Rollouts on a real API server: the suite is the one that the fake passes."""

from tests.contract.test_rollouts import *  # noqa: F403
