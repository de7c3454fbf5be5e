"""`kclpp local` for one test."""
import os
import re
import shutil
import subprocess

# Killed when this process ends in whatever way.
_ENDS_WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
_OURS = re.compile(r"^(AWS_|KCLPP_|(https?|all|no)_proxy$)", re.IGNORECASE)


def clean_environment(**extra):
    """Without what points programs at somebody's account, or through a proxy."""
    kept = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true", **extra}


class LocalServer:
    """From `with` to its end. `url` is where it listens."""

    def __init__(self, program, *flags):
        self._command = [*_ENDS_WITH_US, program, "local", "--port", "0", *flags]

    def __enter__(self):
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, env=clean_environment())
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            raise RuntimeError(f"kclpp local said {line!r} and not where it listens")
        self.url = line.split()[-1]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.process.stdout.close()
        if code != 0:
            raise RuntimeError(f"kclpp local ended with {code}")
