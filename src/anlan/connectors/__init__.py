"""The platforms that Anlan speaks with; each connector turns their words into events, and actions into their calls."""
