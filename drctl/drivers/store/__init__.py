"""Keep what is drctl's own: journal, lease, epochs."""
