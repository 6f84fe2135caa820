"""Metrics of brokers, as an exporter tells them over HTTP."""
