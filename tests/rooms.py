"""The library's rooms."""

# Lowest first. A module imports only from its own room and from lower ones.
ROOMS = (
    "elements", "storage", "process", "data", "engine", "checking", "theory", "config",
    "judging", "sweep", "claims", "figures", "studies", "report",
)  # fmt: skip
