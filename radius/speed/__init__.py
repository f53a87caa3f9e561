"""Speed tests: how fast a line really was, measured against our own server, beside the speed it is sold with."""
