"""How a diagnosis is shown: what is wrong at each site, how far it reaches, and every reason."""

from collections.abc import Iterable, Iterator
from typing import Any

import click

from drctl.cli.output import show_table
from drctl.model.cause import CauseScope, SiteHealth

place_option = click.option(
    "--place",
    default="here",
    show_default=True,
    help="Where drctl looks from: a site's name, or that of a third place.",
)


def show_health(found: Iterable[SiteHealth], *, wide: bool) -> None:
    """One line per cause, then what could not be seen; with ``wide`` every reason and everything worth knowing."""
    show_table("Health", ("SITE", "CAUSE", "OF", "WHY"), (row for each in found for row in _rows(each, wide=wide)))


def _rows(found: SiteHealth, *, wide: bool) -> Iterator[tuple[str, ...]]:
    site = found.site
    if found.scope is CauseScope.WELL:
        yield (site, found.scope.value, "", "")
    for cause in found.causes:
        for number, reason in enumerate(cause.reasons if wide else cause.reasons[:1]):
            more = "" if wide or len(cause.reasons) == 1 else f" (and {len(cause.reasons) - 1} more: -o wide)"
            named = (site, cause.scope.value, cause.subject) if number == 0 else ("", "", "")
            yield (*named, f"{reason}{more}")
    if found.blocked:
        yield (site, "", "", f"{found.blocked} partitions refuse writes with acks=all")
    for blind in found.blind:
        yield (site, CauseScope.UNKNOWN.value, "", f"not seen: {blind}")
    if wide:
        yield from ((site, "note", "", note) for note in found.notes)


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
            }
            for each in found.causes
        ],
        "blind": list(found.blind),
        "notes": list(found.notes),
        "partitionsRefusingWrites": found.blocked,
    }
