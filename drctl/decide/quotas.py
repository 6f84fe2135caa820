"""Client quotas compared: whom the target would hold back otherwise than the source does.

Brokers take the most particular quota that has the key (KIP-13, KIP-55, KIP-612): of user and client id before those of
the user, before those of every user, before those of the client id; of an address before those of every address. So
what is set for somebody at one site is held against what would apply to the same one at the other.

| north | south | of whom | told |
| --- | --- | --- | --- |
| shop 5, every user 1 | every user 1 | shop | less at south: 1, 5 at north |
| shop 5 | shop 5, every user 2 | every user | less at south: 2, not limited at north |
| shop 5, every user 9 | every user 5 | shop | nothing: 5 applies at both |
"""

from collections.abc import Iterator

from drctl.decide.rules import Blocker, Rule
from drctl.model.facts import SiteFacts
from drctl.model.quotas import ClientQuotas, QuotaEntity

NO_END = float("inf")
USER, CLIENT, ADDRESS = "user", "client-id", "ip"


def quota_differences(source: SiteFacts, target: SiteFacts, *, less: bool) -> Iterator[tuple[QuotaEntity, Blocker]]:
    """Return the quotas that leave less at the target (``less``), or those that leave more, with whom they are for.

    Nothing where one of the sites does not tell: :func:`drctl.decide.equality.unseen` says so.
    """
    here, there = source.quotas.value, target.quotas.value
    if here is None or there is None:
        return
    for entity in sorted({*here, *there}, key=str):
        for key in sorted({*here.get(entity, {}), *there.get(entity, {})}):
            was, is_ = _applying(here, entity, key), _applying(there, entity, key)
            if was != is_ and (is_ < was) is less:
                detail = f"{target.name}: {key} of {entity} is {_shown(is_)}, {_shown(was)} at {source.name}"
                remedy = f"set it as it is meant at both sites: kafka-configs.sh --alter at {target.name}"
                yield entity, Blocker(Rule.QUOTA_DIFFERS, detail, remedy)


def quota_user(entity: QuotaEntity) -> str | None:
    """Return the one user whom a quota is for; None where it is for every user, or for none in particular."""
    return dict(entity.parts).get(USER)


def _applying(quotas: ClientQuotas, entity: QuotaEntity, key: str) -> float:
    """Return what holds for whom the entity names, if nothing more particular does."""
    found = (quotas.get(each, {}).get(key) for each in _most_particular_first(entity))
    return next((value for value in found if value is not None), NO_END)


def _most_particular_first(entity: QuotaEntity) -> Iterator[QuotaEntity]:
    names = dict(entity.parts)
    if ADDRESS in names:
        yield from (_entity({ADDRESS: each}) for each in dict.fromkeys((names[ADDRESS], None)))
        return
    clients = dict.fromkeys((names[CLIENT], None)) if CLIENT in names else {None: None}
    if USER in names:
        for user in dict.fromkeys((names[USER], None)):
            if CLIENT in names or user != names[USER]:
                yield from (_entity({CLIENT: client, USER: user}) for client in clients)
            yield _entity({USER: user})
    yield from (_entity({CLIENT: client}) for client in clients)


def _entity(names: dict[str, str | None]) -> QuotaEntity:
    return QuotaEntity(tuple(names.items()))


def _shown(value: float) -> str:
    return "not limited" if value == NO_END else f"{value:g}"
