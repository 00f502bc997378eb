"""How the documentation is built: `tox -e docs`."""

from rollbar_logging.version import VERSION

project = "rollbar-logging"
author = "The rollbar-logging developers"
release = version = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
exclude_patterns = ["_build"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
# "Whether: …" reads like a type to napoleon; the standard library's own pages are not looked up.
nitpick_ignore_regex = [("py:class", r".* .*"), ("py:class", r"collections\.abc\..*")]
