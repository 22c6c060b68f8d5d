"""Where a service's settings come from, and how wrong ones are told: it knows no setting itself."""

from service_settings._reading import read_settings
from service_settings._sources import ServiceSettings, secrets_folder
from service_settings.errors import SettingsWrong

__all__ = ["ServiceSettings", "SettingsWrong", "read_settings", "secrets_folder"]
