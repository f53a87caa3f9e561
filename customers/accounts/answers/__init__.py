"""What the forms of a customer ask the server while somebody fills them in; nothing is stored."""
