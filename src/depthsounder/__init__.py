"""Depthsounder: how deep can a network be before its signal dies, and was that predictable?

The library that the Snakemake workflow calls. Its folders are rooms, and a room imports only from lower rooms. From the
lowest to the highest: `elements` (activations, initializations, random streams), `storage` (tables), `process` (what
a job needs to run and rerun), `data` (the user's examples), `engine` (networks: trained and measured), `checking`
(what is held to its promises before it counts), `theory` (what is predicted), `config` (the validated settings),
`judging` (verdicts), `sweep` (cells, plans, finished runs), and what a person reads: `claims`, `figures`, `studies`
and `report`.
"""

__version__ = "0.1.0"
