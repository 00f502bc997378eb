"""Reads the application's logging configuration for the doctor: from a module, a file, or Django's settings."""

# ruff: noqa: PLC0415 - what one kind of configuration needs is imported for it alone
from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from logging.config import DictConfigurator
from pathlib import Path
from typing import Any, NamedTuple

from rollbar_logging.errors import RollbarError, in_words
from rollbar_logging.handler import RollbarHandler

DJANGO_VARIABLE = "DJANGO_SETTINGS_MODULE"
_DEFAULT_NAME = "LOGGING"
_NAMES = ("LOGGING", "logging", "LOGGING_CONFIG")
_NOT_KEYWORDS = {"class", "()", ".", "formatter", "filters"}


class Config(NamedTuple):
    """A logging configuration.

    Attributes:
        source: Where it was found, in words.
        configs: Mappings to be applied one after the other.
    """

    source: str
    configs: tuple[dict[str, Any], ...]


@contextmanager
def user_code() -> Iterator[None]:
    """Import modules of the current folder, and keep what they print out of standard output."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)


def load_config(where: str | None, django: str | None, environ: Mapping[str, str]) -> Config | None:
    """Read the configuration that is asked for, else that of Django where its variable is set.

    Args:
        where: ``module:NAME``, or the path of a ``.py``, ``.json`` or ``.toml`` file, perhaps with ``:NAME``.
        django: Dotted name of Django's settings.
        environ: The environment variables.

    Returns:
        The configuration, or ``None`` when there is none to be read.

    Raises:
        RollbarError: It cannot be read.
    """
    try:
        if where is not None:
            return Config(where, (_read(where),))
        if django is not None:
            return _of_django(django)
        name = environ.get(DJANGO_VARIABLE, "")
        return _of_django(name) if name and importlib.util.find_spec("django") else None
    except RollbarError:
        raise
    except (Exception, SystemExit) as error:
        source = where or django or DJANGO_VARIABLE
        raise RollbarError(f"the configuration {source} cannot be read: {in_words(error)}") from error


def rollbar_entries(config: Config) -> list[tuple[str, dict[str, Any]]]:
    """Return the names of the handlers to Rollbar, with the keywords that ``dictConfig`` makes each with, and `level`.

    What cannot be told, as what a faulty entry is meant to be, is left out; applying the configuration will tell.
    """
    found = []
    for mapping in config.configs:
        with contextlib.suppress(Exception):
            configurator = DictConfigurator(mapping)
            entries = configurator.config.get("handlers", {})
            for name in entries:
                entry = entries[name]  # by subscription: that is what turns ext:// and cfg:// into values
                if _makes_rollbar_handler(configurator, entry):
                    keywords = {key: entry[key] for key in entry if key not in _NOT_KEYWORDS and key.isidentifier()}
                    found.append((str(name), keywords))
    return found


def _makes_rollbar_handler(configurator: Any, entry: Any) -> bool:
    maker = entry.get("()", entry.get("class"))
    with contextlib.suppress(Exception):
        if isinstance(maker, str):
            maker = configurator.resolve(maker)
        return isinstance(maker, type) and issubclass(maker, RollbarHandler)
    return False


def _read(where: str) -> dict[str, Any]:
    place, _, name = where.rpartition(":")
    if not place or "/" in name or "\\" in name:
        place, name = where, ""
    suffix = Path(place).suffix.lower()
    if suffix in {".json", ".toml"}:
        return _named(_parsed(Path(place), suffix), name, where)
    if suffix == ".py":
        import runpy

        return _chosen(runpy.run_path(place), name or _DEFAULT_NAME, where)
    return _chosen(vars(importlib.import_module(place)), name or _DEFAULT_NAME, where)


def _parsed(path: Path, suffix: str) -> dict[str, Any]:
    if suffix == ".json":
        import json

        found = json.loads(path.read_text(encoding="utf-8"))
    else:
        found = _toml().loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise RollbarError(f"{path} holds no mapping")
    return found


def _toml() -> Any:
    for name in ("tomllib", "tomli"):
        with contextlib.suppress(ModuleNotFoundError):
            return importlib.import_module(name)
    raise RollbarError("a TOML file needs Python 3.11, or: pip install tomli")


def _named(found: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    """Return the whole document, or the part of it that is the configuration."""
    if name:
        return _chosen(found, name, where)
    return found if "version" in found else _chosen(found, next((n for n in _NAMES if n in found), "LOGGING"), where)


def _chosen(namespace: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    if name not in namespace:
        raise RollbarError(f"{where} has no {name}")
    if not isinstance(namespace[name], dict):
        raise RollbarError(f"{name} of {where} is no mapping, but {type(namespace[name]).__name__}")
    return dict(namespace[name])


def _of_django(name: str) -> Config:
    if importlib.util.find_spec("django") is None:
        raise RollbarError(f"the settings {name} need Django, which cannot be imported")
    os.environ[DJANGO_VARIABLE] = name
    settings = importlib.import_module("django.conf").settings
    source = f"LOGGING of {name}"
    if settings.LOGGING_CONFIG is None:
        raise RollbarError(f"LOGGING_CONFIG of {name} is None: Django leaves logging alone; use --config")
    # As django.setup() does it, but for the applications.
    default = importlib.import_module("django.utils.log").DEFAULT_LOGGING
    return Config(source, (dict(default), dict(settings.LOGGING)) if settings.LOGGING else (dict(default),))
