"""Runs child processes with a time limit, alone on the machine where a lock file says so, and ends what they started."""

import contextlib
import os
import resource
import signal
import subprocess
import time


class RunFailed(Exception):
    """A command that ended badly or too late; the message is one line."""


@contextlib.contextmanager
def locked(path, exclusive):
    """Holds flock(2) on the file at `path`, shared or exclusive; nothing when `path` is None."""
    if path is None:
        yield
        return
    import fcntl

    with open(path, "a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield


def run(command, timeout, cwd=None, log=None):
    """Runs the command and returns its standard output; `log` is a file that gets standard error.

    Raises RunFailed. The whole process group ends with it: at the limit, on Ctrl-C, on any error.
    """
    command = [str(part) for part in command]
    with contextlib.ExitStack() as files:
        errors = subprocess.DEVNULL if log is None else files.enter_context(open(log, "ab"))
        try:
            child = subprocess.Popen(
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        except OSError as e:
            raise RunFailed(f"{command[0]}: {e.strerror}") from e
        try:
            output, _ = child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise RunFailed(f"over {timeout:.0f} s") from None
        finally:
            _end(child)
    if child.returncode != 0:
        raise RunFailed(f"exit {child.returncode}: {_reason(log)}")
    return output


class OtherWork:
    """How many cores everything but our children kept busy since this was made; the hypervisor's theft counts."""

    def __init__(self):
        self.start = time.monotonic()
        self.busy, self.own = _busy_seconds(), _own_seconds()

    def cores(self):
        """Busy cores that were not ours, or None where the system does not tell."""
        seconds = time.monotonic() - self.start
        if self.busy is None or seconds <= 0:
            return None
        return max(0.0, (_busy_seconds() - self.busy - (_own_seconds() - self.own)) / seconds)


def _busy_seconds():
    """Processor seconds of the whole machine that were not idle."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system, _, _, *rest = (int(part) for part in file.readline().split()[1:9])
    except OSError:
        return None
    return (user + nice + system + sum(rest)) / os.sysconf("SC_CLK_TCK")


def _own_seconds():
    """Processor seconds of this process and of the children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _end(child):
    """Kills the child's process group, also what the child left behind."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    if child.stdout and not child.stdout.closed:
        child.stdout.close()
    child.wait()


def _reason(log):
    """The line of standard error that most likely says why."""
    if log is None:
        return "no output kept"
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file.readlines()[-60:] if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "exception" in line.lower()]
    return ((telling or lines or ["no message"])[-1])[:200]
