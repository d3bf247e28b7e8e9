"""What is shown of names, numbers and addresses to whoever need not see all of them."""


def masked(text: str, kept: int) -> str:
    """The last `kept` characters behind dots, or only dots when that would show most of it."""
    return "••••" + (text[-kept:] if len(text) > 2 * kept else "")


def masked_name(name: str) -> str:
    """The first character behind which the rest is not told."""
    return name[:1] + "••"
