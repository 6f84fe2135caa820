"""The contract of the arbiter on a real API server: the suite is the one that the fake passes."""

from tests.contract.test_arbiter import *  # noqa: F403
