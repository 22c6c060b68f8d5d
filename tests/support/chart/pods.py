"""The pods that rendered objects would make."""

from dataclasses import dataclass
from typing import Any

from support.chart.rendering import Document, Rendered

TEMPLATED = ("Deployment", "StatefulSet", "Job")


@dataclass(frozen=True)
class PodSpec:
    #: The object that makes it.
    owner: Document
    labels: dict[str, str]
    spec: dict[str, Any]

    @property
    def component(self) -> str:
        return self.labels["app.kubernetes.io/component"]

    @property
    def containers(self) -> list[Document]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    def environment(self, container: Document) -> dict[str, str]:
        return {variable["name"]: variable["value"] for variable in container.get("env", []) if "value" in variable}

    def secret_files(self) -> dict[str, str]:
        """Names of files under /run/secrets, and the keys of the Secret that they hold."""
        sources = [
            source["secret"]["items"]
            for volume in self.spec.get("volumes", [])
            for source in volume.get("projected", {}).get("sources", [])
            if "secret" in source
        ]
        return {item["path"]: item["key"] for items in sources for item in items}

    def secret_keys(self) -> set[tuple[str, str, bool]]:
        """(Secret, key, optional) of all that are mounted or stand in the environment."""
        found = set()
        for volume in self.spec.get("volumes", []):
            sources = volume.get("projected", {}).get("sources", [])
            for secret in [source["secret"] for source in sources if "secret" in source]:
                found |= {(secret["name"], item["key"], secret.get("optional", False)) for item in secret["items"]}
        for container in self.containers:
            for variable in container.get("env", []):
                if "valueFrom" in variable:
                    reference = variable["valueFrom"]["secretKeyRef"]
                    found.add((reference["name"], reference["key"], False))
        return found

    def config_maps(self) -> set[str]:
        found = set()
        for volume in self.spec.get("volumes", []):
            sources = [volume, *volume.get("projected", {}).get("sources", [])]
            found |= {source["configMap"]["name"] for source in sources if "configMap" in source}
        return found


def pods_of(rendered: Rendered) -> list[PodSpec]:
    found = []
    for document in rendered.of_kind(*TEMPLATED):
        template = document["spec"]["template"]
        found.append(PodSpec(document, template["metadata"]["labels"], template["spec"]))
    bare = [PodSpec(document, document["metadata"]["labels"], document["spec"]) for document in rendered.of_kind("Pod")]
    return found + bare


def matches(selector: Document, labels: dict[str, str]) -> bool:
    """A label selector's answer. Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/"""
    for expression in selector.get("matchExpressions", []):
        value, values = labels.get(expression["key"]), expression.get("values", [])
        holds = {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not holds[expression["operator"]]:
            return False
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
