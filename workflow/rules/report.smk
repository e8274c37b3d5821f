# What a person opens. A figure is asked for by its name: `snakemake reports/default/figures/failure_map.svg`.

ANALYSED = expand(paths.table("{table}"), table=SCHEMAS)

# What the released default run found: the working folder's own baseline, or the project's, if this copy of it has one.
BASELINES = [] if IMPORTED else [Path("reports/baseline")]
BASELINE = next(
    (folder for folder in [*BASELINES, ROOT / "reports/baseline"] if (folder / "config.json").exists()), None
)

# What the page is made from beside the run. It is no input, because the project may be moved: an edit is seen by its digest.
PAGE_SOURCES = [
    *(ROOT / "workflow/report" / f"{figure}.rst" for figure in FIGURES),
    *(ROOT / "src/depthsounder/report/templates").glob("[!.]*"),
    *(BASELINE / name for name in BASELINE_FILES if BASELINE),
]

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
            caption="../report/snakemake/figure.rst",
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
        script=run_script("plot_figure.py"),
        results=run_folder,
        code=code_of_figure,
    shell:
        "{params.script} --results {params.results:q} --figure {wildcards.figure}"
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
        script=run_script("plot_figure.py"),
        results=run_folder,
        code=code_of_figure,
    shell:
        "{params.script} --results {params.results:q} --figure {wildcards.figure}"
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
        script=run_script("render_report.py"),
        results=run_folder,
        figures=lambda wildcards, input: str(Path(input.figures[0]).parent),
        captions=lambda wildcards, threads: str(ROOT / "workflow/report"),
        baseline=lambda wildcards, threads: ["--baseline", str(BASELINE)] if BASELINE else [],
        sources=content_digest(PAGE_SOURCES),
        code=code("render_report.py"),
    shell:
        "{params.script} --results {params.results:q} --figures {params.figures:q}"
        " --captions {params.captions:q} {params.baseline:q} --output {output:q} 2>&1 | tee {log:q} >&2"
