"""The pages for people who would rather look than read: routes, view models, templates and static files."""
