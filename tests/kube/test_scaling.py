"""The contract of Scaling on a real API server: the suite is the one that the fake passes."""

from tests.contract.test_scaling import *  # noqa: F403
