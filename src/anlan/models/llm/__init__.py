"""Asking a language model about one message, over any OpenAI-compatible endpoint; knows no policy and no signal."""
