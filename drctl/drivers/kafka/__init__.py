"""Kafka through confluent-kafka: positions, records, fences, brokers."""
