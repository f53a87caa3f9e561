"""Which customer is meant, asked before a page that is about one."""
