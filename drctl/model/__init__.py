"""Nouns: frozen values without verbs. They know nothing of Kafka clients, files, clocks or each other's users."""
