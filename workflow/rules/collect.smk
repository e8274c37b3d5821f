# One Parquet file for each table that comes from parts. The scripts know the list of parts from the config: tens of
# thousands of paths fit no command line.


rule collect_table:
    input:
        config=paths.config,
        parts=parts_of_table,
    output:
        paths.table("{table}"),
    log:
        log_path("collect_table/{table}"),
    benchmark:
        paths.benchmark("collect_table/{table}")
    wildcard_constraints:
        table="signal|jacobian|traces|gradient_check",
    conda:
        environment
    threads: 1
    params:
        script=run_script("collect_table.py"),
        code=code("collect_table.py"),
    shell:
        "{params.script} --config {input.config:q} --table {wildcards.table} --code {params.code:q}"
        " --output {output:q} 2>&1 | tee {log:q} >&2"
