"""The customers' own pages: no tables and no rules, only views over the apps below."""
