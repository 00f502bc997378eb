"""How the documentation is built: ``tox -e docs``."""

from rollbar_logging.version import VERSION

project = "rollbar-logging"
author = "The rollbar-logging developers"
release = version = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
exclude_patterns = ["_build"]
default_role = "code"  # docstrings name things of the code in single backquotes
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_use_ivar = True
napoleon_use_rtype = False  # "Whether: …" reads like a type
# Other projects' pages are not looked up; a property's "Whether …: …" reads like a type, too.
nitpick_ignore_regex = [("py:class", r"collections\.abc\..*"), ("py:class", r".* .*")]
