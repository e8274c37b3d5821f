# The gradient check of every activation and init. It writes what it finds; the jobs that rest on a failed one refuse.


rule check_gradients:
    output:
        paths.check("{activation}", "{init}"),
    log:
        log_path("check_gradients/activation={activation}/init={init}"),
    benchmark:
        paths.benchmark("check_gradients/activation={activation}/init={init}")
    conda:
        environment
    threads: 1
    params:
        script=run_script("check_gradients.py"),
        settings=settings_of("verify"),
        extensions=extensions_of("verify"),
        code=code("check_gradients.py"),
    shell:
        "{params.script} --activation {wildcards.activation:q} --init {wildcards.init:q}"
        " {params.settings:q} {params.extensions:q} --code {params.code:q} --output {output:q} 2>&1 | tee {log:q} >&2"
