"""How a script ends: with the run that started it, or with what went wrong, said in a sentence and not in a traceback.

Errors of the program itself keep theirs. This module knows exceptions, and nothing of what the scripts do.
"""

from collections.abc import Callable

from depthsounder.process.lock import end_with_runner


class Refusal(Exception):
    """A job must not go on, for a reason that its message tells to the user."""


def run(main: Callable[[], None]) -> None:
    """Call a script's main function, and end at once if the run that started the script ends.

    Raises
    ------
    SystemExit
        With the message of an `OSError` or a `Refusal`.
    """
    end_with_runner()
    try:
        main()
    except (OSError, Refusal) as error:
        raise SystemExit(str(error)) from None
