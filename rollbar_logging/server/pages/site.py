"""What all pages share: templates, the token of forms, the listeners; and how a page asks and answers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader, StrictUndefined
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rollbar_logging.server.answers import Refused
from rollbar_logging.server.body import read_body
from rollbar_logging.server.pages.closed_hours import ClosedHours
from rollbar_logging.server.pages.guard import HEADERS, is_own_form
from rollbar_logging.server.pages.live import Hub
from rollbar_logging.server.pages.static_files import StaticFile, load_static_files
from rollbar_logging.server.pages.views.graph import CHART_HEIGHT, CHART_WIDTH
from rollbar_logging.server.pages.views.setup import Setup, setup_view
from rollbar_logging.server.pages.views.wording import item_url, occurrence_url, with_query
from rollbar_logging.server.parts import PROJECT_ID, Parts
from rollbar_logging.server.storage.overview import Project
from rollbar_logging.server.traits import storable

_Result = TypeVar("_Result")

LARGEST_ID = 2**63 - 1
_LONGEST_NUMBER = 18
_MOST_FORM_BYTES = 65_536


class Site(NamedTuple):
    """What the routes of the pages share.

    Attributes:
        parts: The server's.
        templates: The templates.
        statics: Static files by name.
        hub: The pages that listen.
        form_token: What our forms carry, and others do not know.
        hours: Counts of hours that are over.
    """

    parts: Parts
    templates: Environment
    statics: Mapping[str, StaticFile]
    hub: Hub
    form_token: str
    hours: ClosedHours

    async def ask(self, question: Callable[[Connection], _Result]) -> _Result:
        """Have a question answered from the database."""
        return await asyncio.wrap_future(self.parts.database.ask(question))

    async def change(self, job: Callable[[Connection], _Result]) -> _Result:
        """Have the database changed."""
        return await asyncio.wrap_future(self.parts.database.change(job))

    def setup(self, request: Request, project: Project) -> Setup:
        """Return the lines with which reports come to a project."""
        known = self.parts.known_by_project.get(project.name, {})
        texts = self.parts.known_tokens if project.id == PROJECT_ID else known
        return setup_view(texts, f"{request.base_url}api/1/")

    def page(self, template: str, request: Request, status: int = 200, **context: Any) -> Response:
        """Fill a template in."""
        text = self.templates.get_template(template).render(
            path=request.url.path, seen=request.state.seen, form_token=self.form_token, **context
        )
        # Half a surrogate pair may have come in a report; it has no bytes.
        content = text.encode("utf-8", "replace")
        return Response(content, status, {**HEADERS, "cache-control": "no-store"}, "text/html; charset=utf-8")

    def problem(self, request: Request, status: int, text: str) -> Response:
        """Say on a page why there is none."""
        return self.page("problem.html", request, status, code=status, text=text, projects=(), project=None)

    async def form(self, request: Request) -> Mapping[str, str]:
        """Read a posted form.

        Raises:
            Refused: 413 when it is too large, 403 when it is none of ours.
        """
        body = await read_body(request.receive, request.headers, _MOST_FORM_BYTES)
        given = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        fields = {name: storable(value) for name, value in given}
        if not is_own_form(request.headers, fields.get("form_token"), self.form_token):
            raise Refused(403, "This form is not one of this server's pages, or the server was started anew: reload it")
        return fields


def new_site(parts: Parts) -> Site:
    """Put a site together; from now on its listeners are told of what is stored and changed."""
    site = Site(parts, _templates(), load_static_files(), Hub(), secrets.token_urlsafe(24), ClosedHours())
    parts.database.on_stored = site.hub.on_stored
    parts.database.on_changed = site.hub.on_changed
    return site


@cache
def _templates() -> Environment:
    # Shared by all servers of a process: compiling them takes longer than starting a server.
    templates = Environment(
        loader=PackageLoader("rollbar_logging.server.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.globals.update(
        item_url=item_url,
        occurrence_url=occurrence_url,
        with_query=with_query,
        chart_width=CHART_WIDTH,
        chart_height=CHART_HEIGHT,
        first_project=PROJECT_ID,
    )
    return templates


def number(text: str | None, default: int) -> int:
    """Read a whole number of a query; what is none is the default."""
    is_number = bool(text) and text is not None and text.isascii() and text.isdecimal()
    return int(text) if is_number and text is not None and len(text) <= _LONGEST_NUMBER else default


def chosen_project(request: Request, projects: list[Project]) -> Project:
    """Return the project that a query names, else the first.

    Raises:
        Refused: 404, when there is none.
    """
    wanted = number(request.query_params.get("project"), 0)
    found = next((each for each in projects if each.id == wanted), projects[0] if projects else None)
    if found is None:
        raise Refused(404, "This server has no project")
    return found


def see_other(url: str) -> Response:
    """Send the browser on, after a form."""
    return RedirectResponse(url, 303, HEADERS)
