"""Writes a CycloneDX 1.5 list of what an image holds: Python, Python packages, and Debian's packages.

    ENVIRONMENT/bin/python sbom.py IMAGE NAME VERSION >sbom.cdx.json

It reads what is installed rather than what a lock asked for. Without a time and a serial number, so that the same image
has the same list.  Source: https://cyclonedx.org/docs/1.5/json/
"""

import json
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

Component = dict[str, Any]


def main() -> None:
    image, name, version = sys.argv[1:]
    subject = {"type": "container", "bom-ref": name, "name": name, "version": version}
    parts = [interpreter(), *python_packages(), *debian_packages(Path(image))]
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": subject, "licenses": [{"license": {"id": "Apache-2.0"}}]},
        "components": sorted(parts, key=lambda part: part["bom-ref"]),
    }
    json.dump(bom, sys.stdout, indent=1)


def interpreter() -> Component:
    version = platform.python_version()
    return component("cpython", version, f"pkg:generic/python@{version}", [{"license": {"id": "PSF-2.0"}}])


def python_packages() -> Iterator[Component]:
    for distribution in distributions():
        name = distribution.metadata["Name"].lower().replace("_", "-").replace(".", "-")
        # Ours are on no index: a package of that name there would be somebody else's.
        kind = "generic" if name.startswith("daybook-") else "pypi"
        purl = f"pkg:{kind}/{name}@{distribution.version}"
        yield component(name, distribution.version, purl, licences(distribution))


def licences(distribution: Distribution) -> list[Component]:
    """As the package says it: an SPDX expression, or else a name."""
    metadata = distribution.metadata
    for expression in metadata.get_all("License-Expression", []):
        return [{"expression": expression}]
    named = [
        value.rpartition(" :: ")[2] for value in metadata.get_all("Classifier", []) if value.startswith("License ::")
    ]
    # Some have the whole text in this field.
    said = [value.strip() for value in metadata.get_all("License", []) if "\n" not in value.strip()]
    return [{"license": {"name": name}} for name in named or said]


def debian_packages(image: Path) -> Iterator[Component]:
    for note in (image / "var/lib/dpkg/status.d").iterdir():
        fields = dict(line.split(": ", 1) for line in note.read_text().splitlines() if ": " in line and line[0] != " ")
        name, version, architecture = fields["Package"], fields["Version"], fields["Architecture"]
        yield component(name, version, f"pkg:deb/debian/{name}@{version.replace(':', '%3A')}?arch={architecture}", [])


def component(name: str, version: str, purl: str, licences: list[Component]) -> Component:
    found: Component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    return {**found, "licenses": licences} if licences else found


if __name__ == "__main__":
    main()
