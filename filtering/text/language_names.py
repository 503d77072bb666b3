"""Human languages by the names that dumps have for them: codes, codes with a script, English names.

The codes are those of ISO 639: of two letters, of three where there are none of two. The table has
the languages with a code of two letters, and the codes that dumps use for their largest member (``cmn``,
``arb``).
"""

import re
from functools import cache, lru_cache

LANGUAGE_COLUMNS = ("lang", "language", "programming_language")
"""Names under which dumps give the language of a document. Of code: ``lang`` in The Stack and CommitPack,
``language`` in The Stack v2, Stack-Edu, CodeParrot's github-code and CodeSearchNet, ``programming_language``
elsewhere."""
CODE = re.compile(r"([a-z]{2,3})([-_][a-z0-9]{1,8})*")
"""Of small letters: ``en``, ``deu``, ``zh-hant``, ``eng_latn``."""
NO_LANGUAGE = ("mis", "mul", "und", "unk", "zxx")
"""Codes of three letters that say that there is none, several, or that it is not known."""

TABLE = """
aa aar | Afar
ab abk | Abkhazian
ae ave | Avestan
af afr | Afrikaans
ak aka | Akan
am amh | Amharic
an arg | Aragonese
ar ara arb | Arabic
as asm | Assamese
av ava | Avaric
ay aym ayr | Aymara
az aze azj | Azerbaijani
ba bak | Bashkir
be bel | Belarusian
bg bul | Bulgarian
bi bis | Bislama
bm bam | Bambara
bn ben | Bengali
bo bod tib | Tibetan
br bre | Breton
bs bos | Bosnian
ca cat | Catalan
ce che | Chechen
ch cha | Chamorro
co cos | Corsican
cr cre | Cree
cs ces cze | Czech
cu chu | Church Slavic
cv chv | Chuvash
cy cym wel | Welsh
da dan | Danish
de deu ger | German
dv div | Dhivehi
dz dzo | Dzongkha
ee ewe | Ewe
el ell gre | Greek | Modern Greek
en eng | English
eo epo | Esperanto
es spa | Spanish | Castilian
et est ekk | Estonian
eu eus baq | Basque
fa fas per pes prs | Persian | Farsi
ff ful | Fulah
fi fin | Finnish
fj fij | Fijian
fo fao | Faroese
fr fra fre | French
fy fry | Western Frisian | Frisian
ga gle | Irish | Irish Gaelic
gd gla | Scottish Gaelic
gl glg | Galician
gn grn gug | Guarani
gu guj | Gujarati
gv glv | Manx
ha hau | Hausa
he heb iw | Hebrew
hi hin | Hindi
ho hmo | Hiri Motu
hr hrv | Croatian
ht hat | Haitian | Haitian Creole
hu hun | Hungarian
hy hye arm | Armenian
hz her | Herero
ia ina | Interlingua
id ind in | Indonesian
ie ile | Interlingue
ig ibo | Igbo
ii iii | Sichuan Yi
ik ipk | Inupiaq
io ido | Ido
is isl ice | Icelandic
it ita | Italian
iu iku | Inuktitut
ja jpn | Japanese
jv jav | Javanese
ka kat geo | Georgian
kg kon | Kongo
ki kik | Kikuyu
kj kua | Kuanyama
kk kaz | Kazakh
kl kal | Kalaallisut
km khm | Khmer
kn kan | Kannada
ko kor | Korean
kr kau | Kanuri
ks kas | Kashmiri
ku kur kmr | Kurdish
kv kom kpv | Komi
kw cor | Cornish
ky kir | Kirghiz | Kyrgyz
la lat | Latin
lb ltz | Luxembourgish
lg lug | Ganda
li lim | Limburgan
ln lin | Lingala
lo lao | Lao
lt lit | Lithuanian
lu lub | Luba-Katanga
lv lav lvs | Latvian
mg mlg plt | Malagasy
mh mah | Marshallese
mi mri mao | Maori
mk mkd mac | Macedonian
ml mal | Malayalam
mn mon khk | Mongolian
mr mar | Marathi
ms msa may zsm | Malay | Malay
mt mlt | Maltese
my mya bur | Burmese
na nau | Nauru
nd nde | North Ndebele
ne nep npi | Nepali
ng ndo | Ndonga
nl nld dut | Dutch | Flemish
nn nno | Norwegian Nynorsk
no nor nob nb | Norwegian | Bokmål
nr nbl | South Ndebele
nv nav | Navajo
ny nya | Nyanja
oc oci | Occitan
oj oji | Ojibwa
om orm gaz | Oromo
or ori ory | Oriya | Odia
os oss | Ossetian
pa pan | Panjabi | Punjabi
pi pli | Pali
pl pol | Polish
ps pus pbt | Pushto | Pashto
pt por | Portuguese
qu que quy | Quechua
rm roh | Romansh
rn run | Rundi
ro ron rum mo | Romanian
ru rus | Russian
rw kin | Kinyarwanda
sa san | Sanskrit
sc srd | Sardinian
sd snd | Sindhi
se sme | Northern Sami
sg sag | Sango
sh hbs | Serbo-Croatian
si sin | Sinhala | Sinhalese
sk slk slo | Slovak
sl slv | Slovenian
sm smo | Samoan
sn sna | Shona
so som | Somali
sq sqi alb | Albanian
sr srp | Serbian
ss ssw | Swati
st sot | Southern Sotho
su sun | Sundanese
sv swe | Swedish
sw swa swh | Swahili
ta tam | Tamil
te tel | Telugu
tg tgk | Tajik
th tha | Thai
ti tir | Tigrinya
tk tuk | Turkmen
tl tgl fil | Tagalog | Filipino
tn tsn | Tswana
to ton | Tonga
tr tur | Turkish
ts tso | Tsonga
tt tat | Tatar
tw twi | Twi
ty tah | Tahitian
ug uig | Uighur | Uyghur
uk ukr | Ukrainian
ur urd | Urdu
uz uzb uzn | Uzbek
ve ven | Venda
vi vie | Vietnamese
vo vol | Volapük
wa wln | Walloon
wo wol | Wolof
xh xho | Xhosa
yi yid ydd | Yiddish
yo yor | Yoruba
za zha | Zhuang
zh zho chi cmn | Chinese | Mandarin
zu zul | Zulu
"""
"""Code of two letters, other codes | English names."""


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    """Return the code of each other code, and of each English name, all in small letters."""
    codes: dict[str, str] = {}
    names: dict[str, str] = {}
    for line in TABLE.strip().splitlines():
        listed, *called = line.split(" | ")
        code = listed.split()[0]
        codes |= dict.fromkeys(listed.split(), code)
        names |= {name.lower(): code for name in called}
    return codes, names


@lru_cache(4096)
def human_language_named(value: str) -> str | None:
    """Return the code of the human language that a dump names; None where it names none that is known.

    Codes of three letters stand as they are where there is none of two.

    Examples
    --------
    >>> [human_language_named(one) for one in ("en", "eng_Latn", "zh-Hant", "English", "ceb")]
    ['en', 'en', 'zh', 'en', 'ceb']
    >>> [human_language_named(one) for one in ("Chinese (Simplified)", "Python", "und", "xx", "")]
    ['zh', None, None, None, None]
    """
    codes, names = _tables()
    word = re.sub(r"\s*\(.*\)", "", value).strip().lower()
    found = CODE.fullmatch(word)
    if word in names or found is None:
        return names.get(word)
    code = found[1]
    return codes.get(code) or (None if len(code) == 2 or code in NO_LANGUAGE else code)
