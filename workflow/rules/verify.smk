# The gradient check of every activation and init. It writes what it finds; the jobs that rest on a failed one refuse.


rule check_gradients:
    output:
        paths.check(ANY_CHECKED),
    log:
        log_path(f"check_gradients/{ANY_CHECKED}"),
    benchmark:
        paths.benchmark(f"check_gradients/{ANY_CHECKED}")
    conda:
        environment
    threads: 1
    params:
        script=run_script("check_gradients.py"),
        names=names_on(CHECKED_AXES),
        settings=settings_of("verify"),
        extensions=extensions_of("verify"),
        code=code("check_gradients.py"),
    shell:
        "{params.script} {params.names:q} {params.settings:q} {params.extensions:q} --code {params.code:q}"
        " --output {output:q} 2>&1 | tee {log:q} >&2"
