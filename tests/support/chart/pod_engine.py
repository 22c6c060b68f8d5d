"""Rendered pods on a container engine: their users, files, arguments and probes, on a network without a way out.

What a kubelet does with a pod, as far as an engine can: no policies, no scheduling. Volumes are folders of this machine
that get the group a pod asks for, so it takes root.
"""

import os
import secrets
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import docker

from support.backends.engine import labels
from support.chart.pods import PodSpec, matches, pods_of
from support.chart.rendering import Document, Rendered
from support.eventually import wait_until

READY_WITHIN_S = 90.0
_MIB = {"Mi": 1, "Gi": 1024}


class PodEngine:
    """All that was started is removed at the end of the block."""

    def __init__(self, chart: Rendered, folder: Path, secret: dict[str, str]) -> None:
        self._chart = chart
        self._folder = folder
        self._secret = secret

    def __enter__(self) -> Self:
        self._stack = ExitStack()
        self._client = docker.from_env(timeout=60)
        self._stack.callback(self._client.close)
        self._name = f"daybook-chart-{secrets.token_hex(4)}"
        self._network = self._client.networks.create(self._name, internal=True, labels=labels())
        self._stack.callback(self._network.remove)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def pod(self, component: str) -> PodSpec:
        return next(pod for pod in pods_of(self._chart) if pod.component == component)

    def start(self, component: str, *, container: Document | None = None) -> "RunningPod":
        """The pod's container, or one of several."""
        pod = self.pod(component)
        chosen = container or pod.spec["containers"][0]
        folder = self._folder / f"{component}-{secrets.token_hex(2)}"
        folder.mkdir()
        folder.chmod(0o755)
        security, own = pod.spec["securityContext"], chosen["securityContext"]
        options: dict[str, Any] = {
            "entrypoint": chosen.get("command"),
            "user": f"{security['runAsUser']}:{security['runAsGroup']}",
            "group_add": [str(security["fsGroup"])],
            "read_only": own["readOnlyRootFilesystem"],
            "cap_drop": own["capabilities"]["drop"],
            "security_opt": ["no-new-privileges:true"],
            "mem_limit": _bytes(chosen["resources"]["limits"]["memory"]),
            "environment": pod.environment(chosen),
            "tmpfs": {},
            "volumes": {},
            "healthcheck": {"test": ["NONE"]},
            # As a kubelet does, but for pods that are to end.
            "restart_policy": {"Name": "no" if pod.owner["kind"] in {"Job", "Pod"} else "always"},
        }
        for mount in chosen.get("volumeMounts", []):
            self._mount(pod, mount, folder, options)
        made = self._client.containers.create(
            chosen["image"],
            chosen.get("args"),
            name=f"{self._name}-{folder.name}",
            labels=labels(),
            network=self._name,
            **options,
        )
        self._stack.callback(made.remove, force=True, v=True)
        # Once more, with names: at its creation a container takes none.
        self._network.disconnect(made)
        self._network.connect(made, aliases=self._hosts(pod))
        made.start()
        return RunningPod(made, chosen, self._name)

    def _hosts(self, pod: PodSpec) -> list[str]:
        """Of the Services that choose the pod."""
        services = self._chart.of_kind("Service")
        return [
            found["metadata"]["name"]
            for found in services
            if matches({"matchLabels": found["spec"]["selector"]}, pod.labels)
        ]

    def _mount(self, pod: PodSpec, mount: Document, folder: Path, options: dict[str, Any]) -> None:
        group = pod.spec["securityContext"]["fsGroup"]
        place = mount["mountPath"]
        volume = next((each for each in pod.spec.get("volumes", []) if each["name"] == mount["name"]), None)
        path = folder / mount["name"]
        if volume is not None and "emptyDir" in volume:
            options["tmpfs"][place] = f"size={_bytes(volume['emptyDir']['sizeLimit'])},mode=1777"
            return
        path.mkdir()
        mode = "rw"
        if volume is not None:
            mode = "ro"
            for source in volume["projected"]["sources"]:
                self._project(source, path, volume["projected"]["defaultMode"], group)
        os.chown(path, 0, group)
        path.chmod(0o2775)
        bound = path / mount["subPath"] if "subPath" in mount else path
        options["volumes"][str(bound)] = {"bind": place, "mode": mode}

    def _project(self, source: Document, folder: Path, mode: int, group: int) -> None:
        reference = source.get("secret") or source["configMap"]
        if "secret" in source:
            data = self._secret
        else:
            data = next(
                found["data"]
                for found in self._chart.of_kind("ConfigMap")
                if found["metadata"]["name"] == reference["name"]
            )
        for item in reference["items"]:
            file = folder / item["path"]
            file.write_text(data[item["key"]])
            os.chown(file, 0, group)
            file.chmod(mode)


class RunningPod:
    def __init__(self, container: Any, spec: Document, network: str) -> None:
        self._container = container
        self._spec = spec
        self._network = network

    def ends(self) -> tuple[int, str]:
        """Exit status and what it said."""
        status = self._container.wait(timeout=READY_WITHIN_S)["StatusCode"]
        return status, self._container.logs().decode()

    def run(self, *command: str) -> tuple[int, str]:
        """As `kubectl exec`: exit status and what it said."""
        status, said = self._container.exec_run(list(command))
        return status, said.decode()

    def is_running(self) -> bool:
        self._container.reload()
        return self._container.status == "running"

    def becomes_ready(self) -> None:
        """Once its own readiness probe says so. Raises: AssertionError with the log."""
        self._await("readinessProbe")

    def becomes_alive(self) -> None:
        """As above, by its startup probe."""
        self._await("startupProbe")

    def _await(self, probe: str) -> None:
        try:
            wait_until(lambda: self.probe(probe), within_s=READY_WITHIN_S)
        except AssertionError as error:
            raise AssertionError(self._container.logs().decode()[-4000:]) from error

    def probe(self, name: str) -> bool:
        if not self.is_running():
            return False
        probe = self._spec[name]
        if "exec" in probe:
            return self._container.exec_run(probe["exec"]["command"]).exit_code == 0
        return 200 <= self.asked(probe["httpGet"]["path"], probe["httpGet"]["port"]) < 400

    def asked(self, path: str, port: str) -> int:
        """The status of a GET; 0 if nothing answers."""
        number = next(found["containerPort"] for found in self._spec["ports"] if found["name"] == port)
        host = self._container.attrs["NetworkSettings"]["Networks"][self._network]["IPAddress"]
        try:
            with urllib.request.urlopen(f"http://{host}:{number}{path}", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def stop(self, *, within_s: int) -> int:
        """SIGTERM, as a kubelet does: the exit status."""
        self._container.stop(timeout=within_s)
        return self._container.wait(timeout=within_s)["StatusCode"]


def _bytes(amount: str) -> int:
    return int(amount[:-2]) * _MIB[amount[-2:]] * 1024 * 1024
