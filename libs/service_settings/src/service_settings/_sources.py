"""The environment, then a folder of files that each hold one setting."""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SecretsSettingsSource

from service_settings.errors import SecretUnreadable, SettingsWrong

#: Names another folder.
FOLDER_VARIABLE = "DAYBOOK_SECRETS_DIR"
#: Where container engines put them.
_USUAL_FOLDER = Path("/run/secrets")


class ServiceSettings(BaseSettings):
    """`GATEWAY_DATABASE_URL` in the environment, or else the content of a file named `gateway_database_url`.

    White space around a file's content is left out, and an empty file is none.
    Build it with `read_settings`, which tells what is wrong without showing a value.
    """

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings  # No `.env` is read, and our source of files stands in for the other.
        folder = secrets_folder()
        files = () if folder is None else (_SecretFiles(settings_cls, secrets_dir=folder),)
        return (init_settings, env_settings, *files)


def secrets_folder() -> Path | None:
    """None where there is none, which is well.

    Raises:
        SettingsWrong: DAYBOOK_SECRETS_DIR names something that is no folder.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if not named:
        return _USUAL_FOLDER if _USUAL_FOLDER.is_dir() else None
    folder = Path(named)
    if not folder.is_dir():
        raise SettingsWrong([f"{FOLDER_VARIABLE}: {folder} is not a folder"])
    return folder


class _SecretFiles(SecretsSettingsSource):
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Raises SecretUnreadable."""
        try:
            value, key, is_complex = super().get_field_value(field, field_name)
        except OSError as error:
            path = Path(error.filename or str(self.secrets_dir))
            raise SecretUnreadable(path, error.strerror or type(error).__name__) from error
        except UnicodeDecodeError:
            # Without its cause, which holds the bytes.
            path = Path(str(self.secrets_dir)) / f"{self.env_prefix}{field_name}".lower()
            raise SecretUnreadable(path, "it is not UTF-8") from None
        return value or None, key, is_complex
