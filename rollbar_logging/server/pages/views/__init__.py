"""View models: from what is stored to what a template needs. Pure, for any data that could be stored."""
