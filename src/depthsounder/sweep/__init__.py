"""The cells of a sweep, the paths of a run, its plan, its progress, and its tables when it has ended."""
