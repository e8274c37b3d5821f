"""Everything that the page says, gathered from a run: the template adds nothing but its form."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from markupsafe import Markup

from depthsounder.claims import ledger
from depthsounder.data.sources import data_sentences
from depthsounder.elements.axes import Design, Model
from depthsounder.figures import FigureRecord, prediction
from depthsounder.figures.outcomes import of_distinct_laws, repeated_laws
from depthsounder.figures.style import label
from depthsounder.judging.foretelling import bounds, range_in_words
from depthsounder.judging.verdicts import FAILURES
from depthsounder.process.text import join, names_of
from depthsounder.report import counts, provenance
from depthsounder.report.captions import caption_html
from depthsounder.report.downloads import MOST_ROWS, csv_link, data_link
from depthsounder.report.explorer import explorer_json, selectors
from depthsounder.report.glossary import glossary
from depthsounder.report.headline import other_runs, scope, tallies
from depthsounder.report.laboratory import laboratory_json
from depthsounder.report.links import cell_words, linked_drawing
from depthsounder.report.names import activation_rows, architecture_rows, init_rows
from depthsounder.report.opening import points, title
from depthsounder.report.plain_words import remedy_terms, terms
from depthsounder.report.sensitivity import most_moving, sensitivities
from depthsounder.report.telling import what_to_look_at
from depthsounder.report.vector import inline_svg
from depthsounder.storage.frames import designs_of, rows_of
from depthsounder.storage.schemas import CELL_KEYS
from depthsounder.studies import STUDIES, figures_of
from depthsounder.sweep.runs import Run


@dataclass(frozen=True)
class Picture:
    """A figure as it stands in the page: everything but its frame."""

    name: str
    title: str
    message: str
    drawing: Markup
    caption: Markup
    rows: int
    csv: str
    command: str


@dataclass(frozen=True)
class Section:
    """A chapter of the story: its anchor, its title, what was counted, its figures, and the template of all that."""

    anchor: str
    title: str
    question: str
    counts: list[counts.Count]
    pictures: list[Picture]
    template: str


@dataclass(frozen=True)
class _Plan:
    """A chapter without its figures, which say themselves that they stand in it."""

    anchor: str
    title: str
    question: str
    count: Callable[[Run], list[counts.Count]] = lambda _: []
    template: str = "section.html"


_STORY = (
    _Plan("failure-map", "Failure map", "Which cells fail?", template="failure_map.html"),
    _Plan("explorer", "Explorer", "What happens inside one cell?", template="explorer.html"),
    _Plan("laboratory", "Laboratory", "What would another network do?", template="laboratory.html"),
    _Plan("forward", "Forward signal", "What arrives at the bottom?", counts.forward_counts),
    _Plan("backward", "Backward signal", "What comes back?", counts.signal_counts),
    _Plan("training", "Training", "Does it learn, and at which rate?"),
    _Plan(
        "comparisons",
        "Comparisons",
        "Which initialization does better, and is that chance?",
        counts.comparison_counts,
        "comparisons.html",
    ),
    _Plan("theory", "Theory", "Was it predictable?", counts.prediction_counts, "theory.html"),
)
_CHECK = _Plan("gradient-check", "Gradient check", "Can the gradients be trusted?", counts.check_counts)


def report_context(run: Run, figures: Path, captions: Path, output: Path) -> dict[str, Any]:
    """Return the template's variables.

    Parameters
    ----------
    figures
        The folder with NAME.svg for each figure of the registry.
    captions
        The folder with NAME.rst for each.
    output
        Where the page will lie, from which the tables are linked.
    """
    cells = cell_words(run)
    # Any run's own record of its settings is a config that makes it again.
    of_this_run = "" if run.config.run == "default" else f" --configfile results/{run.config.run}/config.json"

    def picture(record: FigureRecord) -> Picture:
        name = record.name
        rows = record.rows(run)
        return Picture(
            name=name,
            title=record.title,
            message=record.message(run),
            drawing=linked_drawing(inline_svg(figures / f"{name}.svg", name, record.alternative_text(run)), cells),
            caption=caption_html(captions / f"{name}.rst", run.config),
            rows=len(rows),
            csv=csv_link(rows),
            command=f"snakemake reports/{run.config.run}/figures/{name}.svg{of_this_run}",
        )

    def pictures(section: str) -> list[Picture]:
        return [picture(record) for record in figures_of(run.config).values() if record.section == section]

    def section(plan: _Plan) -> Section:
        counted, drawn = plan.count(run), pictures(plan.anchor)
        return Section(plan.anchor, plan.title, plan.question, counted, drawn, plan.template)

    return {
        "run": run,
        "config": run.config,
        "answer": pictures("answer"),
        "story": [section(plan) for plan in _STORY],
        "check": section(_CHECK),
        "study": _study(run, pictures("study")),
        "explorer": explorer_json(run),
        "look": what_to_look_at(run),
        "laboratory": laboratory_json(run),
        "rule_bounds": bounds(run.config.training.steps),
        "rule_range": range_in_words(run.config.training.steps),
        "selectors": selectors(run),
        "most_rows": MOST_ROWS,
        **_findings(run),
        **_method(run),
        **_provenance(run, output),
    }


def _findings(run: Run) -> dict[str, Any]:
    return {
        "training_counts": counts.training_counts(run),
        "title": title(run),
        "points": points(run),
        "scope": scope(run),
        "words": glossary(run),
        "sentences": [*tallies(run.home), *other_runs(run)],
        "inits": init_rows(run),
        "activations": activation_rows(run),
        "architectures": architecture_rows(run),
        "distinct": of_distinct_laws(run.verdicts, repeated_laws(run)),
        "terms": [*terms(run.home), *remedy_terms(run)],
        "surprises": surprises(run),
        "tested": rows_of(run.comparisons[run.comparisons["in_family"]]),
        "refused": refused(run),
        "withheld": withheld(run),
        "claims": _claims(run),
        "claim_counts": counts.claim_counts(run),
    }


def _claims(run: Run) -> list[dict[str, Any]]:
    """Return the rows of the claims table, each with its record in the ledger; None where the ledger has it no more."""
    entries = {claim.name: claim for claim in ledger()}
    return [{**row, "record": entries.get(row["claim"])} for row in rows_of(run.claims)]


def _study(run: Run, pictures: list[Picture]) -> dict[str, Any] | None:
    """Return the run's study with its figures and what it found, or None."""
    if run.config.study is None:
        return None
    study = STUDIES[run.config.study]
    findings = study.findings(run)
    return {
        "record": study,
        "cut": study.cut(run),
        "pictures": pictures,
        "asides": study.asides(run),
        "findings": findings,
        "counts": counts.finding_counts(findings),
    }


def _method(run: Run) -> dict[str, Any]:
    config_text = yaml.safe_dump(run.config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    fields = type(run.config.verdicts).model_fields
    data, sizes = run.data, (run.data.n_train, run.data.n_test)
    own_split = run.config.data.test_fraction is None
    moved = sensitivities(run)
    return {
        "data_sentences": data_sentences(data.features, data.classes, data.class_counts, sizes, own_split),
        "thresholds": moved,
        "most_moving": most_moving(run, moved),
        "threshold_sources": {name: field.description or "" for name, field in fields.items()},
        "config_text": config_text,
        "config_link": data_link(config_text, "application/yaml"),
    }


def _provenance(run: Run, output: Path) -> dict[str, Any]:
    return {
        "networks": provenance.network_counts(run),
        "versions": provenance.versions(),
        "commit": provenance.commit(),
        "processor": provenance.processor(),
        "stages": provenance.stage_times(run),
        "rendered": datetime.now(UTC),
        "tables": provenance.table_files(run),
        "extensions": provenance.extension_files(run),
        "tables_folder": Path(os.path.relpath(run.folder, output.parent)).as_posix(),
    }


def refused(run: Run) -> list[dict[str, Any]]:
    """Return what was refused before any network was trained: model, reason, and the inits that share it."""
    grouped: dict[tuple[Model, str], list[str]] = {}
    for refusal in run.refusals:
        grouped.setdefault((refusal.design.model, refusal.reason), []).append(refusal.design.init)
    return [
        {"model": model, "reason": reason, "inits": inits, "whole": len(inits) == len(run.config.inits)}
        for (model, reason), inits in grouped.items()
    ]


def withheld(run: Run) -> list[str]:
    """Return in sentences which initializations' theory is withheld, and why; each once, whatever the activations.

    The variance that an init states may depend on the activation: of several reasons, the first is told.
    """
    alike: dict[tuple[str, str], list[Design]] = {}
    for design in run.withheld:
        alike.setdefault((design.architecture, design.init), []).append(design)
    sentences = []
    for (architecture, init), designs in alike.items():
        note = run.withheld[designs[0]]
        cells = run.theory[(run.theory["architecture"] == architecture) & (run.theory["init"] == init)]
        others = {*designs_of(cells)} - {*designs}
        only = f" So it is with {join(names_of(design.model, label) for design in designs)}." if others else ""
        sentences.append(f"{note[0].upper()}{note[1:]}.{only}")
    return list(dict.fromkeys(sentences))


def surprises(run: Run) -> dict[str, list[dict[str, Any]]]:
    """Return the cells where theory's word about the signal did not settle what training did.

    Returns
    -------
    dict
        "unforeseen": called healthy, failed all the same; "survivors": called vanishing or exploding, trained all the
        same. Each cell with `CELL_KEYS`, predicted_verdict, signal_verdict, training_verdict and delta_ratio.
    """
    table = prediction.rows(run)
    columns = [*CELL_KEYS, "predicted_verdict", "signal_verdict", "training_verdict", "delta_ratio"]
    healthy = table["predicted_verdict"] == "healthy"
    sick = table["predicted_verdict"].isin(["vanishing", "exploding"])
    return {
        "unforeseen": rows_of(table.loc[healthy & table["training_verdict"].isin(FAILURES), columns]),
        "survivors": rows_of(table.loc[sick & (table["training_verdict"] == "trains"), columns]),
    }
