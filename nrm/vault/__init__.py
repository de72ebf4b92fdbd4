"""The only door between sealed columns and values, and the only importer of `nrm.crypto`.

`members`: passwords, the keys of members, sessions. `keyrings`: the keys of organisations. `marks`: what was made here.
`compartments`: sealing, opening, granting, new epochs. `shredding`: the second database. `signing`: the server's own
key. Only actions call these.
"""
