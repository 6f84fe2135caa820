"""Asking about many things at once, so that one which fails does not take the answers about the others with it."""

from collections.abc import Callable, Mapping, Sequence

from drctl.errors import DrctlError, NotFound, Unreachable


def apart[K, V](
    ask: Callable[[Sequence[K]], Mapping[K, V]], keys: Sequence[K]
) -> tuple[Mapping[K, V], Mapping[K, DrctlError]]:
    """Answers by key, and the error of each key that has none.

    All are asked about at once. If that fails, each half is, and so on down to the ones that fail; where what both
    halves need is missing, it is missing for all of them, so that a lost site is not asked once for each key.
    """
    if not keys:
        return {}, {}
    found, error = _answer(ask, keys)
    return (found, {}) if error is None else _divided(ask, keys, error)


def _divided[K, V](
    ask: Callable[[Sequence[K]], Mapping[K, V]], keys: Sequence[K], error: DrctlError
) -> tuple[Mapping[K, V], Mapping[K, DrctlError]]:
    """The same for keys that were asked about together and failed with ``error``."""
    if len(keys) < 2:
        return {}, dict.fromkeys(keys, error)
    # By halves: one bad group among n costs about 2 log n requests, all bad ones 2 n, and a site that is
    # gone three.
    middle = len(keys) // 2
    halves = [(half, *_answer(ask, half)) for half in (keys[:middle], keys[middle:])]
    if _alike([failure for _, _, failure in halves]):
        return {}, dict.fromkeys(keys, error)
    answers: dict[K, V] = {}
    failures: dict[K, DrctlError] = {}
    for half, found, failure in halves:
        more, failed = (found, {}) if failure is None else _divided(ask, half, failure)
        answers |= more
        failures |= failed
    return answers, failures


def _answer[K, V](
    ask: Callable[[Sequence[K]], Mapping[K, V]], keys: Sequence[K]
) -> tuple[Mapping[K, V], DrctlError | None]:
    try:
        return ask(keys), None
    except DrctlError as error:
        return {}, error


def _alike(failures: Sequence[DrctlError | None]) -> bool:
    """Whether both say that what all need is not there: a site that answers, or the topic of offset syncs.

    Nothing else is taken for common, in whatever words: each half may hold a part of what one topic denies.
    """
    one, other = failures
    if isinstance(one, NotFound) and isinstance(other, NotFound):
        return str(one) == str(other)
    return isinstance(one, Unreachable) and isinstance(other, Unreachable)
