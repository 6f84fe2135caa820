"""Define the words of a report, for whoever reads it years later and without the sources."""

from drctl.drills.report.schema import DefinitionsPart
from drctl.model.translation import Proof

VERDICTS = {
    "proved": "No fault was found and nothing is missing: every acknowledged record is there once and unchanged, every "
    "group read to the acknowledged end and skipped or repeated none, enough was written before, during and after the "
    "switchovers, everything that had to be witnessed was, and the same checker named every planted fault.",
    "refuted": "At least one fault was found: a record is lost, deleted, duplicated, reordered, corrupt, phantom, "
    "misrouted, read though its transaction was aborted or before it was committed, or told at another's offset; "
    "or a group skipped, repeated or processed a record that it should not.",
    "inconclusive": "No fault was found, and evidence is missing: a client's history is incomplete, a planted fault "
    "was not named, something that had to be witnessed was not, or a group did not read to the end.",
    "vacuous": "No fault was found and no evidence is missing, but too little happened to prove anything: too few "
    "records in some part of the drill, or no group at work.",
}

OUTAGE_VERDICTS = {
    "proved": "No fault was found and nothing is missing: every acknowledged record is at the survivor or in the saved "
    "tail, in one of them only, every group read to the end of what is at the survivor and skipped none of it, enough "
    "was written, everything that had to be witnessed was, and the same checker named every planted fault. Reading "
    "again is reported and is no fault.",
    "refuted": "At least one fault was found: a record is lost, deleted, duplicated, reordered, corrupt, phantom, "
    "misrouted, read though its transaction was aborted or before it was committed, or told at another's offset; "
    "or a group skipped or processed a record that it should not.",
}
"""Verdicts whose meaning differs where a site was lost."""

HOME_VERDICTS = {
    "proved": "No fault was found and nothing is missing: every acknowledged record is at home or in the saved tail, "
    "in one of them only, and at the standby; every group read to the end of what is at home and skipped none of it; "
    "on the way home nothing was copied twice, read again, or read from the tail; enough was written, everything that "
    "had to be witnessed was, and the same checker named every planted fault. Reading again after the loss is reported "
    "and is no fault.",
    "refuted": "At least one fault was found: a record is lost, deleted, duplicated, reordered, corrupt, phantom, "
    "misrouted, read though its transaction was aborted or before it was committed, or told at another's offset; "
    "or a group skipped or processed a record that it should not, or read one "
    "again on the way home.",
}
"""Verdicts whose meaning differs where the work went home again."""

RECORDS = {
    "acknowledged": "The brokers confirmed the record to its producer; of a transaction, once it was committed.",
    "lost": "Acknowledged, and not there at the end.",
    "duplicated": "There more than once.",
    "reordered": "There behind a later record of the same producer and partition.",
    "corrupt": "There with another key, value or number than it was sent with.",
    "phantom": "There, and never sent in this drill.",
    "misrouted": "There in another partition than it was sent to.",
    "aborted_read": "There for a reader of committed records, though its transaction was aborted.",
    "inconsistent_offsets": "Offsets of one site's log at which those who wrote, read or processed were told two "
    "records.",
    "precommitted_read": "Given to a reader of committed records before its transaction was committed.",
    "deleted": "Acknowledged and not there, since the log's start has moved past its place, and retention cannot have "
    "done so, by the topic's settings and the record's age.",
    "recovered": "There, though its producer never learned the outcome. Not a fault.",
    "superseded": "Not there, because compaction left a newer record of its key. Not a fault.",
    "stranded": "Acknowledged, and only in the saved tail of a site that was lost. Not a fault.",
    "expired": "Acknowledged and not there, since the log's start has moved past its place, and retention may have "
    "done so. Not a fault, and nothing is proved.",
}

GROUPS = {
    "skipped": "There and never processed by the group, though it went on behind the record.",
    "repeated": "Processed by the group more than once, that is, read twice.",
    "phantom": "Processed by the group, and never sent in this drill or of an aborted transaction.",
    "unread": "There and beyond the last record that the group processed, so it did not reach the end.",
}

MEASURES = {
    "there": "At the site where the work ended; where a site was lost, there or in the saved tail.",
    "pause": "From a client's last work at the source (a record acknowledged or processed) to its first at the target.",
    "objective": "recoveryTime and recoveryPoint in the plan file. They are compared with what was measured, and do "
    "not decide the verdict.",
    "lag": "Offsets between a group's position and the end of the log; markers of transactions count, too.",
    "mirrormaker_would_repeat": "Records between the newest checkpoint that MirrorMaker 2 wrote for a position and the "
    "position that was handed over; from the beginning of the partition where it wrote none.",
    "journal head": "SHA-256 of the journal's newest line when the drill's last run had ended; it covers every line "
    "before that one.",
    "plan file digest": "SHA-256 of the plan file's bytes.",
}

PROOFS = {proof.name.lower().replace("_", "-"): proof.value for proof in Proof}

OUTAGE_MEASURES = {
    "recovery time": "From the loss of the site to the first record processed at the survivor.",
    "recovery point": "How long before the loss the oldest record was acknowledged that is only in the saved tail.",
}


def of(*, outage: bool, home: bool = False) -> DefinitionsPart:
    """Return the definitions that hold for a drill, which may have lost a site, and gone ``home`` again."""
    return DefinitionsPart(
        verdicts=VERDICTS | (HOME_VERDICTS if home else OUTAGE_VERDICTS) if outage else VERDICTS,
        records=RECORDS,
        groups=GROUPS,
        measures=MEASURES | OUTAGE_MEASURES if outage else MEASURES,
        proofs=PROOFS,
    )
