"""drctl moves the work of one Kafka site to another and proves what happened."""

__version__ = "0.2.0"
