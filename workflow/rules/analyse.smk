# What is made of the numbers: theory, verdicts, comparisons, claims.


rule predict_signal:
    input:
        config=paths.config,
        data=paths.dataset,
        checks=paths.table("gradient_check"),
    output:
        paths.table("theory"),
    log:
        log_path("predict_signal"),
    benchmark:
        paths.benchmark("predict_signal")
    # The longest job of all needs no network: it runs beside them, and none of what follows them waits for it.
    priority: 1
    conda:
        environment
    threads: 1
    params:
        script=run_script("predict_signal.py"),
        code=code("predict_signal.py"),
    shell:
        "{params.script} --config {input.config:q} --data {input.data:q} --checks {input.checks:q}"
        " --code {params.code:q} --output {output:q} 2>&1 | tee {log:q} >&2"


rule judge_cells:
    input:
        config=paths.config,
        data=paths.dataset,
        checks=paths.table("gradient_check"),
        signal=paths.table("signal"),
        traces=paths.table("traces"),
    output:
        paths.table("verdicts"),
    log:
        log_path("judge_cells"),
    benchmark:
        paths.benchmark("judge_cells")
    conda:
        environment
    threads: 1
    params:
        script=run_script("judge_cells.py"),
        code=code("judge_cells.py"),
    shell:
        "{params.script} --config {input.config:q} --data {input.data:q} --checks {input.checks:q}"
        " --signal {input.signal:q} --traces {input.traces:q} --code {params.code:q} --output {output:q}"
        " 2>&1 | tee {log:q} >&2"


rule compare_inits:
    input:
        config=paths.config,
        signal=paths.table("signal"),
        traces=paths.table("traces"),
    output:
        paths.table("comparisons"),
    log:
        log_path("compare_inits"),
    benchmark:
        paths.benchmark("compare_inits")
    conda:
        environment
    threads: 1
    params:
        script=run_script("compare_inits.py"),
        code=code("compare_inits.py"),
    shell:
        "{params.script} --config {input.config:q} --signal {input.signal:q}"
        " --traces {input.traces:q} --code {params.code:q} --output {output:q} 2>&1 | tee {log:q} >&2"


rule judge_claims:
    input:
        config=paths.config,
        data=paths.dataset,
        tables=expand(
            paths.table("{table}"), table=["signal", "traces", "gradient_check", "theory", "verdicts", "comparisons"]
        ),
    output:
        paths.table("claims"),
    log:
        log_path("judge_claims"),
    benchmark:
        paths.benchmark("judge_claims")
    conda:
        environment
    threads: 1
    params:
        script=run_script("judge_claims.py"),
        results=run_folder,
        code=code("judge_claims.py"),
    shell:
        "{params.script} --results {params.results:q} --code {params.code:q} --output {output:q}"
        " 2>&1 | tee {log:q} >&2"
