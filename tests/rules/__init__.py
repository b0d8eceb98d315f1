"""The whole program held against the rules, theme by theme, as an operator would see it."""
