"""One fake in several processes: they share a port, and answer as one would, whichever of them is asked."""
