"""Bringing outbox messages to the platform's endpoints, at least once, signed, in no promised order."""
