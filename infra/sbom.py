#!/usr/bin/env python3
"""Writes the software bill of materials of the functions and the CLI: CycloneDX 1.5 as JSON.

    infra/sbom.py VERSION FILE

Its components are those of infra/third-party-licences.py: what is linked. Each has its package URL, its licence, and the
SHA-256 of its package as Cargo.lock has it. Needs nothing but cargo and Python.
"""

import importlib.util
import json
import pathlib
import sys
import tomllib
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = pathlib.Path(__file__).with_name("third-party-licences.py")
specification = importlib.util.spec_from_file_location("third_party_licences", SOURCE)
licences = importlib.util.module_from_spec(specification)
specification.loader.exec_module(licences)


def bill(version):
    checksums = {
        (package["name"], package["version"]): package.get("checksum")
        for package in tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    }
    crates = sorted(licences.linked_crates(), key=lambda part: (part.name, part.version))
    components = [component(part, f"pkg:cargo/{part.name}@{part.version}", checksums) for part in crates]
    library, script = licences.standard_library(), licences.htmx()
    components.append(component(library, f"pkg:generic/rust-std@{library.version}", {}))
    components.append(component(script, f"pkg:npm/htmx.org@{script.version}", {}))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # The same of the same version.
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, f"managed-https@{version}").urn,
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "managed-https",
                "name": "managed-https",
                "version": version,
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": components,
        "dependencies": [{"ref": "managed-https", "dependsOn": [one["bom-ref"] for one in components]}],
    }


def component(part, purl, checksums):
    made = {"type": "library", "bom-ref": purl, "name": part.name, "version": part.version, "purl": purl}
    # The older way of crates to say OR.
    made["licenses"] = [{"expression": part.licence.replace("/", " OR ")}]
    if checksum := checksums.get((part.name, part.version)):
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if part.home:
        made["externalReferences"] = [{"type": "website", "url": part.home}]
    return made


def main(version, output):
    made = bill(version)
    pathlib.Path(output).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(f"{output}: {len(made['components'])} components", file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
