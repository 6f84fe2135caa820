"""What drctl itself keeps: journal, lease, epochs."""
