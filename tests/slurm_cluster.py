"""A Slurm cluster of three nodes on one machine, without systemd, for as long as a test needs it.

Each node is a slurmd in a process namespace of its own: when its first process dies, everything on the node dies with
it, at once and without a word to anybody, as when a machine loses power.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

CONFIG = Path("/etc/slurm/slurm.conf")
MARK = "# Written by a test; it may be removed.\n"
NODES = ("node1", "node2", "node3")
FIRST_PORT = 17001
PATIENCE = 60

# Nodes say little: a machine that tests a workflow counts no memory and keeps no accounts. What jobs came to is written
# to a text file. A node that is not heard of for ten seconds is down.
SLURM_CONF = """\
ClusterName=depthsounder
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmctldPort=17000
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobs.txt
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
SlurmdTimeout=10
KillWait=2
{nodes}
PartitionName=all Nodes={names} Default=YES MaxTime=INFINITE State=UP
"""


class Cluster:
    """Slurm's controller, its authentication, and the nodes."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = {}

    def start(self):
        """Start everything, and wait until all nodes are idle."""
        if os.geteuid() != 0:
            raise RuntimeError("a Slurm cluster is started as root: run `sudo make test-slurm`")
        missing = [name for name in ("munged", "slurmctld", "slurmd", "unshare") if shutil.which(name) is None]
        if missing:
            raise RuntimeError(f"{', '.join(missing)} not found: install Debian's slurm-wlm and munge")
        if CONFIG.exists() and not CONFIG.read_text().startswith(MARK):
            raise RuntimeError(f"{CONFIG} belongs to a cluster of this machine, and is left alone")
        for name in ("state", *(f"spool-{node}" for node in NODES)):
            (self.folder / name).mkdir(parents=True)
        self._configure()
        self._start_munge()
        self._start("slurmctld", "slurmctld", "-D", "-c")
        for node in NODES:
            self.start_node(node)
        self._wait(lambda: self.states() == dict.fromkeys(NODES, "idle"), "the nodes are not idle")

    def _configure(self):
        nodes = "\n".join(
            f"NodeName={name} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={FIRST_PORT + number}"
            " CPUs=1 RealMemory=4000 State=UNKNOWN"
            for number, name in enumerate(NODES)
        )
        CONFIG.parent.mkdir(exist_ok=True)
        text = SLURM_CONF.format(host=socket.gethostname(), folder=self.folder, nodes=nodes, names=",".join(NODES))
        CONFIG.write_text(MARK + text)

    def _start_munge(self):
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        # As root, it has to be told to trust folders that others may write to: what it keeps there is this test's.
        self._start(
            "munged",
            "munged",
            "--foreground",
            "--force",
            f"--socket={self.folder}/munge.socket",
            f"--key-file={key}",
            f"--log-file={self.folder}/munged.log",
            f"--pid-file={self.folder}/munged.pid",
            f"--seed-file={self.folder}/munged.seed",
        )
        self._wait((self.folder / "munge.socket").exists, "munged does not answer")

    def start_node(self, name):
        """Start a node."""
        namespace = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
        # The first process of a namespace has to take leave of orphans, which slurmd does not do; bash does.
        self._start(name, *namespace, "bash", "-c", f"slurmd -D -N {name} & wait")

    def kill_node(self, name):
        """Let a node lose its power."""
        # The kernel ends all processes of a namespace with its first one, which ends with the process that made it.
        self._end(name, signal.SIGKILL)

    def states(self):
        """The state of each node, as Slurm knows it."""
        listing = self._ask("sinfo", "--noheader", "--Node", "--format=%N %T")
        return dict(line.split() for line in listing.splitlines())

    def running(self):
        """The node of each job that runs."""
        listing = self._ask("squeue", "--noheader", "--states=RUNNING", "--format=%i %N")
        return dict(line.split() for line in listing.splitlines() if len(line.split()) == 2)

    def finished(self):
        """Every job that came to an end, as fields such as NodeList and JobState by name."""
        path = self.folder / "jobs.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        return [dict(field.split("=", 1) for field in line.split() if "=" in field) for line in lines]

    def stop(self):
        """Stop everything that was started."""
        for name in [*NODES, "slurmctld", "munged"]:
            if name in self.processes:
                self._end(name, signal.SIGKILL if name in NODES else signal.SIGTERM)
        if CONFIG.exists() and CONFIG.read_text().startswith(MARK):
            CONFIG.unlink()

    def logs(self):
        """The ends of all logs, to read when a test failed."""
        texts = [f"{path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in self.folder.glob("*.log")]
        return "\n\n".join(texts)

    def _start(self, name, *command):
        with (self.folder / f"{name}.out.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def _end(self, name, number):
        process = self.processes.pop(name)
        process.send_signal(number)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _ask(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout if done.returncode == 0 else ""

    def _wait(self, condition, complaint):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{complaint}\n{self.logs()}")
            time.sleep(0.2)
