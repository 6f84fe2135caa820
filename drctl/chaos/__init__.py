"""Door: Chaos Toolkit actions, probes and controls."""
