"""Words that several commands share, so that a thing is called the same everywhere."""

from drctl.model.session import GroupState


def state_word(state: GroupState) -> str:
    """A group's state in Kafka's words, but absent where it does not exist: *Dead* reads as if something had died."""
    return "absent" if state is GroupState.DEAD else state.value
