"""Groups in which only the places of static members are left whose processes have ended."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from drctl.model.session import Group, Member


def inside_pods(members: Iterable[Member], addresses: Mapping[str, Collection[str]]) -> Iterator[tuple[Member, str]]:
    """The static members among these that run in a pod, each with what that belongs to.

    ``addresses`` are those that only pods of something have, read *after* the members were: whoever was seen at such an
    address is in that pod, or was in an earlier one that has ended.
    """
    owners = {address: owner for owner, found in addresses.items() for address in found}
    for member in members:
        # By address, for a member tells no pod's name. An address is given to another pod only after its
        # own is gone, and it is asked for after the members.
        if member.instance_id and member.address and member.address in owners:
            yield member, owners[member.address]


def abandoned(groups: Iterable[Group], gone: Mapping[str, Collection[str]]) -> Iterator[Group]:
    """Those of these groups in which everybody left is a static member that said so itself or is known to be gone.

    ``gone`` holds member ids by group. While anybody else is inside nothing is removed from a group: members that live
    would share the partitions out again, and read on where they are to stop.
    """
    for group in groups:
        known = gone.get(group.name, ())
        if group.members and all(m.instance_id and (m.left or m.member_id in known) for m in group.members):
            yield group
