"""The ``capacity`` of the plan file: the shape of its shifts."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from drctl.config.values import SHAPE, Dates, Lasting, Name, Resource, Text, Time


class _Part(BaseModel):
    model_config = SHAPE


class ShiftPart(_Part):
    """A part of the week, by the clock on the wall, and what a standby must have in it.

    One that ends no later than it begins ends on the next day. ``deployments`` and ``nodePools`` are replicas by name;
    ``tasksMax`` is that of the link's source connector at the standby.
    """

    name: Name
    days: Annotated[list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]], Field(min_length=1)]
    begins: Time
    ends: Time
    deployments: dict[Resource, Annotated[int, Field(ge=0, le=2**31 - 1)]] = {}
    node_pools: dict[Resource, Annotated[int, Field(ge=1, le=2**31 - 1)]] = {}
    tasks_max: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None


class CapacityPart(_Part):
    """State which capacity a standby must have, and when. The shifts cover the whole week and do not overlap.

    ``scaleNodePools`` lets drctl raise the replicas of a KafkaNodePool before a switchover, ``scaleTasks`` a link's
    ``tasks.max``. ``scaleAhead`` lets ``drctl service run`` scale up at a standby, that long before a shift begins,
    what the shift demands and may run there. A shift that would begin on a blocked date demands nothing, to its end.
    """

    time_zone: Text
    # One for each half hour of a week: more is a mistake of who generates them.
    shifts: Annotated[list[ShiftPart], Field(min_length=1, max_length=336)]
    # Off: more brokers cost machines, and Kafka moves no partition to them by itself.
    scale_node_pools: bool = False
    # Off: who runs the link says how it is set up, and every change starts its tasks anew.
    scale_tasks: bool = False
    # Off: what runs at a standby costs, and how long it takes to start only its owner knows.
    scale_ahead: Lasting | None = None
    blocked_dates: Annotated[list[Dates], Field(max_length=1000)] = []
