"""What tests of the store agree on: the backends, and the key that seals their sensitive fields."""

KEY = bytes(range(32))
BACKENDS = ("sqlite", "postgres")
