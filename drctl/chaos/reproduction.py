"""The shortest series of experiments, on a new lab, after which a refuted one is refuted again."""

from collections.abc import Callable, Sequence

from drctl.chaos.campaign import Result, Runner
from drctl.chaos.campaign_folder import CampaignFolder
from drctl.errors import NotFound
from drctl.model.verdict import Verdict


def lead(folder: CampaignFolder, number: int | None) -> tuple[Result, ...]:
    """Return the runs on one lab up to that refuted one, the first of the campaign if none is named.

    NotFound if none was refuted, or that run was not.
    """
    same_lab = list[Result]()
    for result in folder.results():
        if result.since == result.number:
            same_lab.clear()
        same_lab.append(result)
        if _is_loss(result) and number in (None, result.number):
            return tuple(same_lab)
    what = "no run was refuted" if number is None else f"run {number} was not refuted, or is not there"
    raise NotFound(f"{folder.path}: {what}", remedy="see its summary.md for what was")


def _is_loss(result: Result) -> bool:
    """Whether it was refuted, and not as a negative control that was to be."""
    return result.verdict == Verdict.REFUTED and not result.as_stated


def shortest[T](series: Sequence[T], again: Callable[[Sequence[T]], bool]) -> Sequence[T] | None:
    """Return the shortest series found that ends as this one and is refuted ``again``; None if not even the whole is.

    First the end of it is tried, twice as long each time; then what is left out without harm. What depends on chance
    may need more than one attempt for each: that is for ``again``.
    """
    length = 1
    while not again(series[-length:]):
        if length == len(series):
            return None
        length = min(2 * length, len(series))
    found = list(series[-length:])
    place = 0
    while place < len(found) - 1:
        without = found[:place] + found[place + 1 :]
        if again(without):
            found = without
        else:
            place += 1
    return found


def refuted_again(folder: CampaignFolder, runner: Runner, attempts: int) -> Callable[[Sequence[Result]], bool]:
    """Return the question whether these experiments, one after the other on a new lab, end refuted in an attempt."""
    experiments = {each.path.stem: each for each in folder.experiments()}

    def ends_refuted(series: Sequence[Result]) -> bool:
        runner.close()  # each series begins with a new lab
        for number, each in enumerate(series, 1):
            found = runner.run(number, experiments[each.experiment], f"reproduction/{number:05}-{each.experiment}")
        return _is_loss(found)

    return lambda series: any(ends_refuted(series) for _ in range(attempts))
