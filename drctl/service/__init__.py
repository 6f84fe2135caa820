"""Interface: the scheduler, metrics and pages of the long-running service."""
