"""The drill: real work on two real sites, a switchover under load, and the way home, judged by what clients saw."""

from uuid import UUID, uuid4

from drctl.drills.audit_reader import fresh_reader
from drctl.drills.judging import judged
from drctl.drills.lab_drill import LabDrill, Setting, setting_of
from drctl.drills.outcome import Drill, Handover, Material, Work
from drctl.drills.timeline import Histories
from drctl.lab.workload import CLIENTS, COMPACTED, READS, LabWorkload
from drctl.model.chain import Line
from drctl.plans.switchover import plan
from drctl.ports import World


class Rehearsal(LabDrill):
    """A switchover and the way home, both planned: nothing may be lost and nothing read twice."""

    def perform(self) -> Drill:
        """Do all of it. A switchover that fails raises; everything else is for the verdict."""
        ledger_run = uuid4()
        workload = self.start_workload(ledger_run)
        self.work(workload, self.profile.seconds, "at north")
        with self.open_world(self.plan_file) as world:
            setting = setting_of(world)
            there = self._hand_over(world, "north", "south")
            self.work(workload, self.profile.seconds, "at south")
            home = self._hand_over(world, "south", "north")
            journal = world.journal.lines()
            self.work(workload, self.profile.seconds, "at north again")
            self.finish(workload)
            self.await_standby(world, "north", "south")
        return self._judge(ledger_run, (there, home), workload, setting, journal)

    def _hand_over(self, world: World, source: str, target: str) -> Handover:
        self.say(f"switchover from {source} to {target}")
        return self.moved(lambda: plan(world, source, target, observe=self.observe), world, source, target)

    def _judge(
        self,
        ledger_run: UUID,
        handovers: tuple[Handover, ...],
        workload: LabWorkload,
        setting: Setting,
        journal: tuple[Line, ...],
    ) -> Drill:
        self.say("a fresh reader reads both sites, the checker compares")
        self.phase("a fresh reader reads both sites")
        histories = Histories.read(workload.histories)
        material = Material(
            Work(READS, CLIENTS, COMPACTED),
            workload.complete(),
            primary=tuple(fresh_reader(self.lab, "north", ledger_run)),
            standby=tuple(fresh_reader(self.lab, "south", ledger_run)),
            journal=journal,
        )
        found = judged(
            material.work,
            histories,
            handovers,
            primary=material.primary,
            standby=material.standby,
            complete=material.complete,
        )
        return self.told(found, histories, setting, material=material, handovers=handovers)
