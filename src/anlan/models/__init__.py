"""Loading, hashing and running of models; every one has a card."""
