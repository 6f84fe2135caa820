"""Interface: Chaos Toolkit actions, probes and controls."""
