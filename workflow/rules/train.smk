# The evaluation seeds of every cell, at the rate that its tuning seeds chose.


rule train_networks:
    input:
        data=paths.dataset,
        check=paths.check(ANY_CHECKED),
        tuning=tuning_parts,
    output:
        signal=paths.part("training", ANY_CELL, "{seeds}"),
        traces=paths.part("traces", ANY_CELL, "{seeds}"),
    log:
        log_path(f"train_networks/{BLOCK}"),
    benchmark:
        paths.benchmark(f"train_networks/{BLOCK}")
    conda:
        environment
    threads: 1
    params:
        script=run_script("train_networks.py"),
        cell=names_on(AXES),
        settings=settings_of("train"),
        extensions=extensions_of("train"),
        code=code("train_networks.py", settings.training.optimizer),
    shell:
        "{params.script} --data {input.data:q} --check {input.check:q} --tuning {input.tuning:q}"
        " {params.cell:q} --seeds {wildcards.seeds} {params.settings:q} {params.extensions:q} --code {params.code:q}"
        " --signal {output.signal:q} --traces {output.traces:q} 2>&1 | tee {log:q} >&2"
