"""Steps, one file each: check, do, verify. Each may run twice."""
