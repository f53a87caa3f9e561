"""Pages of calls: the calls and what waits among them, their files, the numbers, the price lists."""
