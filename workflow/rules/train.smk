# The evaluation seeds of every cell, at the rate that its tuning seeds chose.


rule train_networks:
    input:
        data=paths.dataset,
        check=paths.check("{activation}", "{init}"),
        tuning=tuning_parts,
    output:
        signal=paths.part("training", "{depth}", "{activation}", "{init}", "{seeds}"),
        traces=paths.part("traces", "{depth}", "{activation}", "{init}", "{seeds}"),
    log:
        log_path(f"train_networks/{CELL}"),
    benchmark:
        paths.benchmark(f"train_networks/{CELL}")
    conda:
        environment
    threads: 1
    params:
        script=run_script("train_networks.py"),
        settings=settings_of("train"),
        extensions=extensions_of("train"),
        code=code("train_networks.py", settings.training.optimizer),
    shell:
        "{params.script} --data {input.data:q} --check {input.check:q} --tuning {input.tuning:q}"
        " --depth {wildcards.depth} --activation {wildcards.activation:q} --init {wildcards.init:q}"
        " --seeds {wildcards.seeds} {params.settings:q} {params.extensions:q} --code {params.code:q}"
        " --signal {output.signal:q} --traces {output.traces:q} 2>&1 | tee {log:q} >&2"
