"""Checks a bundle without the machine, the sites or the people that made it.

The first line that applies decides; each row needs those above it to hold.

=========================================================  =======================================
what is found                                              what that is
=========================================================  =======================================
no manifest, or not the bytes that drctl wrote             BundleDamaged
a file missing, added or changed; a signature not right    ``damage``, and nothing is judged
the journal's chain or a history cannot be read            JournalBroken
the facts of a run differ from its journal                 BundleDamaged
judged again, something else than the report says          ``differences``
none of these                                              the verdict, which may be any of the four
=========================================================  =======================================
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from drctl.drills.bundle.differences import differences
from drctl.drills.bundle.judging import JudgedBundle, judged_again
from drctl.drills.bundle.manifest import LARGEST, MANIFEST, SIGNATURE, Manifest, damaged, parsed
from drctl.drills.bundle.packing import whole
from drctl.drills.bundle.signature import identity, is_signed
from drctl.drills.bundle.write import contents, measured
from drctl.model.verdict import Verdict


class SignatureState(StrEnum):
    """Say what is known of a bundle's signature."""

    VALID = "valid"
    WRONG = "wrong"
    NOT_CHECKED = "not checked"
    ABSENT = "none"


@dataclass(frozen=True, slots=True)
class Verification:
    """Say what a bundle is worth. ``reported`` and ``verdict`` are None where files are damaged: nothing is judged."""

    manifest: Manifest
    signature: SignatureState
    damage: tuple[str, ...] = ()
    reported: str | None = None
    verdict: Verdict | None = None
    reasons: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()


def verify(folder: Path, key: Ed25519PublicKey | None) -> Verification:
    """Check every file, the signature and the journal, and judge again. BundleDamaged, JournalBroken: see the table.

    Without a key a signature is only compared with the key that the manifest names itself: that shows damage, and says
    nothing about who signed.
    """
    if not (folder / MANIFEST).is_file():
        raise damaged(f"{folder}: there is no {MANIFEST}: its run did not come to its end, or an older drctl made it")
    raw = whole(folder / MANIFEST, LARGEST)
    manifest = parsed(raw)
    there = dict(contents(folder))
    state, wrong = _signature(folder, manifest, raw, key, there=SIGNATURE in there)
    damage = (*wrong, *_damage(folder, manifest, there))
    # Nothing is judged of files that were changed: a verdict over them would be quoted.
    if damage:
        return Verification(manifest, state, damage)
    found = judged_again(folder, manifest)
    return Verification(
        manifest,
        state,
        reported=found.reported,
        verdict=found.verdict,
        reasons=found.reasons,
        differences=tuple(_differences(manifest, found)),
    )


def _signature(
    folder: Path, manifest: Manifest, raw: bytes, key: Ed25519PublicKey | None, *, there: bool
) -> tuple[SignatureState, tuple[str, ...]]:
    if manifest.signer is None and not there:
        wanted = () if key is None else (f"{SIGNATURE}: is missing: nobody has signed this bundle",)
        return SignatureState.ABSENT, wanted
    if problem := _wrong(folder, manifest.signer, raw, key, there=there):
        return SignatureState.WRONG, (f"{SIGNATURE}: {problem}",)
    return (SignatureState.NOT_CHECKED if key is None else SignatureState.VALID), ()


def _wrong(folder: Path, signer: str | None, raw: bytes, key: Ed25519PublicKey | None, *, there: bool) -> str:
    """Return what is wrong with the signature; nothing if it is the manifest's and, if one is given, the key's."""
    if not there:
        return "is missing"
    if signer is None:
        return "is there, and the manifest names nobody who signed it"
    if not is_signed(signer, raw, whole(folder / SIGNATURE, 1 << 10)):
        return f"does not belong to this {MANIFEST}"
    if key is not None and identity(key) != signer:
        return f"was made with another key: {signer}"
    return ""


def _damage(folder: Path, manifest: Manifest, there: dict[str, bool]) -> Iterator[str]:
    for name, listed in sorted(manifest.files.items()):
        if name not in there:
            yield f"{name}: is missing"
        elif not there[name]:
            yield f"{name}: is a link, or no file at all"
        else:
            found = measured(folder / name)
            if found.size != listed.size:
                yield f"{name}: was changed: it has {found.size} bytes and had {listed.size}"
            elif found.sha256 != listed.sha256:
                yield f"{name}: was changed: its SHA-256 is another one"
    for name in sorted(there.keys() - manifest.files.keys() - {MANIFEST, SIGNATURE}):
        yield f"{name}: is not in the manifest"


def _differences(manifest: Manifest, found: JudgedBundle) -> Iterator[str]:
    if found.run != manifest.run:
        yield f"run: the manifest says {manifest.run!r}, the evidence {found.run!r}"
    yield from differences(found.report, found.again)


def as_document(found: Verification) -> dict[str, Any]:
    """The verification as plain values."""
    made = found.manifest
    return {
        "run": made.run,
        "runKind": made.run_kind.value,
        "drctl": {"version": made.drctl.version, "commit": made.drctl.commit},
        "files": len(made.files),
        "signed": found.signature.value,
        "signer": made.signer,
        "damage": list(found.damage),
        "reported": found.reported,
        "verdict": found.verdict.value if found.verdict else None,
        "reasons": list(found.reasons),
        "differences": list(found.differences),
    }
