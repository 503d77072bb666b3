"""Where models run: the device that a name means, and the numbers that it computes in."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from filtering.errors import SettingsError

NATIVE_BF16 = ("amx_bf16", "avx512_bf16", "arm_bf16", "bf16")
"""Names that torch gives to CPUs' abilities; elsewhere bf16 is emulated, and slow."""


def find_device(torch: Any, name: str) -> tuple[Any, Any]:
    """Return the device of a name, and the numbers to compute in there.

    Parameters
    ----------
    torch : module
        Which the caller has imported.
    name : str
        ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``cuda:1`` or ``mps``.

    Returns
    -------
    torch.device, torch.dtype
        bfloat16 where the device computes in it by itself, else float32.

    Raises
    ------
    SettingsError
        If there is no such device.
    """
    if name == "auto":
        mps = torch.backends.mps.is_available()
        name = "cuda" if torch.cuda.is_available() else "mps" if mps else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()  # some devices are known by name, and hold no numbers
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(
            f"'device' (--device) must be auto, cpu, or a device of this machine such as cuda. Got {name!r} "
            "instead: "
            f"{reason}"
        ) from error
    if device.type == "cpu":
        able: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
        return device, torch.bfloat16 if any(able.get(one) for one in NATIVE_BF16) else torch.float32
    if device.type == "cuda":
        return device, torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return device, torch.float32


def one_core_threads(torch: Any, threads: int) -> ThreadPoolExecutor:
    """Return a pool whose threads use one core each, and leave torch as it was elsewhere."""
    before = torch.get_num_threads()
    started = threading.Barrier(threads + 1)

    def use_one_core() -> None:
        torch.set_num_threads(1)
        torch.get_num_threads()  # makes the setting this thread's own
        started.wait()

    pool = ThreadPoolExecutor(threads, initializer=use_one_core)
    for _ in range(threads):
        pool.submit(int)
    started.wait()
    torch.set_num_threads(before)
    return pool
