"""Types of other libraries that are read in a way of their own, by the names of their classes.

A class counts wherever it stands among a type's bases, unless said otherwise. Names, so that nothing is imported
to recognise a type, and an application that does not use a library pays nothing for it.
"""

from __future__ import annotations

QUERYSETS = frozenset({"django.db.models.query.QuerySet"})

LAZY = frozenset(
    {
        "_wrappers.ObjectProxy",  # wrapt
        "builtins.ObjectProxy",  # wrapt, older
        "builtins.Proxy",  # lazy_object_proxy
        "celery.local.Proxy",
        "django.core.paginator.Page",
        "django.db.models.expressions.BaseExpression",
        "django.db.models.query.RawQuerySet",
        "django.forms.formsets.BaseFormSet",
        "django.utils.functional.LazyObject",
        "django.utils.functional.Promise",
        "lazy_object_proxy.cext.Proxy",
        "lazy_object_proxy.simple.Proxy",
        "lazy_object_proxy.slots.Proxy",
        "mongoengine.queryset.base.BaseQuerySet",
        "peewee.BaseQuery",
        "pymongo.cursor.Cursor",
        "pymongo.synchronous.cursor.Cursor",
        "sqlalchemy.ext.associationproxy._AssociationCollection",
        "sqlalchemy.orm.query.Query",
        "tortoise.queryset.AwaitableQuery",
        "werkzeug.local.LocalProxy",
        "wrapt.ObjectProxy",
        "wrapt.wrappers.ObjectProxy",
    }
)
"""What may run a query, or somebody's function, when it is asked for anything, its ``repr`` included."""

HOLDERS = frozenset(
    {
        "argparse.Namespace",
        "collections.ChainMap",
        "collections.UserDict",
        "collections.UserList",
        "django.db.models.base.Model",
        "django.template.context.BaseContext",
        "django.utils.tree.Node",
        "jinja2.runtime.Context",
        "types.SimpleNamespace",
    }
)
"""What is read by the attributes it has: its ``repr`` would be made of the ``repr`` of whatever it holds."""

FUTURES = frozenset({"_asyncio.Future", "asyncio.futures.Future"})
"""What shows its result in its ``repr`` once there is one."""

CALLS = frozenset({"asyncio.events.Handle", "uvloop.loop.Handle", "uvloop.loop.TimerHandle"})
"""What shows the arguments of a call in its ``repr``."""

ROWS = frozenset({"sqlalchemy.engine.row.Row"})
"""Rows of a result, which may hold mapped objects."""

ARRAYS = frozenset({"numpy", "pandas", "polars", "torch", "jax", "jaxlib", "tensorflow", "xarray", "dask", "scipy"})
"""Packages whose objects are described by shape and kind; of these the first part of the module's name."""

EXACT_TEXT = frozenset(
    {
        "datetime.date",
        "datetime.datetime",
        "datetime.time",
        "decimal.Decimal",
        "fractions.Fraction",
        "ipaddress.IPv4Address",
        "ipaddress.IPv6Address",
        "pandas.Timedelta",
        "pandas.Timestamp",
        "pandas._libs.tslibs.timedeltas.Timedelta",
        "pandas._libs.tslibs.timestamps.Timestamp",
        "pathlib.PosixPath",
        "pathlib.PurePosixPath",
        "pathlib.PureWindowsPath",
        "pathlib.WindowsPath",
        "pathlib._local.PosixPath",
        "pathlib._local.PurePosixPath",
        "pathlib._local.PureWindowsPath",
        "pathlib._local.WindowsPath",
        "uuid.UUID",
    }
)
"""What ``str`` says all about; exactly these types, since a subclass may have another ``__str__``."""
