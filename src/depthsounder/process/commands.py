"""How a script ends: with the run that started it, or with what went wrong, said in a sentence and not in a traceback.

Errors of the program itself keep theirs. This module knows exceptions, and nothing of what the scripts do.
"""

import os
import sys
from collections.abc import Callable

from depthsounder.process.lock import UnknownSystem, end_with_runner, locks_of_system


class Refusal(Exception):
    """A job must not go on, for a reason that its message tells to the user."""


def run(main: Callable[[], None]) -> None:
    """Call a script's main function, and end at once if the run that started the script ends.

    Raises
    ------
    SystemExit
        With the message of an `OSError`, of a `Refusal` or of an `UnknownSystem`.
    """
    end_with_runner()
    try:
        locks_of_system()
        main()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads the output has read enough, as `head` does. What is left goes nowhere, also when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, Refusal, UnknownSystem) as error:
        raise SystemExit(str(error)) from None
