"""What a command needs in its place before it begins: key files, folders, settings that have a name."""
