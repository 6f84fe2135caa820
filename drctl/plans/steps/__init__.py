"""The steps of all plans, one file each; a step's docstring is its page in the runbook."""
