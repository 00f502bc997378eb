"""RQL, Rollbar's query language: SQL's SELECT over occurrences and deploys."""
