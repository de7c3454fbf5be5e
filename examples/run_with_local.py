"""Runs the example of own credentials on a `kclpp local` that checks signatures: they are right, and wrong ones fail.

usage: run_with_local.py KCLPP EXAMPLE
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../tests/interop"))
sys.dont_write_bytecode = True

from local_server import LocalServer, clean_environment

KCLPP, EXAMPLE = sys.argv[1:]


def run(credentials):
    with LocalServer(KCLPP, "--stream", "orders:1", "--credentials", credentials) as server:
        done = subprocess.run([EXAMPLE, server.url], env=clean_environment(HOME="/nonexistent"), capture_output=True,
                              text=True, timeout=100, check=False)
    return done.returncode, done.stdout, done.stderr


code, said, log = run("VAULTKEY:vault/secret")
if (code, said) != (0, "read in the vault's name\n") or "the vault" not in log:
    sys.exit(f"ended with {code} and said {said!r}\n{log}")
code, said, log = run("VAULTKEY:another/secret")
if code == 0:
    sys.exit(f"a wrong signature was taken, and it said {said!r}\n{log}")
