"""Write the config's JSON Schema and its reference page from the model."""

import argparse
from pathlib import Path

from depthsounder.config.reference import reference_text, schema_text
from depthsounder.process.commands import run


def main() -> None:
    """Write both files; a test fails while they differ from the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--defaults", type=Path, default=Path("config/config.yaml"), help="the default sweep")
    parser.add_argument("--schema", type=Path, default=Path("config/schema.json"), help="the schema to write")
    parser.add_argument("--page", type=Path, default=Path("docs/config.md"), help="the page to write")
    arguments = parser.parse_args()
    arguments.schema.write_text(schema_text(), encoding="utf-8")
    arguments.page.write_text(reference_text(arguments.defaults), encoding="utf-8")


if __name__ == "__main__":
    run(main)
