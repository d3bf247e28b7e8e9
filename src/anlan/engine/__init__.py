"""Deciding: from an event to an explained verdict."""
