"""Telling the user what happens."""


def say(sentence: str) -> None:
    """Prints a line at once, also into a pipe."""
    print(f"engine: {sentence}", flush=True)
