"""The offset syncs of one partition in the order in which a link wrote them, as far as they can still matter.

upstream                    .--- the second run reaches the first one's highest offset: of the first one only the
   |         / first run   /     last sync stays, and that goes once the second is LEFT_BEHIND further
   |       /             /
   |     /      /      /
   |   /      /      /
   | /      / second run: the link copies again
   +--------------------------- written
"""

from array import array
from bisect import bisect_left

from drctl.model.offsets import OffsetSync

LEFT_BEHIND = 10_000
"""Offsets: far more than a link copies from one sync to the next (``offset.lag.max``, by default 100)."""
DENSE = 1_000
"""Syncs of which none is left out: with less, answers for positions near the end would cost more reading."""
FULL = 4_000
"""Syncs with which a run is thinned out for the first time: half a megabyte. It takes a link 400,000 records."""


class SyncHistory:
    """Runs of syncs, each with where it was written; within a run both offsets rise.

    A link that copies again (a worker was killed, somebody reset its offsets) begins a new run. Until that has reached
    the highest upstream offset of the run before, the older run says where the first images are.

    Of a long run the first sync and the newest ones stay, and of the others the fewer the older they are: they lie at
    least a thousandth of their distance to the newest one apart. So their number grows with the logarithm of the log.
    """

    __slots__ = ("_full", "_runs")

    def __init__(self) -> None:
        self._runs: list[tuple[array[int], list[OffsetSync]]] = []
        self._full = FULL

    def add(self, place: int, new: OffsetSync) -> None:
        """Note the next sync. Where it leads back at the target alone, the topic there was recreated."""
        if not self._runs or self._runs[-1][1][-1].upstream >= new.upstream:
            self._runs.append((array("q"), []))
        places, syncs = self._runs[-1]
        while syncs and syncs[-1].downstream >= new.downstream:
            syncs.pop()
            places.pop()
        places.append(place)
        syncs.append(new)
        if self._runs[:-1]:
            self._forget(new.upstream)
        if len(syncs) >= self._full:
            self._thin_out(places, syncs)

    def _thin_out(self, places: array[int], syncs: list[OffsetSync]) -> None:
        newest, kept = syncs[-1].upstream, [0]
        for at in range(1, len(syncs) - DENSE):
            if DENSE * (syncs[at].upstream - syncs[kept[-1]].upstream) >= newest - syncs[at].upstream:
                kept.append(at)
        kept += range(len(syncs) - DENSE, len(syncs))
        self._runs[-1] = array("q", (places[at] for at in kept)), [syncs[at] for at in kept]
        self._full = max(FULL, 2 * len(kept))

    def _forget(self, reached: int) -> None:
        kept = []
        for places, syncs in self._runs[:-1]:
            if syncs[-1].upstream > reached:
                kept.append((places, syncs))
            elif reached - syncs[-1].upstream <= LEFT_BEHIND:
                kept.append((places[-1:], syncs[-1:]))
        self._runs[:-1] = kept

    def since(self, place: int) -> tuple[OffsetSync, ...]:
        """Those that were written there or behind it, in the order in which they were written."""
        return tuple(sync for places, syncs in self._runs for sync in syncs[bisect_left(places, place) :])
