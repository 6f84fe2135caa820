"""Sink connectors of a lab and what they fill: their configurations are the same at both sites, as a user's are.

``orders-to-postgres`` adds a row per record to a table without a key, ``orders-to-file`` a line to one file: what was
written twice is there twice. Positions are those of the groups ``connect-orders-to-…``.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from drctl.errors import LabError
from drctl.lab.certificates import write_secret
from drctl.lab.database import USER, Database
from drctl.lab.layout import cache, password

DEBEZIUM = "3.6.0.Final"
TOPIC = "shop.orders"
STRING = "org.apache.kafka.connect.storage.StringConverter"
TRANSFORMS = "org.apache.kafka.connect.transforms"
TABLE = "create table if not exists orders (record text, kafka_topic text, kafka_partition int, kafka_offset bigint)"


@dataclass(frozen=True, slots=True)
class Sinks:
    """The sinks of the lab in that folder."""

    folder: Path
    database: Database

    @classmethod
    def prepare(cls, folder: Path, port: int) -> Self:
        """Write what the workers need before they start. LabError if set-up has not fetched the plugin."""
        plugin = cache() / f"sinks-{DEBEZIUM}"
        if not (plugin / ".complete").exists():
            raise LabError(f"the JDBC sink is not in {plugin}", remedy="run 'make setup', which fetches it")
        plugins = folder / "plugins" / "debezium-connector-jdbc"
        plugins.parent.mkdir(parents=True, exist_ok=True)
        plugins.symlink_to(plugin / "debezium-connector-jdbc")
        write_secret(folder / "etc" / "sink-secrets.properties", f"postgres={password(USER, 'postgres')}\n")
        _note(folder).parent.mkdir()
        _note(folder).write_text(json.dumps({"port": port}))
        return cls(folder, Database(folder, port))

    @classmethod
    def found(cls, folder: Path) -> Self | None:
        """Those of a running lab; None where it was started without."""
        note = _note(folder)
        return cls(folder, Database(folder, json.loads(note.read_text())["port"])) if note.exists() else None

    @property
    def file(self) -> Path:
        """Where ``orders-to-file`` writes to."""
        return self.folder / "sinks" / "orders.txt"

    @property
    def connectors(self) -> dict[str, dict[str, str]]:
        """Their configurations by name. The password is a reference that only the workers resolve."""
        reference = f"${{file:{self.folder / 'etc' / 'sink-secrets.properties'}:postgres}}"
        return {
            "orders-to-postgres": table_sink(TOPIC, "orders", self.database.jdbc_url, reference),
            "orders-to-file": file_sink(TOPIC, self.file),
        }

    def rows(self) -> list[tuple[str, int, int]]:
        """Record, partition and offset (at the site that delivered it) of every row, in the order of delivery."""
        found = self.database.rows("select record, kafka_partition, kafka_offset from orders order by ctid")
        return [(record, int(partition), int(offset)) for record, partition, offset in found]

    def lines(self) -> list[str]:
        """Every record that the file got, in the order of delivery."""
        return self.file.read_text().splitlines() if self.file.exists() else []


def _note(folder: Path) -> Path:
    return folder / "sinks" / "postgres.json"


def _reading(topic: str) -> dict[str, str]:
    # Connect's own default would deliver the records of aborted transactions as well.
    consumer = {"isolation.level": "read_committed", "auto.offset.reset": "earliest"}
    return {
        "tasks.max": "1",
        "topics": topic,
        "key.converter": STRING,
        "value.converter": STRING,
        "header.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
        **{f"consumer.override.{key}": value for key, value in consumer.items()},
    }


def file_sink(topic: str, file: Path) -> dict[str, str]:
    """Kafka's own file sink: a line per record, appended."""
    kind = "org.apache.kafka.connect.file.FileStreamSinkConnector"
    return {"connector.class": kind, "file": str(file), **_reading(topic)}


def table_sink(topic: str, table: str, jdbc_url: str, secret: str) -> dict[str, str]:
    """Debezium's JDBC sink: plain inserts without a key. It takes only structures, so the value is put into one."""
    return {
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "connection.url": jdbc_url,
        "connection.username": USER,
        "connection.password": secret,
        "collection.name.format": table,
        "insert.mode": "insert",
        "primary.key.mode": "none",
        "schema.evolution": "none",
        **_reading(topic),
        "transforms": "record,place",
        "transforms.record.type": f"{TRANSFORMS}.HoistField$Value",
        "transforms.record.field": "record",
        "transforms.place.type": f"{TRANSFORMS}.InsertField$Value",
        "transforms.place.topic.field": "kafka_topic",
        "transforms.place.partition.field": "kafka_partition",
        "transforms.place.offset.field": "kafka_offset",
    }
