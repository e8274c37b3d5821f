# What a person opens. A figure is asked for by its name: `snakemake reports/default/figures/failure_map.svg`.

ANALYSED = expand(paths.table("{table}"), table=SCHEMAS)

# Relative, as all inputs are: a project that was moved is not rendered again.
TEMPLATES = sorted(template.relative_to(ROOT) for template in (ROOT / "src/depthsounder/report/templates").glob("*"))


# What the released default run found, if this copy of the project has it.
BASELINE = Path("reports/baseline")

# So that a figure waits for no table that it does not read.
try:
    READS = {figure: tables_of_figure(ROOT / "src/depthsounder", figure) for figure in FIGURES}
except Refusal as error:
    raise WorkflowError(str(error)) from None


rule plot_figure:
    input:
        config=paths.config,
        data=paths.dataset,
        tables=lambda wildcards: [paths.table(table) for table in READS[wildcards.figure]],
    output:
        svg=report(
            paths.figure("{figure}", "svg"),
            caption="../report/{figure}.rst",
            category="Figures",
            labels={"figure": "{figure}"},
        ),
        png=paths.figure("{figure}", "png"),
    log:
        log_path("plot_figure/{figure}"),
    benchmark:
        paths.benchmark("plot_figure/{figure}")
    wildcard_constraints:
        figure="|".join(FIGURES),
    conda:
        environment
    threads: 1
    params:
        results=paths.results,
        code=code("plot_figure.py"),
    shell:
        "python scripts/plot_figure.py --results {params.results:q} --figure {wildcards.figure}"
        " --output {output.svg:q} --output {output.png:q} 2>&1 | tee {log:q} >&2"


rule plot_figure_as_pdf:
    input:
        config=paths.config,
        data=paths.dataset,
        tables=lambda wildcards: [paths.table(table) for table in READS[wildcards.figure]],
    output:
        paths.figure("{figure}", "pdf"),
    log:
        log_path("plot_figure_as_pdf/{figure}"),
    benchmark:
        paths.benchmark("plot_figure_as_pdf/{figure}")
    wildcard_constraints:
        figure="|".join(FIGURES),
    conda:
        environment
    threads: 1
    params:
        results=paths.results,
        code=code("plot_figure.py"),
    shell:
        "python scripts/plot_figure.py --results {params.results:q} --figure {wildcards.figure}"
        " --output {output:q} 2>&1 | tee {log:q} >&2"


# The 16:9 form, whose text can be read from the last row.
use rule plot_figure_as_pdf as plot_figure_as_slide with:
    output:
        paths.figure("{figure}", "slide.svg"),
        paths.figure("{figure}", "slide.png"),
    log:
        log_path("plot_figure_as_slide/{figure}"),
    benchmark:
        paths.benchmark("plot_figure_as_slide/{figure}")


rule render_report:
    input:
        config=paths.config,
        data=paths.dataset,
        tables=ANALYSED,
        figures=expand(paths.figure("{figure}", "svg"), figure=FIGURES),
        captions=expand("workflow/report/{figure}.rst", figure=FIGURES),
        templates=TEMPLATES,
        baseline=[BASELINE / name for name in KEPT if (BASELINE / "config.json").exists()],
    output:
        paths.report,
    log:
        log_path("render_report"),
    benchmark:
        paths.benchmark("render_report")
    conda:
        environment
    threads: 1
    params:
        results=paths.results,
        figures=paths.reports / "figures",
        baseline=f"--baseline {BASELINE}" if (BASELINE / "config.json").exists() else "",
        code=code("render_report.py"),
    shell:
        "python scripts/render_report.py --results {params.results:q} --figures {params.figures:q}"
        " --captions workflow/report {params.baseline} --output {output:q} 2>&1 | tee {log:q} >&2"
