"""An arbiter in a ConfigMap, at an API server of a third place."""

from drctl.errors import Conflict, Superseded, Unsupported
from drctl.model.arbiter import ArbiterRecord, as_text, from_text
from drctl.model.resources import CONFIG_MAP, Object
from drctl.ports import Resources

KEY = "record"


class ConfigMapArbiter:
    """Implements :class:`drctl.ports.Arbiter`, by the resource's version. Whoever installs drctl makes the ConfigMap.

    One that was deleted and made again has no record: nothing is decided by itself before it was told again.
    """

    def __init__(self, resources: Resources, name: str) -> None:
        self.resources, self.name = resources, name

    def read(self) -> ArbiterRecord | None:
        return self._told(self.resources.get(CONFIG_MAP, self.name))

    def write(self, record: ArbiterRecord, *, expected: ArbiterRecord | None) -> None:
        item = self.resources.get(CONFIG_MAP, self.name)
        if (present := self._told(item)) != expected:
            raise self._superseded(f"holds {present}, not {expected}")
        version = item["metadata"]["resourceVersion"]
        try:
            self.resources.patch(
                CONFIG_MAP, self.name, {"metadata": {"resourceVersion": version}, "data": {KEY: as_text(record)}}
            )
        except Conflict as conflict:
            raise self._superseded("was written meanwhile") from conflict

    def _told(self, item: Object) -> ArbiterRecord | None:
        text = (item.get("data") or {}).get(KEY)
        return None if text is None else _record(str(text), f"configmap {self.name}")

    def _superseded(self, what: str) -> Superseded:
        return Superseded(
            f"the arbiter {what}: somebody else has decided",
            remedy="see 'drctl status' and 'drctl runs list' before deciding again",
        )


def _record(text: str, where: str) -> ArbiterRecord:
    try:
        return from_text(text)
    except ValueError as error:
        raise Unsupported(
            f"{where} holds no record of an arbiter", remedy="remove what stands there: it is told again in good times"
        ) from error
