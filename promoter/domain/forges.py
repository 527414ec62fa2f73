"""The kinds of forges by name; `promoter.forges.kinds` knows what each of them is."""

# Name → the module whose `KIND` says all about it. The first whose host rule fits keeps a
# repository's pulls; else the default does.
FORGES = {"local": "promoter.forges.local_kind", "github": "promoter.forges.github"}
DEFAULT = "github"
