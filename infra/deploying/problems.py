"""What keeps a deployment from going on."""


class Problem(Exception):
    """A step failed; the text says what did, and what to do about it."""
