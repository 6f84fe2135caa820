"""Leave that the plan file gives to drills at the sites."""

from pydantic import BaseModel

from drctl.config.values import SHAPE


class _Part(BaseModel):
    model_config = SHAPE


class IsolatedPart(_Part):
    """``createTopics`` lets ``drctl drill --level isolated`` make topics and groups that begin with ``drctl.drill.``.

    It deletes them again. Without it that drill makes nothing and says so.
    """

    create_topics: bool = False


class DrillsPart(_Part):
    """Say what drills may do at the sites; a tabletop only reads and needs no leave."""

    isolated: IsolatedPart = IsolatedPart()
