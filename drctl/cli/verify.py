"""drctl verify."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from drctl.cli.output import document, echo, output_option, show_document, show_table
from drctl.errors import BundleDamaged, ReportContradicted
from drctl.model.verdict import exit_code

if TYPE_CHECKING:
    from drctl.drills.bundle.verify import Verification

SHOWN = 20
"""Damaged files that are named to people; -o json names all of them."""


@click.command("verify")
@click.argument("bundle", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The public key (Ed25519, PEM) of whoever must have signed it.",
)
@output_option
def command(bundle: Path, key: Path | None, output: str) -> None:
    """Check the report folder of a drill or a chaos experiment again, without the sites that it was made on.

    Every file is compared with the manifest, the signature with --key, the journal's hash chain is followed, and the
    clients' histories are judged again by the checker; the report is written again from that and compared. report.html
    is covered by its checksum only. An experiment has no journal of drctl's; its faults count as others saw them.

    Exits 0 only if all of that holds and the verdict is proved. 20, 21 or 22 is the verdict itself, 23 a damaged bundle
    or a wrong signature, 24 a report that says something else than its evidence, 12 a broken journal or history.
    """
    from drctl.drills.bundle.signature import public_key
    from drctl.drills.bundle.verify import as_document, verify

    found = verify(bundle, public_key(key) if key else None)
    if output in ("json", "yaml"):
        show_document(document("BundleVerification", as_document(found)), output)
    else:
        _show(found)
    if found.damage:
        raise BundleDamaged(
            f"{bundle}: {len(found.damage)} things are not as the manifest says, first: {found.damage[0]}",
            remedy="get the bundle again from where it was made; what is in this one proves nothing",
        )
    if found.differences or found.verdict is None:
        raise ReportContradicted(
            f"{bundle}: the report says something else than its evidence, first: {found.differences[0]}",
            remedy=f"verify it with the drctl that made it ({found.manifest.drctl.version}); if that says the same, "
            "do not rely on the report",
        )
    raise click.exceptions.Exit(exit_code(found.verdict))


def _show(found: "Verification") -> None:
    made = found.manifest
    rows = [
        ("run", f"{made.run} ({made.run_kind.value})"),
        ("drctl", f"{made.drctl.version}, commit {made.drctl.commit or 'unknown'}"),
        ("files", f"{len(made.files)}, {len(found.damage) or 'none'} not as the manifest says"),
        ("signature", _signature(found)),
        ("verdict of the report", found.reported or "not looked at"),
        ("verdict of the evidence", found.verdict.value if found.verdict else "not judged"),
    ]
    show_table("Bundle", ("", ""), rows)
    for each in found.damage[:SHOWN]:
        echo(f"  {each}")
    if len(found.damage) > SHOWN:
        echo(f"  and {len(found.damage) - SHOWN} more")
    for each in found.differences or found.reasons:
        echo(f"  {each}")


def _signature(found: "Verification") -> str:
    from drctl.drills.bundle.verify import SignatureState

    return {
        SignatureState.VALID: "valid, by the key that was given",
        SignatureState.WRONG: "wrong",
        SignatureState.NOT_CHECKED: "NOT CHECKED: give the public key with --key; anybody may have signed it",
        SignatureState.ABSENT: "NONE: nobody has signed it, so anybody may have made it",
    }[found.signature]
