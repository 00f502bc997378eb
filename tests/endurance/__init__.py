"""Long runs that ask for what must never happen; each is a program to run by hand, and in short a test."""
