"""What must not stand in a note of a house."""

from __future__ import annotations

import pytest

from nrm.domain.shelter.cases import new_pseudonym
from nrm.domain.support.feedback_notes import NoteFault, fault


@pytest.mark.parametrize(
    "text",
    [
        "Complaints are now taken by our new line 069 1234567.",
        "0 6 9 . 1 2 3 . 4 5 6 7",
        "+355-69-123-4567",
        "٠٦٩١٢٣٤٥٦٧",
        "O69 l23 4567",
        "069\u200b1234567",
        "116 006",
        "０６９１２３４５６７",
    ],
)
def test_a_number_that_somebody_could_call_is_found(text: str) -> None:
    assert fault(text) is NoteFault.TELEPHONE


@pytest.mark.parametrize("text", ["https://evil.example/x", "Shkruani te vatra-ankesa.com", "www.x", "Vizitoni a1.ME"])
def test_an_address_of_a_page_is_found(text: str) -> None:
    assert fault(text) is NoteFault.LINK


def test_mail_and_codes_are_found() -> None:
    code = new_pseudonym(bytes(range(32)))
    assert fault("ankesa@vatra.example") is NoteFault.MAIL
    assert fault("ankesa (at) vatra") is NoteFault.MAIL
    assert fault(f"Majlinda Gjata ... {code}") is NoteFault.CODE
    assert fault(f"Majlinda {code.replace('-', ' ').lower()}") is NoteFault.CODE
    assert fault("Paguhet me P-7K4Q-M2TX-9DHR") is NoteFault.CODE


@pytest.mark.parametrize(
    "text",
    [
        "We know where your sister lives, Rruga e Durresit house five in Vlore",
        "rruga e durrësit, shtëpia pesë",
        "Ejani te Rruga Naim Frashëri",
        "në rrugën “Mine Peza”",
        "rr. Fortuzi, pallati i kuq",
        "në rrugë, te numri 12",
        "Bulevardi Zogu I",
        "улица Маршал Тито",
        "ул. Илинден бр. 4",
        "Come to the street behind the market, house 5",
        "12 Elbasan Street",
        "rruga e durrësit",
        "rr. fortuzi",
        "bulevardi zogu i, pallati 7",
        "ул. илинден",
        "Elbasan Street",
        "elbasan street, behind the market",
        "Rruga Myslym Shyri 45",
        "rruga naim frashëri 12",
        "rruga naim frashëri 12 në vlorë",
        "rruga naim frashëri nr. 12",
        "street no. 7",
        "Come to street 12",
        "rruga 12, afër pazarit",
        "бул. Партизански Одреди бр. 15",
        "булевар Партизански Одреди",
        "ulica Goce Delčev 12",
        "ulica goce delcev broj 12",
        "улица гоце делчев 12",
        "на улицата зад пазарот, куќа 5",
        "RRUGA NAIM FRASHËRI 12",
        "RRUGA E DURRËSIT",
        "ul. Ohridska 3",
        "Prisni te rruga “Ismail Qemali”, kati 3",
        "In Rruga e Kavajës they wait for you.",
        "Main Road 7",
        "Rr.Fortuzi",
        "Rruga e Kombit",
        "në rrugë, shtëpia nr. 5",
        "на улица зад паркот, бр. 5",
        "rruga pas shkollës, pallati 4",
    ],
)
def test_a_street_by_its_name_or_with_the_number_of_a_house_is_found(text: str) -> None:
    assert fault(text) is NoteFault.STREET


@pytest.mark.parametrize(
    "text",
    [
        "Drita në rrugë u ndreq. Porta mbyllet në orën 22.",
        "The street is lit now. We meet on 3 rooms’ wish.",
        "Në rrugën para derës ka dritë.",
        "Më 28.11.2026 ndreqëm dritën në 12 dhoma.",
        "Nga 1 dhjetori ora 18:30, çdo ditë.",
        "Kishim 5 ankesa, 3 u zgjidhën. Me kë flisni: me drejtoreshën.",
        "Dush i ri, kati 2, dhomat 14-18",
    ],
)
def test_what_a_house_says_of_what_it_did_passes(text: str) -> None:
    assert fault(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "The street is closed until 5 December: the bus stops at the back door.",
        "The road in front of the house was repaired in 2 weeks.",
        "On the road to school there are now 2 escorts.",
        "Somebody walks with the children down the street at 8 and at 13.",
        "We cleaned the street side windows on 3 floors.",
        "Nobody is on the road alone: call the desk, 2 people go with you.",
        "Street lights: 4 were repaired.",
        "The door to the street closes at 22:00 and opens at 6.",
        "There is a road map of services, step 1 is on the wall.",
        "The road worker repaired the gate in 3 days.",
        "New Road safety lesson for children on Monday.",
        "Safe Road to school: a worker walks with the children.",
        "Main street noise: new windows on the second floor.",
        "Noise from the street: we put in new windows, 6 rooms are done.",
        "The Street side door is locked at night.",
        "No Street shoes in the kitchen, please.",
        "Every Street door has a new lock.",
        "The avenue outside is noisy, so bedrooms 4 and 5 moved.",
        "Cars in the street at night: the police was told on 3 December.",
        "Rruga para shtëpisë u asfaltua, 2 javë punë.",
        "Në rrugë ka dritë nga ora 18.",
        "Dera nga rruga mbyllet në orën 22.",
        "Rruga e shkollës është e sigurt: dy punonjëse i shoqërojnë fëmijët.",
        "Rruga e re e ankesave: kutia në korridor.",
        "Rruga e kthimit të dokumenteve zgjat 10 ditë.",
        "Rruga për te mjeku: ju shoqërojmë ne, çdo të martë.",
        "Në rrugën e fëmijëve për në shkollë ka tani një roje.",
        "Gjatë rrugës së shkollës fëmijët shoqërohen.",
        "Zhurma e rrugës së natës u ul: dritaret u ndërruan.",
        "Rrugën e pastruam bashkë, 3 herë në javë.",
        "Nga rruga dëgjohej zhurmë: ndërruam 5 dritare.",
        "Dritat e rrugës u ndreqën më 5 dhjetor.",
        "Nga rruga. Porta tani ka kyç.",
        "Ju faleminderit për rrugën Që bëmë bashkë.",
        "Rruga Jonë e përbashkët: mbledhje çdo të hënë.",
        "Улицата пред куќата сега има светло од 18 часот.",
        "На улица не излегувајте сами: 2 вработени одат со вас.",
        "Вратата кон улицата се затвора во 22 часот.",
        "Од улицата се слушаше врева: сменивме 6 прозорци.",
        "Светлата на улицата ги поправија за 3 дена.",
        "Ulica je tiha.",
        "улици и паркови: излет секоја сабота во 10.",
        "На булеварот има протест на 5 декември, автобусот доцни.",
        "Има улично светло, 2 нови ламби.",
        "Уличните кучиња: ги пријавивме, 3 пати.",
        "Поправивме 2 тоалети.",
        "Ndreqëm 2 tualete dhe 1 dush.",
        "The bulletin board has the menu for 7 days.",
        "Rregullat: hyrja mbyllet në 22.",
        "Rrugët janë të akullta: ejani me këpucë dimri.",
        "Punëtoria mbahet çdo të hënë, 2 orë.",
        "Kemi rrugë të re për ankesat, 1 kuti në çdo kat.",
        "Dalim në rrugë bashkë në orën 9.",
        "Në rrugë ka akull. Kati 2 ka ngrohje.",
        "Në rrugë ka akull, hyrja 2 është e mbyllur.",
        "Rruga deri te kati 2 ka ashensor.",
        "Zhurma u ul. Dritaret u ndërruan.",
        "Çmimi do të ul. Faleminderit.",
        "rr. 5 ditë zgjat punimi.",
        "The road to Elbasan is closed on Monday.",
        "Noise: all 6 rooms to the street have new windows, 2 wait.",
        "THE STREET IS CLOSED UNTIL 5 DECEMBER",
        "RRUGA ËSHTË E MBYLLUR NGA ORA 22",
        "We asked the municipality for a light in the street: it came in 3 weeks.",
        "The road is icy. Wear boots. House rules: quiet from 22.",
        "On our street there are 2 shops and 1 pharmacy.",
        "A pedestrian crossing was painted on the road; 2 meetings with the municipality.",
        "From the street one could see into room 3: there are curtains now.",
        "Street noise at night: the windows of rooms 1, 2 and 3 were changed.",
        "Monday Road safety with the police.",
        "Our house has a new door to the street.",
        "In the street, house shoes get dirty: leave them inside.",
        "Walk on the road with a vest: 5 vests hang at the door.",
        "Street art workshop on 12 December.",
        "Road to school 10 minutes on foot, with a worker.",
        "The second door opens to the street, number locks were changed.",
        "Nga rruga shihej në dhomën 3: tani ka perde.",
        "Rruga për në shkollë zgjat 10 minuta; ju shoqërojmë.",
        "Rruga e gjatë e dokumenteve: 3 javë pritje, tani 1.",
        "Kthimi në rrugën e mbarë.",
        "Rruga është e rrëshqitshme, kati 1 ka kripë.",
        "Në rrugë mos dilni pa jelek: 5 jelekë te dera.",
        "Zhurma nga rruga: ndërruam dritaret në dhomat 1, 2 dhe 3.",
        "Dera që del në rrugë ka kyç të ri.",
        "Shtëpia ka derë të re nga rruga.",
        "Policia kalon në rrugë 2 herë në natë.",
        "Ora 9: dalim. Rruga e shkurtër, 10 minuta.",
        "Bulevardi është i mbyllur më 5 dhjetor.",
        "Në bulevard ka protestë nesër, autobusi vonohet 20 minuta.",
        "Улицата е мокра. Куќата има нова врата.",
        "Од улицата се гледаше во соба 3: сега има завеси.",
        "Патот до училиште трае 10 минути.",
        "На улицата има 2 продавници и аптека.",
        "Улицата ќе биде затворена до 5 декември.",
        "Излегуваме на улица во 9 часот, сите заедно.",
        "Полицијата поминува низ улицата 2 пати ноќе.",
        "Вратата кон улица има нова брава.",
        "Куќен ред: тишина од 22 часот.",
        "Na ulica ima svetlo od 18 casot.",
        "Ulicata ke bide zatvorena do 5 dekemvri.",
        "Булеварот е затворен во недела.",
        "The Boulevard is closed on Sunday.",
        "Avenue of trees planted by the children: 12 trees.",
        "Broadway evening: film at 20.",
        "No. 5 of your wishes: a light at the street door.",
        "Wish number 5: a light in the street.",
        "Kërkesa nr. 5: dritë në rrugë.",
        "Барање бр. 5: светло на улица.",
        "Dritë në rrugë, kërkesa nr. 5.",
        "Светло на улица, барање бр. 5.",
    ],
)
def test_a_house_may_write_of_its_street_as_long_as_it_names_none(text: str) -> None:
    assert fault(text) is None
