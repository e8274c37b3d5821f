#!/bin/sh
# Make sure that there is a Slurm for its tests, which start a cluster of their own: the system's, or Debian's packages.
set -eu

if command -v slurmctld > /dev/null && command -v slurmd > /dev/null && command -v munged > /dev/null; then
    echo "The tests use $(command -v slurmctld) and $(command -v munged)."
elif command -v apt-get > /dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing Debian's slurm-wlm and munge."
    apt-get update --quiet
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends slurm-wlm munge
else
    echo "The tests need slurmctld, slurmd and munged, and root to start them. On Debian and Ubuntu: apt install slurm-wlm munge" >&2
    exit 1
fi
