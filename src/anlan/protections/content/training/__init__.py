"""Rebuilding the content models from public data: corpora, own sentences, evasions, evaluation, card."""
