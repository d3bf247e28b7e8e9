"""Content: what a message says, and whether it harms."""
