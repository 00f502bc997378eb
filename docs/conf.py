"""How the documentation is built: ``tox -e docs``."""

from rollbar_logging import client
from rollbar_logging.version import VERSION

project = "rollbar-logging"
author = "The rollbar-logging developers"
release = version = VERSION
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
exclude_patterns = ["_build"]
myst_heading_anchors = 2
default_role = "code"  # docstrings name things of the code in single backquotes
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_use_ivar = True
napoleon_use_rtype = False  # "Whether: …" reads like a type
# Other projects' pages are not looked up; a property's "Whether …: …" reads like a type, too.
nitpick_ignore_regex = [("py:class", r"collections\.abc\..*"), ("py:class", r".* .*")]
# The page of the client has a table of its errors, which are named as they are imported.
nitpick_ignore = [("py:exc", name) for name in client.__all__]
