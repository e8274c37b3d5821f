"""Write the config's JSON Schema and its reference page from the model, and each preset in full."""

import argparse
from pathlib import Path

from depthsounder.config import validate_files
from depthsounder.config.reference import reference_text, resolved_text, schema_text
from depthsounder.process.commands import run


def main() -> None:
    """Write the files; a test fails while they are not what follows from the model and the configs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--defaults", type=Path, default=Path("config/config.yaml"), help="the default sweep")
    parser.add_argument("--schema", type=Path, default=Path("config/schema.json"), help="the schema to write")
    parser.add_argument("--page", type=Path, default=Path("docs/config.md"), help="the page to write")
    parser.add_argument(
        "--presets", type=Path, default=Path("tests/presets"), help="the folder to write presets to, as laid over it"
    )
    arguments = parser.parse_args()
    arguments.schema.write_text(schema_text(), encoding="utf-8")
    arguments.page.write_text(reference_text(arguments.defaults), encoding="utf-8")
    for preset in sorted(arguments.defaults.parent.glob("[!.]*.yaml")):
        if preset != arguments.defaults:
            text = resolved_text(validate_files([arguments.defaults, preset]))
            (arguments.presets / preset.name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run(main)
