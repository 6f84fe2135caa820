"""A drill across the real sites with a topic and a group of its own; the workload is not touched."""
