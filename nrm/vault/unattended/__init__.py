"""What the program opens without a person: nobody holds a grant to it (ADR 0057, ADR 0158)."""
