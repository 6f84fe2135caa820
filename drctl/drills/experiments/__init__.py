"""A chaos experiment judged from what it left behind: without a lab, a clock or the Chaos Toolkit."""
