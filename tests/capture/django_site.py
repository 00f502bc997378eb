"""A Django project in one module, with two models in an SQLite database in memory. Importing it sets Django up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import django
from django.conf import settings
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[],
        ROOT_URLCONF=__name__,
        SECRET_KEY="not-a-secret",
        USE_I18N=True,
        USE_TZ=True,
    )
    django.setup()

urlpatterns: list[Any] = []


class Author(models.Model):
    """Who writes."""

    name = models.CharField(max_length=50)

    class Meta:
        """The models are of no installed application."""

        app_label = "library"

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    """What is written; its text asks for the author, which may take a query."""

    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, models.CASCADE)

    class Meta:
        """As above."""

        app_label = "library"

    def __str__(self) -> str:
        return f"{self.title} by {self.author.name}"


def create() -> None:
    """Create the tables with one author and two books, once."""
    if "library_book" in connection.introspection.table_names():
        return
    with connection.schema_editor() as editor:
        editor.create_model(Author)
        editor.create_model(Book)
    author = Author.objects.create(name="Ursula")
    Book.objects.create(title="The Dispossessed", author=author)
    Book.objects.create(title="Lavinia", author=author)


@contextmanager
def no_queries() -> Iterator[None]:
    """See that the block runs no query."""
    with CaptureQueriesContext(connection) as queries:
        yield
    assert queries.captured_queries == []
