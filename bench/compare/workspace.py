"""The work folder: virtual environments, downloads, builds, converted models. Everything is made once and kept."""

import json
import os
import shutil
import sys
import tarfile
from pathlib import Path

from process import RunFailed, run

INSTALL_TIMEOUT = 900
BUILD_TIMEOUT = 3600
HERE = Path(__file__).resolve().parent


class Unavailable(Exception):
    """A contender that cannot take part; the message is the reason, in one line."""


class Workspace:
    """Paths under the work folder, and how what lies there comes about."""

    def __init__(self, folder):
        self.folder = Path(folder).resolve()
        self.logs = self.folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)

    def log(self, name):
        """The file that keeps a contender's standard error."""
        return self.logs / f"{name}.log"

    def python(self, name, *packages):
        """The interpreter of the virtual environment `name` with the packages; makes it when it is not there."""
        home = self.folder / f"venv-{name}"
        python = home / "bin" / "python"
        done = home / "complete"
        if not done.exists() or done.read_text().split() != list(packages):
            shutil.rmtree(home, ignore_errors=True)
            try:
                run([sys.executable, "-m", "venv", home], INSTALL_TIMEOUT, log=self.log(name))
                run([python, "-m", "pip", "install", "-q", *packages], INSTALL_TIMEOUT, log=self.log(name))
            except RunFailed as e:
                raise Unavailable(f"pip install {' '.join(packages)}: {e}") from e
            done.write_text(" ".join(packages))
        return python

    def make(self, target, *steps):
        """Runs the commands that make the file or folder `target`, unless it is there; leaves no half one."""
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_name("half-" + target.name)
        shutil.rmtree(half, ignore_errors=True)
        for step in steps:
            command = [half if part == target else part for part in step]
            try:
                run(command, BUILD_TIMEOUT, log=self.log("prepare"))
            except RunFailed as e:
                raise Unavailable(f"{target.name}: {e}") from e
        half.rename(target)
        return target


def tool(name):
    """A program on the PATH."""
    found = shutil.which(name)
    if not found:
        raise Unavailable(f"{name} is not installed")
    return found


def java_home():
    """JAVA_HOME's java and javac, or those on the PATH."""
    home = os.environ.get("JAVA_HOME")
    if home:
        return Path(home) / "bin" / "java", Path(home) / "bin" / "javac"
    return tool("java"), tool("javac")


def unpack_newest(folder, pattern):
    """Unpacks the archive that matches the pattern and returns its folder."""
    archives = sorted(folder.glob(pattern))
    if not archives:
        raise Unavailable(f"no {pattern} came down")
    with tarfile.open(archives[-1]) as archive:
        top = archive.getnames()[0].split("/")[0]
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folder, filter="data")
        else:
            archive.extractall(folder)
    return folder / top


def last_json(output):
    """The last line of JSON that a measuring program printed."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise RunFailed("no result was printed")
    return json.loads(lines[-1])
