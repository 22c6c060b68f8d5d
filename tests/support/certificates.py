"""An authority of the tests' own, with the certificates of a NATS server and of its clients."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme


class Authority:
    """Writes everything into `directory`, as files for servers' configurations and for `broker_use_ssl`."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._authority = trustme.CA()
        self.certificate = str(directory / "ca.pem")
        self._authority.cert_pem.write_to_path(self.certificate)

    def issue(self, name: str, *identities: str, expired: bool = False) -> tuple[str, str]:
        """(certificate file, key file) for host names or addresses; `name` is the common name as well."""
        now = datetime.now(UTC)
        until = now - timedelta(days=1) if expired else now + timedelta(days=1)
        issued = self._authority.issue_cert(
            *identities, common_name=name, not_before=now - timedelta(days=2), not_after=until
        )
        chain, key = self._directory / f"{name}.pem", self._directory / f"{name}.key"
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(key))
        return str(chain), str(key)

    def server(self, *identities: str, expired: bool = False, more: str = "") -> str:
        """The `tls` block of a server's configuration."""
        certificate, key = self.issue(f"server-{'-'.join(identities)}", *identities, expired=expired)
        return f'tls {{ cert_file: "{certificate}", key_file: "{key}", ca_file: "{self.certificate}", {more} }}'
