# The layers of every cell at initialization.


rule measure_signal:
    input:
        data=paths.dataset,
        check=paths.check("{activation}", "{init}"),
    output:
        signal=paths.part("initial", "{depth}", "{activation}", "{init}", "{seeds}"),
        jacobian=paths.part("jacobian", "{depth}", "{activation}", "{init}", "{seeds}"),
    log:
        log_path(f"measure_signal/{CELL}"),
    benchmark:
        paths.benchmark(f"measure_signal/{CELL}")
    conda:
        environment
    threads: 1
    params:
        script=run_script("measure_signal.py"),
        settings=settings_of("measure"),
        extensions=extensions_of("measure"),
        code=code("measure_signal.py"),
    shell:
        "{params.script} --data {input.data:q} --check {input.check:q}"
        " --depth {wildcards.depth} --activation {wildcards.activation:q} --init {wildcards.init:q}"
        " --seeds {wildcards.seeds} {params.settings:q} {params.extensions:q} --code {params.code:q}"
        " --signal {output.signal:q} --jacobian {output.jacobian:q} 2>&1 | tee {log:q} >&2"
