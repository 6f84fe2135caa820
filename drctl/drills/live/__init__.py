"""A drill with the real work: it moves to the other site, stays for a while under watch, and comes home."""
