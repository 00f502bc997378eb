"""Faults of servers, networks and machines: what is accepted is accounted for, and arrives when they are over."""
