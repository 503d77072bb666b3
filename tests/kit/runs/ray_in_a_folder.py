"""Runs the command on a cluster of Ray whose workers are in a folder of their own: a script for tests.

ray_in_a_folder.py ADDRESS FOLDER COMMAND...
"""

import sys

from tests.kit.runs.few_rows import run_command as run


def main() -> int:
    """Connect and run the command."""
    import ray

    address, folder, *command = sys.argv[1:]
    ray.init(address, runtime_env={"working_dir": folder}, log_to_driver=False, logging_level="CRITICAL")
    return run(command)


if __name__ == "__main__":
    raise SystemExit(main())
