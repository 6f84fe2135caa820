"""Order: what is done to move the work of a site, step by step."""
