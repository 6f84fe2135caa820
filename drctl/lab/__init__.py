"""Two real Kafka sites and MirrorMaker 2 on one machine, and faults for them."""
