"""Settings as a process reads them once, when it starts."""

import os
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import SettingsError

from service_settings._sources import FOLDER_VARIABLE, ServiceSettings, secrets_folder
from service_settings.errors import SecretUnreadable, SettingsWrong

S = TypeVar("S", bound=ServiceSettings)


def read_settings(settings_type: type[S]) -> S:
    """The settings as environment and files give them.

    Raises:
        SettingsWrong: one is missing or wrong, or a file is there and cannot be read.
    """
    try:
        return settings_type()
    except ValidationError as error:
        # Names and faults only: a value may be a secret. For the same reason the cause is left out.
        faults = [_told(settings_type, fault) for fault in error.errors(include_url=False, include_input=False)]
        raise SettingsWrong(faults) from None
    except SettingsError as error:
        cause = error.__cause__
        raise SettingsWrong([str(cause if isinstance(cause, SecretUnreadable) else error)]) from None


def _told(settings_type: type[ServiceSettings], fault: Any) -> str:
    """One line about one fault, as pydantic describes it."""
    if not fault["loc"]:  # Of several settings together: the message names them.
        return str(fault["msg"])
    name = f"{settings_type.model_config.get('env_prefix', '')}{fault['loc'][0]}".upper()
    return f"{name}: {fault['msg']} ({_origin(name)})"


def _origin(name: str) -> str:
    if name in {variable.upper() for variable in os.environ}:
        return "from the environment"
    folder = secrets_folder()
    if folder is None:
        return f"not in the environment; no folder of secrets is there, nor named by {FOLDER_VARIABLE}"
    file = folder / name.lower()
    if not file.exists():
        return f"neither in the environment nor in the file {file}"
    return f"from the file {file}" if file.read_text().strip() else f"the file {file} is empty"
