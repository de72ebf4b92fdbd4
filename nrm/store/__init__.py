"""What is read, each question with who asks it.

Whether the asker may see something is part of the statement that reads it: what is loaded before it is refused takes
longer than what does not exist, and the time would tell that it exists.
"""
