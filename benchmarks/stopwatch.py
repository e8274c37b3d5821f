"""Wall time of a stretch of work, and the proof that it kept to one thread."""

import time
from types import TracebackType

MOST_CORES = 1.1
"""CPU time over wall time beyond which more than one thread must have worked: timers and interrupts stay far below."""

NOISE_SECONDS = 0.05
"""CPU time that other threads of the process may take without being part of the work, such as idle ones that wind down."""


class MoreThanOneThread(RuntimeError):
    """Work that was to be done by one thread took more CPU time than one thread has."""


class Stopwatch:
    """Measures the body of a `with` statement.

    Attributes
    ----------
    seconds
        Wall time, once the body has ended.

    Raises
    ------
    MoreThanOneThread
        At the end of the body, if the process used more than one core in it. Whether the libraries heed the settings
        that ask for one thread is seen in this way only.
    """

    seconds: float

    def __enter__(self) -> "Stopwatch":
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._wall
        cpu_seconds = time.process_time() - self._cpu
        if kind is None and cpu_seconds > MOST_CORES * self.seconds + NOISE_SECONDS:
            raise MoreThanOneThread(f"{cpu_seconds:.2f} s of CPU time in {self.seconds:.2f} s")
