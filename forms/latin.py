"""A name in Latin letters, as a proposal: AnyAscii goes letter by letter, whatever the script (ADR 0060)."""

from __future__ import annotations

import re
import unicodedata

from anyascii import anyascii

_BOTH = re.compile(r"(?P<latin>.+) \((?P<typed>.+)\)", re.DOTALL)
GREEK = (
    "Α Β Γ Δ Ε Ζ Η Θ Ι Κ Λ Μ Ν Ξ Ο Π Ρ Σ Τ Υ Φ Χ Ψ Ω Ά Έ Ή Ί Ό Ύ Ώ",
    "α β γ δ ε ζ η θ ι κ λ μ ν ξ ο π ρ σ ς τ υ φ χ ψ ω ά έ ή ί ό ύ ώ ϊ ϋ ΐ ΰ",
)
# Russian, then what Ukrainian, Serbian and Macedonian have beside it.
CYRILLIC = (
    "А Б В Г Д Е Ё Ж З И Й К Л М Н О П Р С Т У Ф Х Ц Ч Ш Щ Ъ Ы Ь Э Ю Я Ґ Є І Ї Ђ Ј Љ Њ Ћ Џ Ѓ Ѕ Ќ",
    "а б в г д е ё ж з и й к л м н о п р с т у ф х ц ч ш щ ъ ы ь э ю я ґ є і ї ђ ј љ њ ћ џ ѓ ѕ ќ",
)


def proposed(typed: str) -> str | None:
    """The name in Latin letters, None if it is written in them, or if both spellings stand there already."""
    text = unicodedata.normalize("NFC", typed).strip()
    if all(_is_latin(character) for character in text):
        return None
    if (both := _BOTH.fullmatch(text)) and proposed(both["typed"]) == both["latin"]:
        return None
    latin = " ".join(anyascii(text).split())
    return latin if latin and latin != text else None


def with_latin(typed: str) -> str:
    """Both spellings, `Eleni (Ελένη)`; nothing that was typed is lost."""
    latin = proposed(typed)
    return f"{latin} ({typed.strip()})" if latin else typed


def _is_latin(character: str) -> bool:
    if not character.isalpha():
        return True
    return unicodedata.name(character, "").startswith("LATIN") or character in "ªº"
