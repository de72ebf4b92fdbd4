"""Made-up people who are written down twice, by officers of different countries: what matching has to live with.

Nobody here is real. A name is taken in the spelling of its own country, turned into sounds by that country's rules, and
written again by an officer as his language writes sounds: or copied from a paper, in Greek or Cyrillic letters, or from
the machine-readable zone of a passport. Then what people do with names and dates: short forms, a husband's name, names
swapped, one of two names left out, a slip of the pen, a date of 1 January, a false date, an age. The rules here are
written from how the languages spell, and share nothing with nrm/linkage.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, replace

from nrm.linkage.people import Person

# Sounds: a e i o u, @ (e of Shqipëri), y (u of fytyrë), consonants as in Italian or English, and
# S sh, Z zh, C ch as in check, D j as in jam, c ts, X dz, Q Albanian q, G Albanian gj, T th, W dh, N ny, L ly.


@dataclass(frozen=True)
class Nation:
    """Names of one country, in its spelling, the more frequent first."""

    code: str
    weight: int
    women: list[str]
    men: list[str]
    families: list[str]
    places: list[str]
    short: dict[str, list[str]]


def _short(text: str) -> dict[str, list[str]]:
    return {name: forms.split(",") for name, _, forms in (entry.partition("=") for entry in text.split())}


NATIONS = [
    Nation(
        "AL",
        52,
        """Maria Ana Elena Fatime Drita Mimoza Vjollca Lindita Teuta Shpresa Valbona Arta Blerta Elira Ermira Besa
        Majlinda Manjola Marsela Klea Ajla Amela Xhensila Xhuliana Sidorela Denisa Anxhela Enxhi Ina Jonida Albana
        Alketa Aurora Bukurie Dhurata Entela Esmeralda Eva Flutura Gentiana Hatixhe Ilirjana Kaltrina Kristina Ledina
        Liri Luljeta Merita Mirela Nertila Olta Pranvera Qamile Rudina Sabrije Suela Tatjana Valentina Vera Xhevahire
        Yllka Zamira Zana Gjyste Dafina Rozafa Shqipe Zenepe Fatbardha Erjona""".split(),
        """Arben Agim Ilir Besnik Fatmir Gjergj Bujar Petrit Dritan Ardian Luan Astrit Altin Edmond Genc Gëzim Kujtim
        Shkëlqim Xhevdet Hysen Mehmet Qemal Ramadan Selim Skënder Sokol Spartak Ylli Zef Ndue Pjetër Gjon Lekë
        Xhafer""".split(),
        """Hoxha Shehu Prifti Dervishi Gjoka Leka Marku Kola Çela Hysa Muça Basha Bajrami Kaçi Xhafa Xhaferi Çelaj
        Gjonaj Nikolla Dhima Kuqi Lleshi Qosja Zeneli Rama Hasani Halili Krasniqi Berisha Gashi Morina Shala Thaçi
        Bytyqi Kelmendi Osmani Ahmeti Ymeri Sulejmani Gjini Deda Ndreca Preçi Çuni Vuka Brahimi Tafa Cara Duka Dervishaj
        Hajdari Haxhiu Hyseni Islami Jakupi Kadriu Kastrati Koçi Kryeziu Lamaj Limani Mehmeti Memeti Meta Mustafa Myftari
        Ndoja Nika Pacolli Paloka Pashaj Peçi Përgjegji Qemali Rexhepi Rexha Sadiku Selimi Shabani Sinani Sejdiu Spahiu
        Stafa Tahiri Topalli Toska Tusha Ujkaj Veliu Visha Vokshi Xhemaili Xhelili Zajmi Zeka Zogaj Zogu Gjata Çeku
        Bushati Bejko Balla Bardhi Cenaj Çobani Dashi Doçi Elezi Ferhati Gega Gjeçi Hila Ibra Jaku Kapaj Kodra Lika
        Malaj Mëhilli Nushi Ogreni Plaku Qirjazi Ruçi Sula Shkurti Tota Ulqini Vathi Xhixha Ylli Zhupa""".split(),
        """Tiranë Durrës Vlorë Shkodër Elbasan Fier Korçë Berat Lushnjë Pogradec Kavajë Gjirokastër Lezhë Kukës Krujë
        Sarandë Peshkopi Burrel Prishtinë Prizren Pejë Gjakovë""".split(),
        _short(
            "Fatime=Time Drita=Ditka Mimoza=Moza Vjollca=Vjoca Lindita=Dita Valbona=Bona Ermira=Mira Majlinda=Linda"
            " Manjola=Jola Xhensila=Xhensi Sidorela=Sidi Anxhela=Anxhi Jonida=Joni Bukurie=Bukja Esmeralda=Esmi"
            " Gentiana=Genta Hatixhe=Hatka Ilirjana=Jana Luljeta=Lule Mirela=Mira Nertila=Tila Pranvera=Vera"
            " Tatjana=Tana Valentina=Tina Kristina=Tina Elena=Leno Maria=Mara Zenepe=Nepja Fatbardha=Bardha"
        ),
    ),
    Nation(
        "GR",
        7,
        """Μαρία Ελένη Αικατερίνη Βασιλική Σοφία Αγγελική Γεωργία Δήμητρα Κωνσταντίνα Παρασκευή Ευαγγελία Άννα Ιωάννα
        Αναστασία Χριστίνα Παναγιώτα Ευγενία Θεοδώρα Ευτυχία Χαρίκλεια Φωτεινή Στυλιανή Αθανασία Ουρανία Ζωή Δέσποινα
        Ευφροσύνη Σταυρούλα Σπυριδούλα Τριανταφυλλιά""".split(),
        """Γεώργιος Δημήτριος Κωνσταντίνος Ιωάννης Νικόλαος Χρήστος Παναγιώτης Βασίλειος Αθανάσιος Ευάγγελος Μιχαήλ
        Εμμανουήλ Ηλίας Σπυρίδων Αντώνιος Στυλιανός""".split(),
        """Παπαδοπούλου Γεωργίου Δημητρίου Νικολάου Ιωάννου Βασιλείου Αγγελοπούλου Μιχαηλίδου Παππά Καραγιάννη
        Οικονόμου Κωνσταντινίδου Αντωνίου Μακρή Τζαβέλλα Μπότσαρη Ντάλα Γκίκα Χατζή Τσακίρη Μπακογιάννη Ευαγγέλου
        Αλεξίου Τσιτσάνη Γαβρά Σταύρου Θεοδωρίδου Αυγερινού""".split(),
        "Αθήνα Θεσσαλονίκη Πάτρα Ιωάννινα Λάρισα Βόλος Ηράκλειο Καβάλα Κέρκυρα Φλώρινα".split(),
        _short(
            "Ελένη=Λένα,Λενιώ Αικατερίνη=Κατερίνα,Καίτη Βασιλική=Βάσω,Βίκυ Αγγελική=Κική Γεωργία=Γωγώ Δήμητρα=Μιμή"
            " Κωνσταντίνα=Ντίνα Παρασκευή=Βούλα Ευαγγελία=Λίτσα Αναστασία=Τασούλα,Νατάσα Παναγιώτα=Γιώτα Θεοδώρα=Δώρα"
            " Αθανασία=Νάσια,Σούλα Δέσποινα=Ντέπη Γεώργιος=Γιώργος Δημήτριος=Δημήτρης,Μήτσος Κωνσταντίνος=Κώστας,Ντίνος"
            " Ιωάννης=Γιάννης Αθανάσιος=Θανάσης,Νάσος Ευάγγελος=Βαγγέλης Εμμανουήλ=Μανώλης Νικόλαος=Νίκος"
        ),
    ),
    Nation(
        "RS",
        9,
        """Jelena Marija Milica Ivana Ana Jovana Dragana Snežana Svetlana Vesna Ljiljana Gordana Biljana Slađana Željka
        Danijela Katarina Nataša Sanja Tijana Teodora Anđela Đurđa Živana Ružica Ljubica Mirjana Nevena Senada Fatima
        Džemila Šejla""".split(),
        "Dragan Milan Zoran Goran Slobodan Miroslav Đorđe Željko Branislav Nenad Džemal Vuk Jovan Ljubiša".split(),
        """Jovanović Petrović Nikolić Marković Đorđević Stojanović Ilić Stanković Pavlović Milošević Živković
        Janković Kovačević Radovanović Šarić Čolić Džafić Hadžić Vučić Mitrović Ćirić Žunić Ljubić Njegoš Bajramović
        Saliji Demirović Memišević Osmanović Šabanović""".split(),
        "Beograd Niš Kragujevac Čačak Šabac Vranje Preševo Subotica Užice Požarevac".split(),
        _short(
            "Jelena=Jeca,Jela Marija=Maja Milica=Mica Jovana=Joka Dragana=Gaga Snežana=Sneža Ljiljana=Ljilja"
            " Gordana=Goca Biljana=Bilja Slađana=Slađa Katarina=Kaća Nataša=Nata Mirjana=Mira Danijela=Dana"
        ),
    ),
    Nation(
        "RO",
        11,
        """Maria Elena Ana Ioana Andreea Mihaela Cristina Alexandra Daniela Gabriela Georgiana Florentina Ștefania
        Nicoleta Simona Mădălina Lăcrămioara Crenguța Luminița Anișoara Vasilica Gheorghița Ileana Loredana Roxana
        Viorica Mirabela Ecaterina Tatiana Natalia""".split(),
        "Ion Gheorghe Vasile Constantin Ștefan Marian Mihai Nicolae Florin Ionuț Cătălin Răzvan Dumitru".split(),
        """Popa Popescu Ionescu Ștefănescu Dumitru Stan Stoica Gheorghe Rusu Munteanu Matei Constantinescu Șerban
        Ciobanu Lăcătuș Țurcanu Bălan Câmpeanu Mureșan Enache Chiriac Gheorghiu Cojocaru Ceaușu Văduva Căldăraru
        Rostaș Mihăilescu Grigorescu Țepeș""".split(),
        "București Iași Cluj Craiova Constanța Galați Brașov Pitești Chișinău Bălți Botoșani Țăndărei".split(),
        _short(
            "Elena=Lenuța Maria=Maricica Ioana=Oana Mihaela=Miha Alexandra=Sanda Daniela=Dana Gabriela=Gabi"
            " Georgiana=Geo Ștefania=Fănica Nicoleta=Nico Mădălina=Mădă Ecaterina=Catinca Natalia=Nata Luminița=Lumi"
        ),
    ),
    Nation(
        "RU",
        7,
        """Анна Мария Елена Ольга Наталья Екатерина Татьяна Ирина Светлана Юлия Анастасия Дарья Ксения Оксана Людмила
        Галина Евгения Вероника Алёна Жанна Яна Зинаида Щукина Надежда Любовь""".split(),
        "Александр Сергей Дмитрий Андрей Алексей Михаил Евгений Юрий Николай Василий Фёдор Григорий".split(),
        """Иванова Смирнова Кузнецова Попова Васильева Петрова Соколова Михайлова Новикова Фёдорова Морозова Волкова
        Алексеева Лебедева Семёнова Егорова Павлова Козлова Степанова Шевченко Бондаренко Ткаченко Коваленко Хоменко
        Журавлёва Щербакова Яковлева Чернышева Цветкова Юрченко""".split(),
        "Москва Киев Харьков Одесса Минск Кишинёв Львов Тирасполь Воронеж Ростов".split(),
        _short(
            "Анна=Аня Мария=Маша Елена=Лена Ольга=Оля Наталья=Наташа Екатерина=Катя Татьяна=Таня Ирина=Ира"
            " Светлана=Света Юлия=Юля Анастасия=Настя Дарья=Даша Ксения=Ксюша Людмила=Люда Галина=Галя Евгения=Женя"
            " Вероника=Ника Надежда=Надя Любовь=Люба"
        ),
    ),
    Nation(
        "BD",
        7,
        """Fatema Ayesha Rahima Nasrin Shirin Taslima Salma Rokeya Jahanara Hasina Khadija Sumaiya Moriom Jesmin Sharmin
        Shahnaz Rabeya Ruksana Farzana Tahmina""".split(),
        """Mohammad Abdul Rahim Karim Jahangir Shahidul Rafiqul Nazrul Mizanur Habibur Jamal Kamal Sohel Rubel Shamim
        Anwar Monir Faruk""".split(),
        """Begum Khatun Akter Islam Rahman Hossain Ahmed Uddin Khan Chowdhury Miah Sarkar Haque Alam Sultana Talukdar
        Bhuiyan Sheikh Mondal Biswas""".split(),
        "Dhaka Chittagong Sylhet Khulna Rajshahi Comilla Jessore Barisal".split(),
        _short("Fatema=Fatu Rahima=Rahi Taslima=Lima Sumaiya=Suma Jahanara=Jahan Shahnaz=Naz Mohammad=Md Farzana=Farza"),
    ),
    Nation(
        "PH",
        7,
        """Maria Ana Jennifer Mary-Grace Michelle Rosalie Jocelyn Maricel Marites Lourdes Cristina Teresita Josefina
        Angelica Princess Jasmine Rowena Evangeline Corazon Luzviminda""".split(),
        "Jose Juan Antonio Mark Ramon Eduardo Fernando Ricardo Roberto Danilo Rodrigo Reynaldo".split(),
        """Santos Reyes Cruz Bautista Ocampo Garcia Mendoza Torres Castillo Villanueva Dela-Cruz Ramos Gonzales Aquino
        Fernandez Dimaculangan Macapagal Magbanua Pangilinan Panganiban Catacutan Salazar Peña Quiñones
        Jimenez""".split(),
        "Manila Cebu Davao Quezon Iloilo Batangas Zamboanga Baguio".split(),
        _short(
            "Maria=Mia Jennifer=Jen Mary-Grace=Grace Michelle=Mitch Rosalie=Rose Jocelyn=Joy Marites=Tess"
            " Lourdes=Lulu Cristina=Tina Teresita=Tess Josefina=Josie Angelica=Angie Corazon=Cora Luzviminda=Luz"
        ),
    ),
]

_SPELLED = {  # longest first: letters of a country's own spelling, and their sounds
    "AL": "sh=S zh=Z xh=D gj=G th=T dh=W nj=N ll=l rr=r ç=C q=Q x=X ë=@ y=y c=c",
    "RS": "dž=D lj=L nj=N š=S ž=Z č=C ć=C đ=D c=c",
    "RO": (
        "ghe=ge ghi=gi che=ke chi=ki cea=Ca cia=Ca cio=Co ciu=Cu ce=Ce ci=Ci gea=Da gia=Da gio=Do giu=Du ge=De gi=Di"
        " ș=S ț=c j=Z ă=@ â=y î=y x=ks c=k"
    ),
    "RU": (
        "щ=SC ж=Z ш=S ч=C ц=c х=h ю=ju я=ja ё=jo е=e э=e ы=y й=j ъ= ь= а=a б=b в=v г=g д=d з=z и=i к=k л=l м=m н=n"
        " о=o п=p р=r с=s т=t у=u ф=f"
    ),
    "GR": (
        "γγ=ng γκ=g μπ=b ντ=d τζ=X τσ=c ου=u αι=e ει=i οι=i αυγ=avg ευα=eva ευγ=evg αυ=af ευ=ef γι=j γε=je α=a β=v γ=g"
        " δ=W ε=e ζ=z η=i θ=T ι=i κ=k λ=l μ=m ν=n ξ=ks ο=o π=p ρ=r σ=s ς=s τ=t υ=i φ=f χ=h ψ=ps ω=o"
    ),
    "BD": "chow=Cou sh=S ch=C kh=k bh=b dh=d ph=f j=D y=j w=u q=k oo=u ee=i",
    "PH": "que=ke qui=ki ll=L ñ=N ch=C ce=se ci=si ge=he gi=hi j=h z=s c=k q=k y=i mary=meri grace=gres",
}
_RULES = {
    code: [(old, new) for old, _, new in (rule.partition("=") for rule in text.split())]
    for code, text in _SPELLED.items()
}


def _bare(word: str) -> str:
    """Without accents, in small letters."""
    return "".join(each for each in unicodedata.normalize("NFD", word.casefold()) if not unicodedata.combining(each))


def sounds(word: str, code: str) -> str:
    """What a word sounds like, by the rules of its country."""
    rest = _bare(word) if code in ("GR",) else word.casefold()
    rest, said = rest.replace("-", " "), ""
    while rest:
        for old, new in _RULES[code]:
            if rest.startswith(old):
                said, rest = said + new, rest[len(old) :]
                break
        else:
            said, rest = said + rest[0], rest[1:]
    return said


# How an officer writes each sound: alternatives with `/`; `_` is nothing. What is not named is written as it is.
_WRITES = {
    "sq": "S=sh Z=zh C=ç D=xh c=c X=x Q=q G=gj T=th W=dh N=nj L=lj @=ë/e y=y w=u h=h",
    "it": (
        "Se=sce Si=sci S=sci/sh/s Z=g/z/zh Ce=ce Ci=ci C=ci/ch/c De=ge Di=gi D=gi/g/dj ke=che/ke ki=chi/ki k=c/k/c Qe=che/ce"
        " Qi=chi/ci/qi Q=chi/k/q ge=ghe ga=ga Ge=ge Gi=gi G=gi/gj/g c=z/ts/c X=z/dz T=t/th W=d/dh N=gn/n/ni L=gli/li/l"
        " j=i/j @=e/_ y=u/y/i h=h/h/_ z=z/s v=v"
    ),
    "el": (
        "ks=ξ ps=ψ ng=νγκ av=αβ S=σ Z=ζ C=τσ D=τζ c=τσ X=τζ Q=κ/τσ G=γκ/τζ T=θ/τ W=δ/ντ N=νι L=λι ja=για/ια jo=γιο/ιο ju=γιου/ιου"
        " je=γιε/ιε j=ι b=μπ d=ντ g=γκ/γ a=α e=ε i=ι/ι/η o=ο u=ου @=ε/α y=ι/ου f=φ h=χ k=κ l=λ m=μ n=ν p=π r=ρ s=σ t=τ v=β"
        " z=ζ w=ου q=κ"
    ),
    "sr": (
        "S=š/š/s Z=ž/z C=č/ć/c D=dž/đ/dz c=c X=dz Q=ć/k/č G=đ/g T=t W=d N=nj/n L=lj/l @=e/a/_ y=i/u w=v"
    ),
    "ro": (
        "S=ș/s/ș Z=j Ce=ce Ci=ci C=ci/c De=ge Di=gi D=gi/g ke=che ki=chi k=c/c/k Qe=che Qi=chi/ci Q=chi/c/q ge=ghe gi=ghi"
        " G=ghi/gi/g c=ț/t X=z/dz T=t W=d N=ni/n L=li/l j=i @=ă/e y=i/â w=u"
    ),
    "en": (
        "S=sh Z=zh/z/j C=ch D=j/dj c=ts/c X=dz/z/x Q=q/k/ch G=gj/g/j T=th W=dh/d/th N=n/ny L=l/ly j=y/i/j @=e/a y=u/y/i"
        " k=k/k/c u=u/u/u/ou i=i/i/i/ee/y h=h/h/kh w=w"
    ),
}
_PEN = {
    code: [(old, new.replace("_", "").split("/")) for old, _, new in (rule.partition("=") for rule in text.split())]
    for code, text in _WRITES.items()
}
_OFFICERS = ["sq", "sq", "sq", "el", "el", "it", "it", "sr", "ro", "en"]
_SERBIAN = "dž=џ lj=љ nj=њ š=ш ž=ж č=ч ć=ћ đ=ђ c=ц a=а b=б v=в g=г d=д e=е z=з i=и j=ј k=к l=л m=м n=н o=о p=п r=р s=с t=т u=у f=ф h=х"
_TO_CYRILLIC = [tuple(rule.split("=")) for rule in _SERBIAN.split()]
_ICAO = {
    **dict(zip("абвгдезиклмнопрстуфыэйі", "ABVGDEZIKLMNOPRSTUFYEII", strict=True)),
    **{"ж": "ZH", "х": "KH", "ц": "TS", "ч": "CH", "ш": "SH", "щ": "SHCH", "ю": "IU", "я": "IA", "ё": "E", "ь": "", "ъ": "IE"},
    **{"đ": "D", "ș": "S", "ț": "T", "ł": "L", "ñ": "N"},
}
_ELOT = (
    "^μπ=b ^ντ=nt γγ=ng γκ=gk γχ=nch ου=ou αυγ=avg αυ=af ευα=eva ευγ=evg ευτ=eft ευ=ef α=a β=v γ=g δ=d ε=e ζ=z η=i θ=th ι=i κ=k λ=l"
    " μ=m ν=n ξ=x ο=o π=p ρ=r σ=s ς=s τ=t υ=y φ=f χ=ch ψ=ps ω=o"
)
_TO_LATIN = [tuple(rule.split("=")) for rule in _ELOT.split()]


def _written(rules: list[tuple[str, list[str]]], said: str, chance: random.Random) -> str:
    done = ""
    while said:
        for old, ways in rules:
            if said.startswith(old):
                done, said = done + chance.choice(ways), said[len(old) :]
                break
        else:
            done, said = done + said[0], said[1:]
    return done


def heard(word: str, code: str, officer: str, chance: random.Random) -> str:
    """What an officer writes who hears the word; a Serbian one at times in Cyrillic."""
    text = _written(_PEN[officer], sounds(word, code), chance)
    if officer == "sr" and chance.random() < 0.4:
        for old, new in _TO_CYRILLIC:
            text = text.replace(old, new)
    return text.title()


def romanised(word: str) -> str:
    """Greek letters as passports of Greece write them in Latin ones."""
    text, rest = "", _bare(word)
    while rest:
        for old, new in _TO_LATIN:
            plain = old.lstrip("^")
            if rest.startswith(plain) and (old == plain or not text):
                text, rest = text + new, rest[len(plain) :]
                break
        else:
            text, rest = text + rest[0], rest[1:]
    return text


def machine_readable(word: str) -> str:
    """As the machine-readable zone has it (ICAO 9303): Latin capitals without marks."""
    if any("\u0370" <= letter <= "\u03ff" for letter in _bare(word)):
        word = romanised(word)
    text = "".join(_ICAO.get(letter, letter) for letter in word.casefold())
    return _bare(text).upper().replace("-", " ")


def _slip(word: str, chance: random.Random) -> str:
    """One slip of the pen."""
    if len(word) < 3:
        return word
    at = chance.randrange(1, len(word) - 1)
    return chance.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :],
            word[:at] + chance.choice("aeioulnrst") + word[at + 1 :],
        ]
    )


@dataclass(frozen=True)
class _Truth:
    nation: Nation
    woman: bool
    given: str
    family: str
    married: str
    father: str
    place: str
    year: int
    month: int
    day: int


def _drawn(names: list[str], chance: random.Random) -> str:
    """One of the names; the first ones are some times as frequent as the last."""
    return chance.choices(names, weights=[1 / (place + 8) for place in range(len(names))])[0]


def _truth(chance: random.Random) -> _Truth:
    nation = chance.choices(NATIONS, weights=[each.weight for each in NATIONS])[0]
    woman = chance.random() < 0.8
    given = _drawn(nation.women if woman else nation.men, chance)
    if chance.random() < 0.08:
        given += " " + _drawn(nation.women if woman else nation.men, chance)
    return _Truth(
        nation,
        woman,
        given,
        _drawn(nation.families, chance),
        _drawn(nation.families, chance),
        _drawn(nation.men, chance),
        _drawn(nation.places, chance),
        chance.choices(range(1970, 2014), weights=[1 + max(0, year - 1985) for year in range(1970, 2014)])[0],
        chance.randint(1, 12),
        chance.randint(1, 28),
    )


def _record(of: _Truth, chance: random.Random) -> Person:
    """One person as one officer wrote her down."""
    officer = chance.choice(_OFFICERS)
    way = chance.choices(["heard", "own", "machine"], weights=[46, 30, 24])[0]

    def write(words: str) -> str:
        done = []
        for word in words.split():
            if way == "heard":
                text = heard(word, of.nation.code, officer, chance)
            elif way == "machine":
                text = machine_readable(word)
            elif of.nation.code == "GR":
                text = word if officer == "el" else romanised(word).title()
            elif of.nation.code == "RU":
                text = word if officer == "sr" else machine_readable(word).title()
            elif officer == "sq" or chance.random() < 0.4:
                text = word
            else:
                text = _bare(word).title()
            done.append(_slip(text, chance) if chance.random() < 0.07 else text)
        return " ".join(done)

    given, family = of.given, of.family
    if way != "machine" and chance.random() < 0.09:
        given = " ".join(chance.choice(of.nation.short.get(word, [word])) for word in given.split())
    if " " in given and chance.random() < 0.4:
        given = given.split()[0]
    if of.woman and of.year < 2006 and chance.random() < 0.07:
        family = chance.choice([of.married, f"{of.family} {of.married}"])
    given, family = write(given), write(family)
    if chance.random() < 0.04:
        given, family = family, given
    return Person(
        given,
        family,
        write(of.father) if chance.random() < 0.5 else "",
        write(of.place) if chance.random() < 0.45 else "",
        _birth(of, chance),
        "feminine" if of.woman else "masculine",
        of.nation.code if chance.random() < 0.97 else "",
    )


def _birth(of: _Truth, chance: random.Random) -> str:
    year, month, day = of.year, of.month, of.day
    kind = chance.choices(
        ["right", "swapped", "slip", "neighbour", "older", "false", "first", "month", "age", "none"],
        weights=[69, 3, 4, 4, 3, 3, 6, 2, 4, 2],
    )[0]
    if kind == "swapped" and day <= 12:
        month, day = day, month
    elif kind == "slip":
        which = chance.choice(["year", "month", "day"])
        if which == "year":
            year = year // 10 * 10 + chance.randint(0, 9)
        month = chance.randint(1, 12) if which == "month" else month
        day = chance.randint(1, 28) if which == "day" else day
    elif kind == "neighbour":
        year += chance.choice([-1, 1])
    elif kind == "older":  # a child who was told to be of age
        year -= chance.randint(2, 5)
    elif kind == "false":
        year, month, day = year + chance.randint(-4, 4), chance.randint(1, 12), chance.randint(1, 28)
    elif kind == "first":
        month, day = 1, 1
    elif kind == "month":
        return f"{year}-{month:02}"
    elif kind == "age":
        return f"{2026 - year - chance.choice([0, 1])}@2026"
    elif kind == "none":
        return ""
    return f"{year:04}-{month:02}-{day:02}"


def twice(number: int, arriving: int, seed: int) -> tuple[list[Person], list[Person], list[tuple[int, int]]]:
    """So many people who are known, some of them written down a second time, and who is who.

    Besides, half as many again arrive who are not known. The same seed gives the same people.
    """
    chance = random.Random(seed)
    people = [_truth(chance) for _ in range(number)]
    known = [_record(each, chance) for each in people]
    again = chance.sample(range(number), arriving)
    second = [_record(people[each], chance) for each in again]
    new = [_record(_truth(chance), chance) for _ in range(arriving // 2)]
    return known, second + new, [(one, place) for place, one in enumerate(again)]


def without(person: Person, *fields: str) -> Person:
    """The person with these fields empty."""
    return replace(person, **dict.fromkeys(fields, ""))
