"""Compares what was acknowledged with what was read. Pure: streams in, anomalies out."""
