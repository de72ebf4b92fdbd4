"""Finding a person again whose name was written by somebody else, without a name at rest.

`people` says what is compared, `normalising` turns spellings into tokens, `encoding` turns tokens into bits under a
key, and `matching` compares bits. Nothing here knows a database, a page or a setting, and nothing keeps a name
(docs/linkage.md, ADR 0128).
"""
