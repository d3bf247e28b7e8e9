"""Traffic: too much of something, whatever it says."""
