"""The words of the guides (`nrm.web.accounts.guides`), by the places where people work."""
