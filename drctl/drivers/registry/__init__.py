"""Schema registries, by their REST interface."""
