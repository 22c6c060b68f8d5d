"""The files in which a prefork pool counts: prometheus_client's, and beside them the exemplars.

Children of a pool are replaced now and then. What a dead one counted is added to the files of process 0, which is never
anybody's, so that neither the files nor the time to read them grow with the worker's age.
"""

import os
from collections.abc import Collection
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import mark_process_dead

from telemetry.exemplars import ExemplarFile, files_of_processes, latest

_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
#: Kinds whose values may be added up. Gauges of the dead are prometheus_client's own business.
_SUMMED = ("counter", "histogram", "summary")
_NOBODY = 0


def pool_directory() -> Path | None:
    """None in a process that counts for itself alone."""
    directory = os.environ.get(_DIRECTORY)
    return Path(directory) if directory else None


def bury_dead(directory: Path) -> int:
    """Add what dead processes counted to the files of process 0, and remove theirs: the number of files removed.

    For the pool's main process alone, and not while another thread of it reads the files. All that write there must be
    visible to it as processes: two containers need two directories.
    """
    buried = 0
    for kind in _SUMMED:
        for path in directory.glob(f"{kind}_*.db"):
            process = int(path.stem.removeprefix(f"{kind}_"))
            if _is_dead(process):
                _add(path, directory / f"{kind}_{_NOBODY}.db")
                path.unlink()
                mark_process_dead(process, str(directory))
                buried += 1
    dead = {process: path for process, path in files_of_processes(directory).items() if _is_dead(process)}
    if dead:
        _keep_latest(dead.values(), directory)
    return buried + len(dead)


def _add(source: Path, target: Path) -> None:
    if source.stat().st_size == 0:  # It died between making the file and giving it its length.
        return
    sums = MmapedDict(str(target))
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(source)):
            sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
    finally:
        sums.close()


def _keep_latest(dead: Collection[Path], directory: Path) -> None:
    before = files_of_processes(directory).get(_NOBODY)
    youngest = latest([*dead, *([before] if before else [])])
    kept = ExemplarFile(directory, process=_NOBODY)
    try:
        for bucket, record in youngest.items():
            kept.put(bucket, record)
    finally:
        kept.close()
    for path in dead:
        path.unlink()


def _is_dead(process: int) -> bool:
    if process == _NOBODY:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
