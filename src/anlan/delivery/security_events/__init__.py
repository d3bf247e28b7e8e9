"""Security event tokens on their way: signed and pushed or polled (RFC 8417, 8935, 8936), verified and taken in."""
