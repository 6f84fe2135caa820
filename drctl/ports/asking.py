"""Asking two sites at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def both[A, B](first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """Both results; what the first one raises comes first. For reading only: the order of effects must be certain."""
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(second)
        return first(), other.result()
