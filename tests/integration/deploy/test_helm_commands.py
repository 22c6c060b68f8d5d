"""What an operator is told to run on Kubernetes, as far as it can be run without a cluster."""

import json
import re
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from gateway.service.keys import _KEY
from support.chart.pods import pods_of
from support.chart.rendering import ROOT, Order, Rendered, render
from support.operating import block

OPERATIONS = "docs/operations.md"
README = "deploy/helm/daybook/README.md"
OURS = {"gateway", "enrichment-worker", "insights-worker"}


def flags_of(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(re.findall(r"(--set(?:-string)?)\s+'?([^\s`']+)", text))


RENEWING = "### The same on Kubernetes"


@pytest.fixture(scope="module")
def told() -> dict[str, Rendered]:
    """The chart as the pages' own flags make it."""
    install, _, upgrade = shell_lines(block(README, "## Install"))
    operations = (ROOT / OPERATIONS).read_text()
    pull, _, rebuild = shell_lines(block(OPERATIONS, "## Changing a model"))
    return render(
        {
            "install": Order(flags=flags_of(install)),
            "installed, then closed": Order(flags=flags_of(install) + flags_of(upgrade)),
            "operations": Order(flags=flags_of(operations)),
            "another model, pulled": Order(flags=flags_of(install) + flags_of(upgrade) + flags_of(pull)),
            "another model, used": Order(flags=flags_of(install) + flags_of(pull) + flags_of(rebuild)),
            "setup again": Order(flags=(("--set", "setup.revision=2"),)),
        }
    )


def shell_lines(commands: str) -> list[str]:
    return [" ".join(line.split()) for line in commands.replace("\\\n", " ").splitlines()]


def test_the_flags_of_the_pages_are_values_of_the_chart(told: dict[str, Rendered]) -> None:
    assert {name: (chart.error, chart.lint) for name, chart in told.items()} == dict.fromkeys(told, ("", ()))
    assert all(chart.order.flags for chart in told.values())


def test_an_install_by_the_readme_takes_from_ones_own_registry_what_was_pushed_there(told: dict[str, Rendered]) -> None:
    images = {each["image"] for pod in pods_of(told["install"]) for each in pod.containers}
    pushed = {image for image in images if image.startswith("registry.example:5000/")}
    assert {re.sub(r"^registry.example:5000/daybook/(.*):.*$", r"\1", image) for image in pushed} == OURS
    assert {image.partition(":")[0] for image in images - pushed} == {
        "nats",
        "postgres",
        "qdrant/qdrant",
        "ollama/ollama",
    }


def test_an_install_by_the_readme_waits_for_the_models_before_it_closes_the_way_to_them(
    told: dict[str, Rendered],
) -> None:
    install, tested, upgrade = shell_lines(block(README, "## Install"))
    assert {"--wait", "--wait-for-jobs", "--timeout"} <= set(install.split())
    assert tested.startswith("helm test diary ")
    (job,) = [pod for pod in pods_of(told["install"]) if pod.component == "ollama-pull"]
    assert f"--timeout {job.owner['spec']['activeDeadlineSeconds'] // 3600}h" in install
    assert "--reset-then-reuse-values" in upgrade
    assert "ollama-pull" not in {pod.component for pod in pods_of(told["installed, then closed"])}


def test_another_model_is_pulled_before_the_enrichment_workers_alone_use_it(told: dict[str, Rendered]) -> None:
    (job,) = [pod for pod in pods_of(told["another model, pulled"]) if pod.component == "ollama-pull"]
    assert "nomic-embed-text" in job.containers[0]["args"]
    _, wait, _ = shell_lines(block(OPERATIONS, "## Changing a model"))
    (chosen,) = re.findall(r"--selector (\S+)", wait)
    assert dict(each.split("=") for each in chosen.split(",")).items() <= job.labels.items()
    after = {pod.component: pod for pod in pods_of(told["another model, used"])}
    assert "ollama-pull" not in after
    models = {
        name: value
        for pod in after.values()
        for name, value in pod.environment(pod.containers[-1]).items()
        if name.endswith(("_EMBEDDING_MODEL", "_REBUILD_INDEX"))
    }
    assert models == {
        "GATEWAY_EMBEDDING_MODEL": "all-minilm",
        "INSIGHTS_EMBEDDING_MODEL": "all-minilm",
        "ENRICHMENT_EMBEDDING_MODEL": "nomic-embed-text",
        "ENRICHMENT_REBUILD_INDEX": "true",
    }


@pytest.mark.parametrize("page", [OPERATIONS, README, "docs/upgrade.md", "deploy/helm/daybook/templates/NOTES.txt"])
def test_an_upgrade_keeps_ones_own_values_and_takes_the_defaults_that_are_new(page: str) -> None:
    """`--reuse-values` alone takes no default of the new chart: what is new in it is nil."""
    upgrades = [
        line for line in (ROOT / page).read_text().splitlines() if re.search(r"helm upgrade (diary|\.\.\.)", line)
    ]
    assert upgrades
    assert [line for line in upgrades if "--reset-then-reuse-values" not in line] == []


def test_commands_without_a_namespace_are_of_the_one_that_the_readme_installs_into() -> None:
    page = (ROOT / OPERATIONS).read_text()
    (chosen,) = re.findall(r"`kubectl config set-context --current --namespace=(\w+)`", page)
    assert re.findall(r"--namespace (\w+)", block(README, "## Install")) == [chosen] * 3
    assert "--namespace " not in page


class _Gateway(BaseHTTPRequestHandler):
    """Not ready at first, as a gateway before its schema."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        is_ready = self.asked > 1
        self.send_response(200 if is_ready else 503)
        self.end_headers()
        self.wfile.write(json.dumps({"status": "ready" if is_ready else "not ready"}).encode())

    def log_message(self, *_arguments: object) -> None:
        pass


def test_the_test_pod_waits_for_a_gateway_that_comes_up(charts: dict[str, Rendered]) -> None:
    (container,) = charts["minimal"].one("Pod", "test")["spec"]["containers"]
    program = container["command"][2]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}/readyz"

    refused = subprocess.run([sys.executable, "-c", program, url, "0"], capture_output=True, text=True, check=False)
    assert (refused.returncode, json.loads(refused.stdout)["status"]) == (1, "unreachable"), refused.stderr

    process = subprocess.Popen([sys.executable, "-c", program, url, "60"], stdout=subprocess.PIPE, text=True)
    with HTTPServer(("127.0.0.1", port), _Gateway) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        said, _ = process.communicate(timeout=30)
        server.shutdown()
        serving.join()
    assert (process.returncode, json.loads(said)["status"]) == (0, "ready")
    assert _Gateway.asked == 2


def test_a_new_api_key_is_one_that_the_gateway_takes() -> None:
    first = shell_lines(block(OPERATIONS, RENEWING))[0]
    made = subprocess.run(["bash", "-euc", f"{first}; echo $KEY"], capture_output=True, text=True, check=True)
    assert _KEY.fullmatch(made.stdout.strip())


def test_what_is_renewed_stands_in_the_chart_under_the_names_of_the_page(charts: dict[str, Rendered]) -> None:
    _, _, rest = (ROOT / OPERATIONS).read_text().partition(f"\n{RENEWING}\n")
    section = rest.partition("\n## ")[0]
    named = set(re.findall(r"[`\"]([a-z]+(?:_[a-z]+)+)[`\\]", section))
    (secret,) = charts["minimal"].of_kind("Secret")
    single = {f"nats_{user}_password" for user in ("gateway", "enrichment", "insights", "client")}
    keys = {"enrichment_gateway_key", "insights_gateway_key", "admin_key", "lexicon_key"}
    servers = {"nats_passwords", "qdrant_api_key", "qdrant_config", "postgres_password", "gateway_database_url"}
    assert named == keys | servers | single
    assert named <= set(secret["stringData"])
    workloads = {
        f"{found['kind'].lower()}/{found['metadata']['name']}"
        for found in charts["minimal"].of_kind("Deployment", "StatefulSet")
    }
    assert set(re.findall(r"(?:deployment|statefulset)/[a-z-]+", section)) <= workloads


def test_setup_can_run_while_a_single_key_is_taken_out_of_the_secret(charts: dict[str, Rendered]) -> None:
    """It runs before `helm upgrade` makes new ones: with a file missing, its pod would not start."""
    read = {key for pod in pods_of(charts["minimal"]) if pod.component == "setup" for _, key, _ in pod.secret_keys()}
    assert {"enrichment_gateway_key", "insights_gateway_key", "admin_key"} <= read
    assert {key for key in read if key.startswith("nats_") or key in {"qdrant_api_key", "postgres_password"}} == set()


def test_another_revision_is_another_job_for_setup(charts: dict[str, Rendered], told: dict[str, Rendered]) -> None:
    before, after = charts["minimal"].one("Job", "setup"), told["setup again"].one("Job", "setup")
    assert before["metadata"]["name"] != after["metadata"]["name"]
    assert "annotations" not in before["spec"]["template"]["metadata"]
    assert before["spec"]["template"]["spec"] == after["spec"]["template"]["spec"]


def test_a_backup_is_brought_back_on_kubernetes_as_it_is_elsewhere(charts: dict[str, Rendered]) -> None:
    bare, here = (block(OPERATIONS, f"### Bringing it back{where}") for where in ("", " on Kubernetes"))
    commands = [re.findall(r"python -m gateway ([a-z-]+)", commands) for commands in (bare, here)]
    assert commands[0] == commands[1] == ["migrate", "topology", "erase-again"]
    options = [
        set(re.findall(r" (--(?!dbname)[a-z-]+)", commands.partition("pg_restore")[2].splitlines()[0]))
        for commands in (bare, here)
    ]
    assert options[0] == options[1] >= {"--exit-on-error", "--single-transaction"}
    chart = charts["minimal"]
    names = {found["metadata"]["name"] for found in chart.of_kind("Deployment", "StatefulSet")}
    assert set(re.findall(r"diary-daybook-[a-z]+", here)) <= names
    (stopped,) = re.findall(r"component in \(([^)]*)\)", here)
    running = {pod.component for pod in pods_of(chart) if pod.owner["kind"] == "Deployment"}
    assert set(stopped.split(",")) == running - {"commands"}
    # Other releases may have a namespace with this one.
    chosen = set(re.findall(r"annotate scaledobject\s+(--\S+)\s+(\S+)", (ROOT / OPERATIONS).read_text()))
    assert chosen == {("--selector", "app.kubernetes.io/instance=diary")}
    scaled = [
        found["metadata"]["labels"]["app.kubernetes.io/instance"] for found in charts["keda"].of_kind("ScaledObject")
    ]
    assert scaled == ["diary"] * 2


def test_a_pod_for_commands_is_there_when_asked_for_and_goes_when_told(charts: dict[str, Rendered]) -> None:
    deployment = charts["minimal"].one("Deployment", "commands")
    assert deployment["spec"]["replicas"] == 0
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert (
        container["env"]
        == charts["minimal"].one("Deployment", "gateway")["spec"]["template"]["spec"]["containers"][0]["env"]
    )
    process = subprocess.Popen([sys.executable, *container["command"][1:]], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as said:
        said.readline()
        process.terminate()
        assert process.wait(timeout=10) == 0
