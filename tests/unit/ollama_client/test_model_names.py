import pytest

from ollama_client import tagged_name


@pytest.mark.parametrize(
    ("name", "tagged"),
    [
        ("all-minilm", "all-minilm:latest"),
        ("all-minilm:latest", "all-minilm:latest"),
        ("qwen3:0.6b", "qwen3:0.6b"),
        ("team/model", "team/model:latest"),
        ("host:5000/team/model", "host:5000/team/model:latest"),
        ("host:5000/team/model:v2", "host:5000/team/model:v2"),
        ("hf.co/team/model:Q4_K_M", "hf.co/team/model:Q4_K_M"),
    ],
)
def test_a_name_without_a_tag_means_the_latest(name: str, tagged: str) -> None:
    assert tagged_name(name) == tagged
