"""What the account's calls do, on PostgreSQL: the same as on SQLite."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rollbar_logging.server import LocalServer
from tests.server.api import test_access_tokens, test_deploys, test_people, test_people_jobs, test_projects
from tests.server.conftest import Caller


def _all_of_one_person_go(caller: Caller) -> None:
    with pytest.MonkeyPatch.context() as patch:
        test_people_jobs.test_all_of_one_person_go(caller, {"email": "ada@example.com"}, patch)


@pytest.mark.parametrize(
    "check",
    [
        test_access_tokens.test_reading_and_writing_go_together,
        test_deploys.test_texts_are_cut_and_carried,
        test_deploys.test_users_are_looked_up,
        test_people.test_a_team_is_made_filled_and_deleted,
        test_people.test_an_invite_is_canceled_once,
        test_people.test_users_are_found_by_address,
        _all_of_one_person_go,
        test_projects.test_a_deleted_project_is_gone_with_everything,
        test_projects.test_a_name_is_given_once,
        test_projects.test_environments_appear_with_their_occurrences,
    ],
    ids=lambda check: check.__name__.removeprefix("test_").strip("_"),
)
def test_it_is_the_same_there(postgres_url: str, check: Callable[[Caller], None]) -> None:
    """Each database does what the other one does."""
    with LocalServer(database=postgres_url, users={"ada": "Ada@example.com"}) as server:
        caller = Caller(server)
        with caller.session:
            check(caller)
