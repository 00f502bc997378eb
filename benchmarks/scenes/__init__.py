"""One file per scene; each has a function of a `crew.Field` that returns a `figures.Result`."""
