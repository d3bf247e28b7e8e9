"""Fraud: money about to leave for somebody who should not have it."""
