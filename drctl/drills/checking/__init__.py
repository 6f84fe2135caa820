"""Checkers that share the work: each reads the partitions that brokers give it, and one brings all states together."""
