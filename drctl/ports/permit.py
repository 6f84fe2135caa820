"""Whether one may still act, asked inside a change that takes several requests or is tried again."""

from collections.abc import Callable

type Permit = Callable[[], None]
"""Raises where one may not act any more: Locked or Superseded. Asked right before every request that changes something.

So nobody changes anything for longer than one request takes after the lease was lost or the epoch was raised.
"""


def always() -> None:
    """Permit it: for who acts outside a run, such as a test or the lab."""
