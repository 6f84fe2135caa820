"""How a diagnosis is shown: what is wrong at each site, how far it reaches, and every reason."""

from collections.abc import Iterable, Iterator
from typing import Any

import click

from drctl.cli.output import show_table
from drctl.decide.response import CauseResponse, proposed, response
from drctl.model.cause import CauseScope, SiteHealth

place_option = click.option(
    "--place",
    default="here",
    show_default=True,
    help="Where drctl looks from: a site's name, or that of a third place.",
)


def show_health(found: Iterable[SiteHealth], *, wide: bool) -> None:
    """One line per cause with what to do, then what could not be seen; with ``wide`` all reasons, and how to do it."""
    show_table(
        "Health", ("SITE", "CAUSE", "OF", "DO", "WHY"), (row for each in found for row in _rows(each, wide=wide))
    )


def _rows(found: SiteHealth, *, wide: bool) -> Iterator[tuple[str, ...]]:
    site = found.site
    if found.scope is CauseScope.WELL:
        yield (site, found.scope.value, "", "", "")
    for cause in found.causes:
        told = response(cause)
        for number, reason in enumerate(cause.reasons if wide else cause.reasons[:1]):
            more = "" if wide or len(cause.reasons) == 1 else f" (and {len(cause.reasons) - 1} more: -o wide)"
            named = (site, cause.scope.value, cause.subject, _word(told)) if number == 0 else ("",) * 4
            yield (*named, f"{reason}{more}")
        if wide and told is not None:
            yield ("", "", "", "", f"{told.do.value}: {told.how}")
    if found.blocked:
        yield (site, "", "", "", f"{found.blocked} partitions refuse writes with acks=all")
    unseen = "" if found.causes else _word(proposed(found))
    for blind in found.blind:
        yield (site, CauseScope.UNKNOWN.value, "", unseen, f"not seen: {blind}")
    if wide:
        yield from ((site, "note", "", "", note) for note in found.notes)


def _word(told: CauseResponse | None) -> str:
    return "" if told is None else told.do.value


def _told(told: CauseResponse | None) -> dict[str, str] | None:
    return None if told is None else {"do": told.do.value, "how": told.how}


def health_document(found: SiteHealth) -> dict[str, Any]:
    """A diagnosis for programs."""
    return {
        "scope": found.scope.value,
        "causes": [
            {
                "scope": each.scope.value,
                "subject": each.subject,
                "brokers": sorted(each.brokers),
                "reasons": list(each.reasons),
                "response": _told(response(each)),
            }
            for each in found.causes
        ],
        "response": _told(proposed(found)),
        "blind": list(found.blind),
        "notes": list(found.notes),
        "partitionsRefusingWrites": found.blocked,
    }
