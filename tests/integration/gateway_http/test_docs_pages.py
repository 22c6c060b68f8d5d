"""The documents, and pages that show them without asking anybody else."""

import re

from support.http_gateway import HttpGateway


def test_the_page_loads_everything_from_this_process(gateway: HttpGateway) -> None:
    with gateway.client() as client:
        page = client.get("/docs")
        assert page.headers["content-type"].startswith("text/html")
        assert "https:" not in page.text
        assert "script-src 'self';" in page.headers["content-security-policy"]
        assert "connect-src 'self';" in page.headers["content-security-policy"]
        sources = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
        assert sources == ["/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/start.js"]
        for source in sources:
            asset = client.get(source)
            assert asset.status_code == 200
            assert len(asset.content) > 100
        assert 'url: "/openapi.json"' in client.get("/docs/start.js").text


def test_both_documents_are_served(gateway: HttpGateway) -> None:
    with gateway.client() as client:
        document = client.get("/openapi.json").json()
        assert document["openapi"] == "3.1.0"
        assert client.get("/asyncapi").json()["asyncapi"] == "3.0.0"
