"""What is written from the model: the config's JSON Schema for editors, its reference page, and presets in full.

This module knows how to write the model down; what a key means stands in `model`.
"""

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from depthsounder.config.allowed import KeyPath, allowed_in, listed_section
from depthsounder.config.comparisons import Comparison
from depthsounder.config.data_section import Section
from depthsounder.config.fields import INIT_SCHEMA
from depthsounder.config.model import Config
from depthsounder.elements.activations import ACTIVATIONS
from depthsounder.elements.architectures import ARCHITECTURES
from depthsounder.engine.optimizers import OPTIMIZERS

_HEAD = """\
# The config

`config/config.yaml` is the default sweep. A preset such as `config/smoke.yaml` is given as
`snakemake --configfile config/smoke.yaml`. Snakemake lays it over `config/config.yaml`: a preset therefore states what
differs from the default sweep and nothing else, and has a `run` of its own, which keeps its files apart from every
other's. A list replaces the default's list as a whole; of a section, the keys that are left out stay as they are.
`--config` changes single keys, as in `--config run=second root_seed=2`. A key of a section is given in braces, as in
`--config 'training={steps: 100}'`; Snakemake takes no `training.steps=100`. A list stands in brackets, as in
`--config 'depths=[2, 5]' 'comparisons=[]'`.

The config is checked before any job starts. No key is allowed that does not stand below, and a text is no number: YAML
takes `1e-2` for a text and `1.0e-2` for a number. Where a key takes a text, quote in a file what looks like a number,
as in `run: "007"`; on the command line `run=007` is taken as it is typed. What cannot be used is refused with its file
and line, the value that was found, what is allowed, and the nearest name. Editors that know YAML schemas check while
you type: the first line of each config names `config/schema.json`.

This page is generated from the config's model by `python scripts/write_config_reference.py`. "Default" is the value in
`config/config.yaml`.
"""


def schema_text() -> str:
    """Return the JSON Schema of a config file, which may leave out what it does not change."""
    schema = Config.model_json_schema()
    for section in (schema, *(of_key for name, of_key in schema["$defs"].items() if name != Comparison.__name__)):
        section.pop("required", None)
    schema |= {"if": {"properties": {"extensions": {"maxItems": 0}}}, "then": {"properties": _without_extensions()}}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _without_extensions() -> dict[str, Any]:
    """Return what a config without extensions may name: an editor then marks every other name."""
    architecture, activation = ({"enum": list(registry)} for registry in (ARCHITECTURES, ACTIVATIONS))
    compared = {"architecture": architecture, "activation": activation, "init": INIT_SCHEMA, "against": INIT_SCHEMA}
    return {
        "architectures": {"items": architecture},
        "activations": {"items": activation},
        "inits": {"items": INIT_SCHEMA},
        "training": {"properties": {"optimizer": {"enum": list(OPTIMIZERS)}}},
        "comparisons": {"items": {"properties": compared}},
    }


def resolved_text(config: Config) -> str:
    """Return a config in full as YAML, key by key in the model's order: a preset laid over the default sweep, say."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, default_flow_style=None, width=120)


def reference_text(default_file: Path) -> str:
    """Return the reference page, with the values of the default sweep."""
    defaults = yaml.safe_load(default_file.read_text(encoding="utf-8"))
    return "\n".join([_HEAD, *_section(Config, (), defaults)]) + "\n"


def _section(model: type[BaseModel], path: KeyPath, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a section: its own keys as a table, then the sections in it."""
    subsections: dict[KeyPath, tuple[type[BaseModel], Mapping[str, Any]]] = {}
    title = ".".join(key for key in path if isinstance(key, str))
    meaning = textwrap.fill(" ".join((model.__doc__ or "").split()), 120, break_on_hyphens=False)
    yield f"## `{title}`\n\n{meaning}\n" if path else "## Top level\n"
    yield "| Key | Default | Allowed | Meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        place = (*path, name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            subsections[place] = field.annotation, values[name]
            allowed, value = f"a section: see [`{name}`](#{name})", "…"
        elif member := listed_section(field.annotation):
            # The first section of a list, in the default sweep, stands for all of them.
            subsections[*place, 0] = member, values[name][0]
            allowed, value = f"{allowed_in(Config, place).text}: see [`{name}`](#{name})", "…"
        else:
            allowed, value = allowed_in(Config, place).text, f"`{_yaml(values.get(name, field.default))}`"
        yield f"| `{name}` | {value} | {_cell(allowed)} | {_cell(field.description or '')} |"
    yield ""
    for place, (subsection, subvalues) in subsections.items():
        yield from _section(subsection, place, subvalues)


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("\n").removesuffix("\n...")


def _cell(text: str) -> str:
    return (
        text.replace("|", "\\|")
        .replace("<", "&lt;")
        .replace(". Unit: ", ".<br>Unit: ")
        .replace(". Source: ", ".<br>Source: ")
    )
