"""The workload's applications: each a process of its own, writing its history as it goes."""
