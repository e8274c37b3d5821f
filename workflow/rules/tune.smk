# Every learning rate of the grid on the tuning seeds of every cell.


rule tune_rate:
    input:
        data=paths.dataset,
        check=paths.check(ANY_CHECKED),
    output:
        paths.part("tuning", ANY_CELL, "{seeds}"),
    log:
        log_path(f"tune_rate/{BLOCK}"),
    benchmark:
        paths.benchmark(f"tune_rate/{BLOCK}")
    conda:
        environment
    threads: 1
    params:
        script=run_script("tune_rate.py"),
        cell=names_on(AXES),
        settings=settings_of("tune"),
        extensions=extensions_of("tune"),
        code=code("tune_rate.py", settings.training.optimizer),
    shell:
        "{params.script} --data {input.data:q} --check {input.check:q}"
        " {params.cell:q} --seeds {wildcards.seeds} {params.settings:q} {params.extensions:q} --code {params.code:q}"
        " --output {output:q} 2>&1 | tee {log:q} >&2"
