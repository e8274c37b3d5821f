# The layers of every cell at initialization.


rule measure_signal:
    input:
        data=paths.dataset,
        check=paths.check(ANY_CHECKED),
    output:
        signal=paths.part("initial", ANY_CELL, "{seeds}"),
        jacobian=paths.part("jacobian", ANY_CELL, "{seeds}"),
    log:
        log_path(f"measure_signal/{BLOCK}"),
    benchmark:
        paths.benchmark(f"measure_signal/{BLOCK}")
    conda:
        environment
    threads: 1
    params:
        script=run_script("measure_signal.py"),
        cell=names_on(AXES),
        settings=settings_of("measure"),
        extensions=extensions_of("measure"),
        code=code("measure_signal.py"),
    shell:
        "{params.script} --data {input.data:q} --check {input.check:q}"
        " {params.cell:q} --seeds {wildcards.seeds} {params.settings:q} {params.extensions:q} --code {params.code:q}"
        " --signal {output.signal:q} --jacobian {output.jacobian:q} 2>&1 | tee {log:q} >&2"
