"""Fraud that unfolds over several messages."""
