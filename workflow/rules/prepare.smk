# The settings and the data of a run.


rule record_config:
    output:
        paths.config,
    log:
        log_path("record_config"),
    benchmark:
        paths.benchmark("record_config")
    conda:
        environment
    threads: 1
    params:
        # From a function as well: braces are a part of the values.
        values=lambda wildcards: settings.model_dump_json(),
        code=code("record_config.py"),
    shell:
        "python scripts/record_config.py --values {params.values:q} --output {output:q} 2>&1 | tee {log:q} >&2"


rule prepare_data:
    input:
        source_files(settings.data.source),
    output:
        paths.dataset,
    log:
        log_path("prepare_data"),
    benchmark:
        paths.benchmark("prepare_data")
    conda:
        environment
    threads: 1
    params:
        settings=settings_of("prepare"),
        code=code("prepare_data.py"),
    shell:
        "python scripts/prepare_data.py {params.settings:q} --output {output:q} 2>&1 | tee {log:q} >&2"
