"""Commands over the API's client, one file each; a thin skin.

Exit status: 0 done; 1 the API or something on the way failed; 2 the command line was not understood; 3 there is no such
thing; 4 the access token may not; 5 nobody could be reached; 6 over the rate limit for too long; 130 interrupted.
"""
