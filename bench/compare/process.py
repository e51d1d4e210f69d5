"""Runs child processes with a time limit, alone on the machine where a lock file says so, and ends what they started."""

import contextlib
import os
import signal
import subprocess


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
