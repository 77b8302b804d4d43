"""The words the indicator listens for in written texts: French first, then English and German.

Written as regular expressions over folded text: lower case, no accents, every apostrophe a blank
(« j'ai » is `j ?ai`, so that « jai » is heard too). A proposal that needs a named clinical owner
and their approval, like the protocol it serves (`deploy/protocol/protocol-0.1.json`,
`attention_signal`); nothing here was taken from a validated instrument.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from contracts.vocabulary import Attention, RuleCode


@dataclass(frozen=True)
class Saying:
    """Words that ask for attention.

    A group named `no` in the words means they are denied, `past` that they are over: either makes
    it a watch, and so does what `tempered` names around them.
    """

    code: RuleCode
    level: Attention
    words: re.Pattern[str]
    tempered: bool = True  #: denied, long past or told of a film: a watch is enough


def pattern(words: str) -> re.Pattern[str]:
    """Compile words written for people: blanks stand for any, line ends for nothing."""
    written = "".join(line.strip(" ") if line.strip() else "" for line in words.splitlines())
    edge = "" if written.startswith("(?: ") else r"\b"
    return re.compile(rf"{edge}(?:{written})\b".replace(" ", r"\s"))


# --- what is said without being meant -------------------------------------------------------------

#: Taken out before anything is listened for.
SET_PHRASES = pattern(
    r"""
    mort(?:e|s|es)? (?:de|d) (?:rire|fatigue|faim|soif|froid|chaud|trouille|peur|honte|envie|ennui|
    sommeil|curiosite|stress|inquietude|jalousie)|
    (?:meurs|meurt|mourais|mourrais|mourir|creve|crever) (?:de|d) (?:rire|faim|soif|froid|chaud|
    envie|ennui|honte|curiosite|impatience|trouille)|
    (?:m|s|t|me|se|te) (?:en )?(?:meurs|meurt|creve) (?:de|d) \w+|
    (?:j en )?(?:suis|est|etais|etait|sommes) (?:encore |completement |trop )?morte? (?:lol|mdr|xd)|
    (?:je vais|j vais|jvais|j ai envie de|je vous|je) (?:te|vous) tuer(?:ai)?(?: toi)?|je te tue|
    (?:ca|cela|il|elle|ce truc) (?:me|m) tue de rire|tuer le temps|a se tuer de rire|
    (?:me|se|te) tuer? (?:a|au) (?:la tache|travail|travailler|boulot|bosser|vous le dire|
    te le dire|
    repeter|expliquer)|(?:me|se) tue (?:a|au) (?:la tache|travail|boulot|\w+er)|
    tue (?:par le|au) (?:boulot|travail)|
    c est (?:du|un) suicide (?:commercial|politique|professionnel|financier)|suicide (?:commercial|
    politique|professionnel)|mort(?:e)? dans l ame|la mort dans l ame|point mort|nature morte|
    temps morts?|poids mort|lettre morte|peine de mort|a mort (?:avec|le|la|les|du)|
    (?:t|l|les|vous) ?(?:aime|adore)s? a (?:la )?mort|plutot mourir que|mortel(?:le)? (?:ce|cette|
    la|
    le|soiree|ambiance)|trop mortel|ennui mortel|jeu(?:x)? de la mort|tete de mort|
    disparaitre (?:dans un trou|sous terre|de la circulation)|envie de disparaitre sous terre|
    (?:en|d en) finir avec (?:le|la|les|ce|cet|cette|ces|mon|mes|ma|toutes? ces|l) (?!vie)\w+|
    dying to \w+|to die for|kill(?:ing|s)? time|kill(?:ing|s)? me (?:softly|lol|haha|with laughter)|
    (?:bored|scared|tired|worried|frozen|laughed) to death|dead (?:tired|line|lines|end|serious)|
    deadlines?|i could (?:kill|die) for|die of (?:laughter|boredom|shame|embarrassment)|
    dying of (?:laughter|boredom|embarrassment)|i(?: a)?m dead lol|
    (?:i will|i ll|im gonna|i m gonna) kill you|
    (?:lach\w*|lachte) mich (?:fast )?tot|totgelacht|todmude|todlangweilig|sterbenslangweilig|
    todernst|todsicher|zum sterben (?:schon|langweilig)|toter punkt|mordshunger|ich bring dich um
    """
)

# --- what tempers ---------------------------------------------------------------------------------

#: Denial that stands right before the words it denies. "Je ne sais pas si", "je n'ose pas dire" and
#: "pourquoi pas" deny something else, and are not here.
DENIED_BEFORE = pattern(
    r"""
    (?:ai|as|a|avais|ait) (?:pas|jamais|aucune?|plus)(?: du tout| vraiment| l| d| une?)*|
    (?:suis|etais|est) (?:pas|jamais|plus)(?: du tout| vraiment| de ceux qui|quelqu un qui)*|
    (?:veux|vais|voudrais|compte|pense|songe|va|veut|envisage) (?:pas|jamais|plus)(?: du tout| a)*|
    (?:pas|aucune?|jamais|sans|ni|nullement)(?: l| une?| d| de| mon)*|loin de(?: moi)?(?: l)?|
    (?:do not|don t|dont|did not|didn t|never|not|no|without|wouldn t|won t|isn t|am not|m not)
    (?: going to| gonna| really| ever| have| having| want to| any| a)*|
    (?:nicht|kein|keine|keinen|nie|niemals|ohne)(?: mehr)?
    """
)
#: Denial that stands behind the words, as German may put it.
DENIED_AFTER = pattern(
    r"(?: \S+)? (?:habe|hatte|will|mochte|have) (?:ich|i) (?:nicht|keine|none|not)"
)
#: Time that has long passed; a marker of the present beside it takes that back.
LONG_AGO = pattern(
    r"""
    il y a (?:longtemps|des annees|quelques annees|\w+ (?:ans?|annees?|mois)|plus de \w+ ans)|
    a l epoque|autrefois|jadis|dans le passe|(?:quand|lorsque) j (?:etais|avais)|plus jeune|
    (?:en|depuis) (?:19|20)\d\d|l an(?:nee)? (?:dernier|derniere|passe|passee)|dans ma jeunesse|
    (?:years|months) ago|back then|when i was|in the past|in (?:19|20)\d\d|last year|
    vor (?:\w+ )?(?:jahren|monaten|langer zeit)|fruher|damals|letztes jahr
    """
)
STILL_SO = pattern(
    r"""
    encore|toujours|maintenant|aujourd hui(?!\W+ca va)|ce soir|ce matin|cette nuit|hier|revient|
    reviennent|
    recommence|a nouveau|de nouveau|en ce moment|ces temps ci|again|still|now|today|tonight|
    yesterday|immer noch|wieder|jetzt|heute|gestern
    """
)
#: What is told was read, seen or played.
TOLD = pattern(
    r"""
    (?:dans|de|du|d un|d une|le|la|ce|cette|un|une) (?:film|livre|roman|serie|chanson|piece|jeu|
    podcast|episode|personnage|documentaire|reportage|article)|in (?:a|the) (?:film|movie|book|song|
    series|game)|(?:im|in einem|ein|eine|das|den) (?:film|buch|roman|lied|serie|spiel)
    """
)

# --- the hour, and who is near --------------------------------------------------------------------

SOON = (
    r"(?:ce soir|cette nuit|maintenant|tout de suite|demain|aujourd hui|"
    r"dans \w+ (?:heures?|minutes?))"
)
#: A wish that has its hour is no longer a wish only.
ITS_HOUR = pattern(
    rf"""
    {SOON}|tout est pret|tonight|right now|today|tomorrow|heute (?:nacht|abend)?|jetzt|
    morgen frueh
    """
)
#: Somebody who cannot speak, and another who is near: heard together they are a danger that is on.
CANNOT_SPEAK = pattern(
    r"""
    (?:peux|puis|ose|dois) (?:pas|plus) (?:te |vous )?(?:parler|telephoner|appeler|faire de bruit)|
    (?:can t|cant|cannot) (?:talk|speak|call|make a noise)|kann nicht (?:sprechen|reden|
    telefonieren)
    """
)
SOMEBODY_NEAR = pattern(
    r"""
    (?:il|elle|mon mari|mon pere|mon ex|mon copain|mon conjoint|ma mere) (?:est|vient de|va) (?:la|
    rentrer?|revenue?|revenir|
    entree?|a cote|derriere|dans la|en bas)|(?:il|elle) (?:arrive|crie|hurle|m entend|ecoute|
    frappe|tape)|
    (?:he|she) (?:is|s) (?:here|back|home|outside|shouting|coming)|er ist (?:da|zuruck|hier|
    zu hause)
    """
)
