"""Resident memory and open descriptors of processes over time: kept here, and written to a CSV as they are read."""
import os


def read(pid):
    """(KiB resident, descriptors); None when there is no such process any more."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            resident = [int(line.split()[1]) for line in status if line.startswith("VmRSS:")]
        return (resident[0], len(os.listdir(f"/proc/{pid}/fd"))) if resident else None
    except (FileNotFoundError, ProcessLookupError):
        return None


class Vitals:
    def __init__(self, file):
        self._file = open(file, "w", encoding="ascii")
        self._file.write("second,process,resident_kib,descriptors\n")
        self.samples = {}  # process -> [(second, KiB, descriptors)]

    def sample(self, second, processes):
        """`processes`: name -> pid"""
        for name, pid in processes.items():
            seen = read(pid)
            if seen:
                self.samples.setdefault(name, []).append((second, *seen))
                self._file.write(f"{second:.0f},{name},{seen[0]},{seen[1]}\n")
        self._file.flush()

    def close(self):
        self._file.close()
