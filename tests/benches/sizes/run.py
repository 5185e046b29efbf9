"""The size of each function's binary: as Lambda unpacks it, and zipped as it is uploaded.

    python3 tests/benches/sizes/run.py [folder with a folder a function]

Looks where `sam build` and `cargo lambda build` put binaries, unless a folder is named. Exits with 1, and says how to
build, if one of the functions in `template.yaml` is not there.
"""

import os
import re
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BUILT = [ROOT / ".aws-sam" / "build", TARGET / "lambda"]
HOW = """build them first, with one of:
    sam build --beta-features
    cargo lambda build --release --arm64 {}"""
# What the head of an ELF file says of the machine that it is for.
MACHINES = {62: "x86_64", 183: "arm64"}


def functions(template):
    """The name and the binary of each function."""
    found = re.findall(r"^  (\w+):\n    Type: AWS::Serverless::Function\n(.*?)(?=^  \w|\Z)", template, re.M | re.S)
    return [(name, re.search(r"Binary: ([\w-]+)", rest)[1]) for name, rest in found]


def mib(count):
    return f"{count / 2**20:8.1f} MiB"


def sizes(name, binary, folders):
    """One line about a function; none if it is in none of the folders."""
    for folder in folders:
        for path in (folder / name / "bootstrap", folder / binary / "bootstrap"):
            if path.is_file():
                data = path.read_bytes()
                machine = MACHINES.get(int.from_bytes(data[18:20], "little"), "unknown")
                return f"{name:10}{mib(len(data))}{mib(len(zlib.compress(data)))}  {machine:8}{path.parent}"
    return None


def main():
    wanted = functions((ROOT / "template.yaml").read_text())
    folders = [Path(folder) for folder in sys.argv[1:]] or BUILT
    lines = [sizes(name, binary, folders) for name, binary in wanted]
    if None in lines:
        missing = [binary for (_, binary), line in zip(wanted, lines) if line is None]
        looked = ", nor in ".join(str(folder) for folder in folders)
        print(f"{', '.join(missing)}: not in {looked}", file=sys.stderr)
        print(HOW.format(" ".join(f"-p {binary}" for _, binary in wanted)), file=sys.stderr)
        return 1
    print(f"{'function':10}{'unpacked':>12}{'zipped':>12}  for     in")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
