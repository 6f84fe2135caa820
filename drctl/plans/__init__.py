"""Order: what is done one after the other, how it is checked, and how a run of it survives being cut off."""
