"""The only code that seals and opens values of sealed columns, and the only importer of `nrm.crypto`.

`members`: passwords, the keys of members, sessions. `keyrings`: the keys of organisations. `marks`: the MACs of rows.
`compartments`: sealing and opening; with `grants`, `sharing`, `epochs`, `care_notes` and `blobs`. `rewrapping`: moving
grants to a new keyring. `shredding`: the second database. `signing`: the server's own key. Actions and
steps call these; the store asks only whether a row is genuine.
"""
