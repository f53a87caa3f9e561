"""Money received: recorded once, numbered without gaps, credited to who paid or kept in suspense; undo is a mirror."""
