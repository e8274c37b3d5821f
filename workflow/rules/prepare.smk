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
        script=run_script("record_config.py"),
        # From a function as well: braces are a part of the values.
        values=lambda wildcards: settings.model_dump_json(),
        code=code("record_config.py"),
    shell:
        "{params.script} --values {params.values:q} --output {output:q} 2>&1 | tee {log:q} >&2"


# Where the run's files lie, with the prefix that an importing workflow may put before them.
PLACE = Path(rules.record_config.output[0]).parents[2]

try:
    if COMPUTES:
        require_free(RunPaths(settings.run, PLACE).results)
    warnings = check_data(settings, RunPaths(settings.run, PLACE).data_stamp, origin)
except (ConfigError, NoLock, OSError) as error:
    raise WorkflowError(str(error)) from None

# Once, and not by each job that reads these files again.
if IN_CHARGE:
    for warning in warnings:
        print(f"Look at {settings.data.source}: {warning}.", file=sys.stderr)


rule prepare_data:
    input:
        # A path in the config starts at the working folder, whatever prefix an importing workflow gives to ours.
        [local(str(file)) for file in source_files(settings.data.source)],
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
        script=run_script("prepare_data.py"),
        settings=settings_of("prepare"),
        code=code("prepare_data.py"),
    shell:
        "{params.script} {params.settings:q} --output {output:q} 2>&1 | tee {log:q} >&2"
