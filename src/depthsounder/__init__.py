"""Depthsounder: how deep can a network be before its signal dies, and was that predictable?

The library below the Snakemake workflow. Its modules stand on floors, and each imports only from floors below its own:
the vocabulary (`activations`, `streams`, `tables`), Gaussian expectations (`gaussian`), `initializers`, the engine
(`network`, `loss`, `optimizers`), what is done with it (`gradcheck`, `probes`, `jacobian`, `training`), what is made of
the numbers (`meanfield`, `verdicts`, `claims`), and what a person reads (`config`, `figures`, `report`).
"""

__version__ = "0.1.0"
