"""How a script ends: what went wrong with a file or a check is said in a sentence, and not in a traceback.

Errors of the program itself keep theirs. This module knows exceptions, and nothing of what the scripts do.
"""

from collections.abc import Callable


class Refusal(Exception):
    """A job must not go on, for a reason that its message tells to the user."""


def run(main: Callable[[], None]) -> None:
    """Call a script's main function.

    Raises
    ------
    SystemExit
        With the message of an `OSError` or a `Refusal`.
    """
    try:
        main()
    except (OSError, Refusal) as error:
        raise SystemExit(str(error)) from None
