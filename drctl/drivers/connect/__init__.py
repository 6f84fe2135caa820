"""Kafka Connect's REST interface: links and their connectors."""
