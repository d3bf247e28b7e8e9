"""Accounts: who is at the door, and who is registering."""
