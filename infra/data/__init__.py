"""Data that ships with the program: `telco`, real customers of a telephone company."""
