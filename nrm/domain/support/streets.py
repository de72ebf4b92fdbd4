"""Whether a text tells where a house is: a street by its name, or with the number of a house.

A house may write of its street: of the light in it, of the noise, of the way to school. So a street is found by what
makes it an address, in the languages of the countries: a name, an abbreviation, or a number that a house has. A day, an
hour, and how many there are of something, are no such number. Decided in ADR 0195.
"""

from __future__ import annotations

import re

# Letters of names: a capital one with a small one after it, so that a text in capitals is none of a name.
_NAME = r"[\"“„«'’]?[A-ZÇËŠŽČĆĐЀ-ЯЃЌЅЈЉЊЏ][a-zçëšžčćđа-яѓќѕјљњџѐѝ’']"
_ALBANIAN = r"rrug(?:ë|e|a|ën|en|ës|es)"
_SLAVIC = r"(?:ulic(?:a|ata|i|ite|u|e)|улиц(?:а|ата|и|ите|у|е))"
_BOULEVARD = r"(?:bulevard(?:i|in|it|ot)?|булевар(?:от|и|ите)?|boulevard)"
_ENGLISH = r"(?:street|road|avenue|boulevard)"
_STREET = rf"(?:{_ALBANIAN}|{_SLAVIC}|{_BOULEVARD}|{_ENGLISH})"
_UNITS = (
    r"(?:weeks?|days?|hours?|minutes?|months?|years?|times|people|persons?|metres?|meters|km|m"
    r"|javë|ditë|orë|herë|minuta|muaj|vjet|vite|persona|vetë|metra"
    r"|недел[аи]|ден(?:а|ови)?|час(?:а|от|ови)?|пати|минути|месец[аи]?|години|луѓе|метри"
    r"|nedeli|dena|časa|casa|pati|meseci|godini|lugje|metri)"
)
_DIGITS = rf"\d{{1,4}}(?!\d)(?!\s*{_UNITS}\b)"
_WORDS = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|një|dy|tre|tri|katër|kater|pesë|pese|gjashtë|gjashte|shtatë"
    r"|shtate|tetë|tete|nëntë|nente|dhjetë|dhjete|еден|една|два|две|три|четири|пет|шест|седум|осум|девет|десет)"
)
# The number of a house is called one.
_OF_A_HOUSE = (
    r"\b(?:nr|no|br|бр|numri|numër|number|broj|број|pallat(?:i|in)?|shtëpi(?:a|në)?|shtepi(?:a)?|house|building"
    r"|куќа|куќата|kukja|зграда|зградата|zgrada)"
    rf"\.?\s*(?:nr\.?|no\.?|br\.?|бр\.?)?\s*(?:{_DIGITS}|{_WORDS}\b(?!\s*{_UNITS}\b))"
)
# What a house gives a number to, other than a house.
_COUNTED = (
    r"\b(?:request|wish|complaint|room|rule|page|kërkes|ankes|dhom|rregull|faqe|барањ|поплак|желб|соб|правил"
    r"|baranj|poplak|sob|pravil)"
)
_TOWNS = (
    r"(?:tiran|durr[eë]s|durrs|vlor|elbasan|shkod[eë]?r|kor[cç]|fier|berat|kavaj|dib[eë]?r|lushnj|pogradec|gjirokast"
    r"|kuk[eë]s|barrikad|kosov|sarand|shkup|skop|tetov|gostivar|ohrid|bitol|prilep|kuman|veles|strumi|struga"
    r"|скоп|тетов|гостивар|охрид|битол|прилеп|куманов|велес|струмиц|струшк|штип)"
)
# Words of a sentence that stand beside a street, and in no name of one.
_SENTENCE = (
    r"(?:is|was|were|are|has|have|the|to|at|in|on|of|for|from|by|and|or|with|until|there|here|now|then"
    r"|ka|kemi|kishte|është|eshte|janë|u|në|ne|te|tek|për|per|nga|me|dhe|deri|para|pas|që|qe|ora|orën|oren|kati|hyrja"
    r"|има|имаше|се|е|на|во|од|за|со|и|до|ги|ја|го|пред|сега|ima|imase|imaše|na|vo|od|za|so|do|gi|ja|pred)"
)
_AFTER = r"(?=\s*(?:$|[.,;:!?)\n])|\s+(?:në|ne|te|tek|afër|pranë|in|at|near|next|во|кај|до|vo|kaj)\b)"
_NO_NAME = r"(?:The|This|That|These|Our|Your|My|No|Every|Each|Any|An?|In|On|At|To|From|By|Of|And|Or|Near|Safe|Whole)"
_OTHER_USE = r"(?!\s+(?:safety|maps?|works?|workers?|lights?|lamps?|side|noise|doors?|shoes|to\b))"

_WITH_CAPITALS = (
    # “Rruga Naim Frashëri”, “rruga e Durrësit”, “улица Маршал Тито”, “Bulevardi Zogu I”
    re.compile(rf"\b(?i:{_ALBANIAN})\s+(?:(?:e|i|së|se|të)\s+)?(?!(?:Jonë|Juaj|Tonë|Që|Për|Deri|Nga|Në)\b){_NAME}"),
    re.compile(rf"\b(?i:{_SLAVIC}|{_BOULEVARD})\s+(?!(?:Никој|Сите|Не)\b){_NAME}"),
    # “12 Elbasan Street”, “Elbasan Street”
    re.compile(rf"\d\s+[A-Z]\w+\s+(?i:{_ENGLISH})\b"),
    re.compile(rf"\b(?!{_NO_NAME}\b)[A-ZÇË]\w+\s+(?:Street|Road|Avenue|Boulevard)\b{_OTHER_USE}"),
    re.compile(rf"\b(?!{_NO_NAME}\b)[A-ZÇË]\w+\s+(?:Street|Road|Avenue|Boulevard)\s*(?:,\s*)?\d"),
)
_IN_ANY = tuple(
    re.compile(each, re.IGNORECASE)
    for each in (
        # “rr. Fortuzi”, “ул. Илинден”; “u ul.” says in Albanian that something became less.
        rf"\b(?:rr|bul|blv|ул|бул|(?<!\bu )(?<!të )(?<!te )ul)\.\s?[\"“„«]?(?:[^\W\d_]{{3}}|{_DIGITS})",
        rf"\b{_ALBANIAN}\s+(?:e|i|së|se|të)\s+{_TOWNS}",
        rf"\b{_SLAVIC}\s+{_TOWNS}",
        rf"\b{_TOWNS}\w*\s+{_ENGLISH}\b",
        rf"\b{_STREET}\b(?:(?!{_COUNTED})[^\n.;!?]){{0,40}}?{_OF_A_HOUSE}",
        rf"\b{_STREET}\s+{_DIGITS}",
        rf"\b{_STREET}\s+(?:(?!{_SENTENCE}\b)[^\W\d_]+\s+){{1,3}}{_DIGITS}{_AFTER}",
    )
)


def names_street(text: str) -> bool:
    """Whether a street stands in the text by its name, or with the number of a house."""
    return any(each.search(text) for each in (*_WITH_CAPITALS, *_IN_ANY))
