"""The contract of Resources on a real API server: the suite is the one that the fake passes."""

from tests.contract.test_resources import *  # noqa: F403
